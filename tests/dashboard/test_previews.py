"""Looking at a template: with whose data, in which language, and without leaving a trace."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import (
    CompiledEmail,
    EmailTemplate,
    Message,
    ProofEmail,
    RenderedMessage,
    SendBatch,
    TemplateVersion,
)
from campaigns.preparation import prepare_batch
from campaigns.previews import Choice, gather_context
from campaigns.transports import build_current_transport
from dashboard.looks import dress
from experiments.models import Assignment, Variant
from tests.dashboard.sent import NEWEST, SmallShop
from tests.factories import make_order
from tests.queries import count_statements

SOURCE = """<mjml><mj-head><mj-attributes><mj-all font-family="Arial, sans-serif"/></mj-attributes></mj-head>
<mj-body><mj-section><mj-column><mj-text>[[ t.hello ]] {{ customer.first_name }}
<a href="{{ links.unsubscribe }}">[[ t.leave ]]</a></mj-text></mj-column></mj-section></mj-body></mjml>"""
TEXTS = {
    "en": {"subject": "Hello", "preheader": "News", "hello": "Dear", "leave": "Leave"},
    "fa": {"subject": "سلام", "preheader": "تازه‌ها", "hello": "درود"},
}


def look(client: Client, name: str = "template", key: str = "abandoned_cart", **asked: Any) -> str:
    response = client.get(
        reverse(f"dashboard:{name}", args=[key]), {word: str(value) for word, value in asked.items()}
    )
    assert response.status_code == 200
    return response.content.decode()


def publish_another(key: str = "abandoned_cart") -> TemplateVersion:
    template = EmailTemplate.objects.get(key=key)
    return TemplateVersion.objects.create(
        template=template, number=2, source=SOURCE, texts=TEXTS, digest="e", published_at=NEWEST
    )


def test_an_email_is_shown_as_a_customer_would_get_it(signed_in: Client, small_shop: SmallShop) -> None:
    sara = small_shop.customers["fa"]
    html = look(signed_in, "template_mail", customer=sara.uuid, language="fa")
    assert "سلام" in html
    assert "سارا" in html
    assert 'dir="rtl"' in html


def test_what_is_shown_is_made_as_what_is_sent(small_shop: SmallShop) -> None:
    olivia = small_shop.customers["en"]
    step = small_shop.campaigns["order_confirmation"].steps.get()
    order = olivia.orders.latest("placed_at")
    batch = SendBatch.objects.create(campaign=step.campaign, due_at=NEWEST)
    Message.objects.create(
        step=step, customer=olivia, order=order, cart=olivia.carts.order_by("-updated_at").first(),
        occurrence="again", queued_at=NEWEST, due_at=NEWEST, batch=batch,
    )  # fmt: skip
    [sent] = prepare_batch(batch, build_current_transport(), NEWEST)
    assert sent.rendered is not None
    version = TemplateVersion.objects.get(pk=sent.rendered.version_id)
    shown = gather_context(Choice(version, "en"), olivia, NEWEST)
    assert {**shown, "links": 0} == {**sent.rendered.context, "links": 0}
    assert shown["links"].keys() == sent.rendered.context["links"].keys()


def test_looking_leaves_no_trace(signed_in: Client, small_shop: SmallShop) -> None:
    kinds = (Message, RenderedMessage, Assignment, CompiledEmail, TemplateVersion)
    before = [kind.objects.count() for kind in kinds]
    for name in ("template", "template_mail"):
        look(signed_in, name, customer=small_shop.customers["en"].uuid)
    assert [kind.objects.count() for kind in kinds] == before


def test_nobody_is_unsubscribed_by_a_curious_click(signed_in: Client, small_shop: SmallShop) -> None:
    publish_another()
    html = look(signed_in, "template_mail", customer=small_shop.customers["en"].uuid, language="en")
    assert 'href="https://shop.example#unsubscribe"' in html.replace("example/#", "example#")
    assert "/unsubscribe/" not in html


def test_a_variant_is_shown_with_its_words(signed_in: Client, small_shop: SmallShop) -> None:
    variant = Variant.objects.filter(experiment=small_shop.experiment).latest("pk")
    variant.changes = {"texts": {"en": {"subject": "Warm words", "hello": "Dearest"}}}
    variant.save()
    asked = {"customer": str(small_shop.customers["en"].uuid), "language": "en"}
    assert "Dearest" in look(signed_in, "template_mail", variant=variant.pk, **asked)
    assert "Dearest" not in look(signed_in, "template_mail", **asked)
    assert "Warm words" in look(signed_in, variant=variant.pk, **asked)


def test_what_a_language_lacks_is_marked_with_what_is_shown_instead(
    signed_in: Client, small_shop: SmallShop
) -> None:
    publish_another()
    html = look(signed_in, customer=small_shop.customers["en"].uuid, language="fa")
    assert "missing: 1" in html
    assert "shown in English" in html
    assert "shown in English" not in look(signed_in, customer=small_shop.customers["en"].uuid, language="en")


def test_the_findings_of_the_checks_stand_beside_the_email(signed_in: Client, small_shop: SmallShop) -> None:
    html = look(signed_in, customer=small_shop.customers["en"].uuid, language="en")
    assert "no way to unsubscribe" in html
    assert "To be mended" in html


def test_an_email_that_cannot_be_made_says_why(signed_in: Client, small_shop: SmallShop) -> None:
    version = publish_another()
    version.source = SOURCE.replace("customer.first_name", "customer.shoe_size")
    version.save()
    html = look(signed_in, customer=small_shop.customers["en"].uuid, language="en")
    assert "“shoe_size” is not there" in html
    assert "<iframe" not in html


def test_the_frame_of_a_preview_allows_nothing(signed_in: Client, small_shop: SmallShop) -> None:
    url = reverse("dashboard:template_mail", args=["abandoned_cart"])
    asked = {"customer": str(small_shop.customers["en"].uuid)}
    policy = signed_in.get(url, asked).headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:")
    bare = signed_in.get(url, asked | {"look": "bare"}).headers["Content-Security-Policy"]
    assert "img-src 'none'" in bare
    assert "srcdoc" not in look(signed_in, **asked)


def test_customers_are_searched_without_their_address_in_any_url(
    signed_in: Client, small_shop: SmallShop
) -> None:
    url = reverse("dashboard:template_customers", args=["abandoned_cart"])
    html = signed_in.post(url, {"q": "buyer0@mail.example"}).content.decode()
    assert "Olivia Bennett" in html
    assert f"customer={small_shop.customers['en'].uuid}" in html
    assert "mail.example" not in html
    assert signed_in.get(url, {"q": "buyer0@mail.example"}).status_code == 405
    assert "No customer fits." in signed_in.post(url, {"q": "nobody"}).content.decode()


@pytest.mark.parametrize("customer", ["not-a-uuid", "00000000-0000-0000-0000-000000000000"])
def test_a_customer_there_is_not_is_not_found(
    signed_in: Client, small_shop: SmallShop, customer: str
) -> None:
    url = reverse("dashboard:template", args=["abandoned_cart"])
    assert signed_in.get(url, {"customer": customer}).status_code == 404


def test_a_long_history_costs_no_more_queries(signed_in: Client, small_shop: SmallShop) -> None:
    olivia = small_shop.customers["en"]
    look(signed_in, customer=olivia.uuid)
    with count_statements() as few:
        look(signed_in, customer=olivia.uuid)
    for number in range(6):
        make_order(
            olivia,
            lines=small_shop.products[:4],
            external_id=f"L-{number}",
            placed_at=NEWEST + timedelta(days=number),
        )
    with count_statements() as many:
        look(signed_in, customer=olivia.uuid)
    assert len(many) <= len(few) + 2  # an order with more lines may ask for what goes with them
    assert len(few) <= 50


def test_dark_and_light_do_not_depend_on_the_system_of_who_looks() -> None:
    html = "<head><style>@media (prefers-color-scheme: dark) { p { color: #fff } }</style></head>"
    assert "@media all {" in dress(html, "dark")
    assert "@media not all {" in dress(html, "light")
    assert "invert(1)" in dress(html, "forced")


def send_proof(client: Client, **asked: str) -> str:
    address = reverse("dashboard:template_proof", args=["abandoned_cart"])
    return client.post(address, asked, follow=True).content.decode()


def test_a_proof_of_what_is_shown_goes_to_whoever_looks_at_it(
    signed_in: Client, small_shop: SmallShop
) -> None:
    User.objects.update(email="mina@shop.example")
    page = send_proof(signed_in, language="fa", recipient="stranger@other.example")
    proof = ProofEmail.objects.get()
    assert (proof.recipient, proof.language) == ("mina@shop.example", "fa")
    assert "A proof is on its way to mina@shop.example." in page
    assert Message.objects.filter(customer__email="mina@shop.example").count() == 0


def test_a_proof_asks_for_an_address_and_for_the_right_to_send_it(
    signed_in: Client, small_shop: SmallShop, client: Client
) -> None:
    assert "Your login has no email address." in send_proof(signed_in)
    client.force_login(User.objects.create_user("onlooker", email="on@shop.example", is_staff=True))
    assert client.post(reverse("dashboard:template_proof", args=["abandoned_cart"])).status_code == 403
    assert "Send a proof to me" not in look(client)
    assert not ProofEmail.objects.exists()
