"""What the pages do beyond opening."""

import re
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from campaigns.admin import StepForm
from campaigns.models import Campaign, EmailTemplate, PreviewMail
from experiments.models import Experiment
from tests.dashboard.sent import SmallShop
from tests.dashboard.test_pages import address
from triggers.models import Trigger

pytestmark = pytest.mark.django_db


def search(client: Client, name: str, query: str, **fields: str) -> str:
    return client.post(reverse(f"dashboard:{name}"), {"q": query, **fields}).content.decode()


def read(client: Client, name: str, *args: object, **query: str) -> str:
    return client.get(reverse(f"dashboard:{name}", args=args), query).content.decode()


@pytest.mark.parametrize(
    ("query", "found"),
    [("C-1001", 2), ("buyer2@mail.example", 2), ("BUYER2@mail.example", 2), ("O-503", 1), ("Ваш заказ", 2)],
)
def test_messages_are_found_by_customer_address_order_and_subject(
    query: str, found: int, signed_in: Client, small_shop: SmallShop
) -> None:
    assert search(signed_in, "messages", query).count("<tr>") == found + 1  # and the head


def test_filters_work_together(signed_in: Client, small_shop: SmallShop) -> None:
    html = read(signed_in, "messages", campaign="abandoned-cart", status="skipped", reason="withdrawn")
    assert "Анна Орлова" in html
    assert "سارا احمدی" not in html


def test_nonsense_in_a_filter_is_ignored(signed_in: Client, small_shop: SmallShop) -> None:
    assert "Olivia Bennett" in read(signed_in, "messages", campaign="nothing", status="x", page="-4")


def test_htmx_gets_only_the_rows(signed_in: Client, small_shop: SmallShop) -> None:
    response = signed_in.get(reverse("dashboard:messages"), headers={"HX-Request": "true"})
    assert "<html" not in response.content.decode()


def test_an_email_is_rendered_again_and_shut_off_from_the_page_around_it(
    signed_in: Client, small_shop: SmallShop
) -> None:
    message = small_shop.messages["cart fa"]
    response = signed_in.get(reverse("dashboard:message_mail", args=[message.pk]))
    assert "سلام" in response.content.decode()
    assert "سارا" in response.content.decode()
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-popups")
    assert "http://127.0.0.1:8000" in policy, "the pictures of the sample shop are its own"
    assert response.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "script-src" not in policy


def test_an_email_is_rendered_as_its_arm_had_it(signed_in: Client, small_shop: SmallShop) -> None:
    message = small_shop.messages["cart fa"]
    changes = {"texts": {"fa": {"hello": "درود"}}}
    Experiment.objects.get().variants.filter(key="warm").update(changes=changes)
    response = signed_in.get(reverse("dashboard:message_mail", args=[message.pk]))
    assert "درود" in response.content.decode()


def test_a_message_tells_its_headers_and_its_products(signed_in: Client, small_shop: SmallShop) -> None:
    html = read(signed_in, "message", small_shop.messages["cart en"].pk, view="headers")
    assert "List-Unsubscribe-Post" in html
    assert "Bought together with Enamel teapot, cream in 64 orders." in html


def test_looking_at_the_preview_inbox_opens_nothing(signed_in: Client, small_shop: SmallShop) -> None:
    html = read(signed_in, "preview_mail", small_shop.preview.pk)
    assert "سلام سارا" in html
    assert "/o/token" not in html


def test_a_damaged_preview_says_so(signed_in: Client, small_shop: SmallShop) -> None:
    PreviewMail.objects.update(mime=b"not zlib")
    assert 'role="alert"' in read(signed_in, "preview", small_shop.preview.pk)


def test_a_campaign_is_paused_and_resumed(signed_in: Client, small_shop: SmallShop) -> None:
    url = reverse("dashboard:campaign_status", args=["abandoned-cart"])
    for status in ("paused", "live"):
        signed_in.post(url, {"status": status})
        assert Campaign.objects.get(key="abandoned-cart").status == status


def test_looking_at_the_pause_address_changes_nothing(signed_in: Client, small_shop: SmallShop) -> None:
    assert signed_in.get(reverse("dashboard:campaign_status", args=["abandoned-cart"])).status_code == 405


def test_a_trigger_is_edited_through_the_form_of_its_kind(signed_in: Client, small_shop: SmallShop) -> None:
    data = {"name": "Left cart", "status": "paused", "reentry": "once", "reentry_days": "0"}
    url = reverse("dashboard:trigger", args=["abandoned-cart"])
    signed_in.post(url, data | {"settings-delay_minutes": "60"})
    trigger = Trigger.objects.get(key="abandoned-cart")
    assert (trigger.name, trigger.status, trigger.settings) == ("Left cart", "paused", {"delay_minutes": 60})


def test_a_wrong_setting_is_refused_and_nothing_is_saved(signed_in: Client, small_shop: SmallShop) -> None:
    data = {"name": "Left cart", "status": "active", "reentry": "once", "reentry_days": "0"}
    url = reverse("dashboard:trigger", args=["abandoned-cart"])
    html = signed_in.post(url, data | {"settings-delay_minutes": "1"}).content.decode()
    assert 'role="alert"' in html
    assert Trigger.objects.get(key="abandoned-cart").name == "Abandoned cart"


@pytest.mark.parametrize("days", ["3651", "5000000", "-1"])
def test_days_beyond_ten_years_are_refused(signed_in: Client, small_shop: SmallShop, days: str) -> None:
    data = {"name": "Left cart", "status": "active", "reentry": "after_days", "reentry_days": days}
    url = reverse("dashboard:trigger", args=["abandoned-cart"])
    html = signed_in.post(url, data | {"settings-delay_minutes": "60"}).content.decode()
    assert 'role="alert"' in html
    assert Trigger.objects.get(key="abandoned-cart").reentry_days == 0


BROKEN: list[tuple[dict[str, Any], str]] = [
    (
        {"settings": {"delay_minutes": 5}},
        "Wait, in minutes: Ensure this value is greater than or equal to 15.",
    ),
    ({"settings": {"delay_minutes": "soon"}}, "Wait, in minutes: Enter a whole number."),
    ({"settings": [1]}, "so nobody enters until they are mended"),
    ({"settings": "240"}, "so nobody enters until they are mended"),
    ({"kind": "long_gone"}, "The kind “long_gone” is not installed, so nobody enters."),
]


@pytest.mark.parametrize(("stored", "words"), BROKEN)
@pytest.mark.parametrize("name", ["campaigns", "campaign", "trigger"])
def test_a_trigger_that_can_not_work_says_so_where_one_would_mend_it(
    signed_in: Client, small_shop: SmallShop, name: str, stored: dict[str, Any], words: str
) -> None:
    Trigger.objects.filter(key="abandoned-cart").update(**stored)
    response = signed_in.get(address(name, small_shop))
    assert response.status_code == 200
    assert words in response.content.decode()


@pytest.mark.parametrize("stored", [stored for stored, _words in BROKEN])
def test_a_customer_page_opens_beside_a_trigger_that_can_not_work(
    signed_in: Client, small_shop: SmallShop, stored: dict[str, Any]
) -> None:
    Trigger.objects.filter(key="abandoned-cart").update(**stored)
    customer = small_shop.customers["ru"]
    assert "No." in read(signed_in, "customer", customer.uuid, campaign="abandoned-cart")


def test_wrong_settings_are_mended_on_the_page(signed_in: Client, small_shop: SmallShop) -> None:
    Trigger.objects.filter(key="abandoned-cart").update(settings=[1])
    data = {"name": "Left cart", "status": "active", "reentry": "always", "reentry_days": "0"}
    url = reverse("dashboard:trigger", args=["abandoned-cart"])
    signed_in.post(url, data | {"settings-delay_minutes": "60"})
    assert Trigger.objects.get(key="abandoned-cart").settings == {"delay_minutes": 60}


def test_a_trigger_of_a_kind_that_is_gone_is_paused_and_keeps_its_settings(
    signed_in: Client, small_shop: SmallShop
) -> None:
    Trigger.objects.filter(key="abandoned-cart").update(kind="long_gone")
    data = {"name": "Left cart", "status": "paused", "reentry": "always", "reentry_days": "0"}
    signed_in.post(reverse("dashboard:trigger", args=["abandoned-cart"]), data)
    trigger = Trigger.objects.get(key="abandoned-cart")
    assert (trigger.status, trigger.settings) == ("paused", {"delay_minutes": 240})


def test_a_step_that_would_wait_for_years_is_refused_in_the_back_office() -> None:
    wait = StepForm.base_fields["delay_hours"]
    assert wait.clean("8760") == 8760
    with pytest.raises(ValidationError):
        wait.clean("8761")


def test_a_customer_page_answers_for_the_campaign_asked_for(signed_in: Client, small_shop: SmallShop) -> None:
    customer = small_shop.customers["ru"]
    html = read(signed_in, "customer", customer.uuid, campaign="abandoned-cart")
    assert "No. The customer has said no to marketing mail." in html


@pytest.mark.parametrize(("language", "hello"), [("ru", "Здравствуйте"), ("ar", "مرحبًا")])
def test_a_template_is_shown_in_any_language_with_its_sample(
    language: str, hello: str, signed_in: Client, small_shop: SmallShop
) -> None:
    assert hello in read(signed_in, "template_mail", "order_confirmation", language=language)


def test_a_template_nobody_published_is_not_found(signed_in: Client, small_shop: SmallShop) -> None:
    EmailTemplate.objects.create(key="draft", name="Draft")
    assert signed_in.get(reverse("dashboard:template", args=["draft"])).status_code == 404


def test_recommendations_say_what_is_shown_and_why_others_are_not(
    signed_in: Client, small_shop: SmallShop
) -> None:
    small_shop.products[1].stock = 0
    small_shop.products[1].save()
    html = read(signed_in, "recommendations", product="P-0")
    assert "Oak tray" in html
    assert "It is out of stock." in html


def test_an_experiment_names_no_winner(signed_in: Client, small_shop: SmallShop) -> None:
    html = read(signed_in, "experiment", "warm-subject")
    assert "Still collecting: people count 7 days after they entered." in html
    assert "winner" not in html.lower()


def test_the_back_office_opens_for_engineers(admin_client: Client, small_shop: SmallShop) -> None:
    for name in ("campaigns_message", "campaigns_sendbatch", "triggers_trigger", "triggers_enrolment"):
        assert admin_client.get(reverse(f"admin:{name}_changelist")).status_code == 200


def test_rows_the_engine_appends_cannot_be_written_in_the_back_office(
    admin_client: Client, small_shop: SmallShop
) -> None:
    assert admin_client.get(reverse("admin:campaigns_messageoutcome_add")).status_code == 403


@pytest.mark.parametrize("query", ["C-1002", "1002", "O-503"])
def test_a_customer_is_found_by_id_its_end_or_an_order(
    query: str, signed_in: Client, small_shop: SmallShop
) -> None:
    assert search(signed_in, "customers", query).count("<tr>") == 2  # one, and the head
    assert search(signed_in, "customers", "no such thing").count("<tr>") < 2


@pytest.mark.parametrize("name", ["customers", "messages", "inbox"])
def test_what_is_typed_into_a_search_stands_in_no_url(
    name: str, signed_in: Client, small_shop: SmallShop
) -> None:
    """Else every server on the way writes the address into its log; a URL that holds one finds nothing."""
    html = search(signed_in, name, "nobody@other.example")
    assert 'method="get"' not in html
    assert not re.search(r"[?&]q=", html)
    assert html.count("<tr>") == 0
    asked_by_url, everything = read(signed_in, name, q="nobody@other.example"), read(signed_in, name)
    assert asked_by_url.count("<tr>") == everything.count("<tr>") > 1


def test_the_next_page_of_a_search_is_of_the_same_search(
    signed_in: Client, small_shop: SmallShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.paging.SIZE", 1)
    first = search(signed_in, "messages", "C-1001", status="")
    assert 'name="page" value="2"' in first
    second = search(signed_in, "messages", "C-1001", status="", page="2")
    rows = [re.findall(r"/messages/[0-9a-f-]{36}/", html) for html in (first, second)]
    assert [len(found) for found in rows] == [1, 1]
    assert rows[0] != rows[1]
    assert 'name="page" value="3"' not in second


def test_an_experiment_without_a_holdout_shows_no_arm_of_nobody(
    signed_in: Client, small_shop: SmallShop
) -> None:
    plain = Experiment.objects.create(key="plain", name="Plain", salt="s", holdout_share=0)
    plain.variants.create(key="a", name="A", is_control=True)
    assert "Held out" not in read(signed_in, "experiment", plain.key)
    assert "Held out" in read(signed_in, "experiment", small_shop.experiment.key)
