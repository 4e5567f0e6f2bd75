"""What an email shows is what the shop still sells, at its price of that moment: through the real engine."""

import email
import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from email import policy
from typing import Any

import pytest

from campaigns.email_files import read_directory, templates_root
from campaigns.models import Message, MessageOutcome, MessageProduct, PreviewMail
from campaigns.outbox import Draft, gather_due, queue_messages
from campaigns.preparation import prepare_batch
from campaigns.sending import commit_intent, lease_batch, send_due
from campaigns.templates_store import publish_directory
from delivery.preview import PreviewTransport
from recommendations.building import rebuild_neighbours
from recommendations.models import Bundle
from shop.models import Product
from tests.campaigns.conftest import agree
from tests.factories import make_customer, make_order, make_product
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db
WILLING = "willing@buyer.example"


def read_mail(recipient: str = WILLING) -> str:
    """The only email that this recipient got."""
    [mail] = PreviewMail.objects.filter(recipient=recipient)
    parsed = email.message_from_bytes(zlib.decompress(mail.mime), policy=policy.default)
    body = parsed.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def change_between_choice_and_send(now: datetime, transport: PreviewTransport, **change: Any) -> None:
    """Changes the cups after they were chosen and rendered, before the intent to send is committed."""
    batch = lease_batch(now, transport.name)
    assert batch
    prepared = prepare_batch(batch, transport, now)
    assert [pick.product.title for item in prepared for pick in item.picks] == ["Cups"]
    Product.objects.filter(title="Cups").update(**change)
    leaving = commit_intent(batch, prepared, now, route=transport.name)
    assert leaving is not None
    assert WILLING not in {item.message.customer.email for item in leaving}
    outcome = MessageOutcome.objects.get(message__customer__email=WILLING)
    assert (outcome.kind, outcome.reason) == ("deferred", "facts_changed")
    gather_due(now)
    send_due(now, transport)


def test_a_price_that_changed_after_the_choice_is_the_one_the_email_shows(
    now: datetime, transport: PreviewTransport, neighbours: None
) -> None:
    change_between_choice_and_send(now, transport, price=Decimal("12.34"))
    mail = read_mail()
    assert "Cups" in mail
    assert "12.34" in mail
    assert MessageProduct.objects.get().product.title == "Cups"


@pytest.mark.parametrize("change", [{"stock": 0}, {"status": "hidden"}, {"price": None}])
def test_what_can_no_longer_be_bought_is_left_out_and_the_reason_is_kept(
    change: dict[str, Any], now: datetime, transport: PreviewTransport, neighbours: None
) -> None:
    change_between_choice_and_send(now, transport, **change)
    mail = read_mail()
    assert "Kettle" in mail
    assert "Cups" not in mail
    assert not MessageProduct.objects.exists()


@pytest.fixture
def bundled(now: datetime) -> Bundle:
    """Kettle and cups, 10.00 each, sold together for 16.50; a buyer of a kettle is written to about it."""
    publish_directory(read_directory(templates_root() / "bundle_offer"), now)
    kettle, cups = (
        make_product(title=title, product_type=title, url="https://shop.example/p")
        for title in ("Kettle", "Cups")
    )
    for _ in range(12):
        make_order(None, lines=[kettle, cups], placed_at=now - timedelta(days=20))
    rebuild_neighbours(now)
    customer = make_customer(email=WILLING)
    agree(customer, now - timedelta(days=1))
    order = make_order(customer, lines=[kettle], placed_at=now)
    step = make_campaign(marketing=True, template="bundle_offer").steps.get()
    step.shows_bundle = True
    step.save()
    queue_messages([Draft(step, customer.pk, f"order:{order.pk}", order_id=order.pk)], now)
    bundle = Bundle.objects.create(external_id="b1", price=Decimal("16.50"), currency="GBP")
    bundle.products.set([kettle, cups])
    return bundle


def test_an_email_names_the_true_saving_of_a_bundle(
    now: datetime, transport: PreviewTransport, bundled: Bundle
) -> None:
    send_due(now, transport)
    mail = read_mail()
    assert "£16.50" in mail
    assert "£20.00" in mail
    assert "£3.50" in mail


def test_a_bundle_that_is_no_cheaper_names_no_saving(
    now: datetime, transport: PreviewTransport, bundled: Bundle
) -> None:
    Bundle.objects.update(price=Decimal("20.00"))
    send_due(now, transport)
    mail = read_mail()
    assert "£20.00" in mail
    assert "You save" not in mail


def test_a_saving_follows_the_price_of_a_part_that_changed_after_the_choice(
    now: datetime, transport: PreviewTransport, bundled: Bundle
) -> None:
    batch = lease_batch(now, transport.name)
    assert batch
    prepared = prepare_batch(batch, transport, now)
    assert prepared[0].bundle
    Product.objects.filter(title="Cups").update(price=Decimal("9.00"))
    assert commit_intent(batch, prepared, now, route=transport.name) == []
    gather_due(now)
    send_due(now, transport)
    assert Message.objects.count() == 1
    assert "£2.50" in read_mail()


@pytest.mark.parametrize("change", [{"price": Decimal("18.00")}, {"ends_on": "2020-01-01"}])
def test_a_bundle_whose_own_price_or_days_changed_after_the_choice_is_put_together_anew(
    change: dict[str, Any], now: datetime, transport: PreviewTransport, bundled: Bundle
) -> None:
    batch = lease_batch(now, transport.name)
    assert batch
    prepared = prepare_batch(batch, transport, now)
    Bundle.objects.update(**change)
    assert commit_intent(batch, prepared, now, route=transport.name) == []
    gather_due(now)
    send_due(now, transport)
    assert "£16.50" not in read_mail()
