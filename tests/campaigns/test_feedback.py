"""What customers made of the products in their emails is counted, and counted once."""

from datetime import datetime, timedelta

import pytest

from campaigns.feedback import count_feedback
from campaigns.models import MessageEvent, MessageProduct, TrackedLink
from campaigns.sending import send_due
from delivery.preview import PreviewTransport
from recommendations.engine import read_passed
from recommendations.models import CustomerResponse, ProductResponse
from shop.models import Product
from tests.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shown(now: datetime, transport: PreviewTransport, neighbours: None) -> MessageProduct:
    Product.objects.filter(title="Cups").update(url="https://shop.example/cups")
    send_due(now, transport)
    return MessageProduct.objects.get()


def click(shown: MessageProduct, now: datetime, *, is_machine: bool = False) -> None:
    link, _ = TrackedLink.objects.get_or_create(
        key=b"12345678", defaults={"url": "https://shop.example/cups"}
    )
    MessageEvent.objects.create(
        message=shown.message, kind="clicked", provider="own", natural_key=f"{is_machine}{now}", link=link,
        is_machine=is_machine, occurred_at=now, received_at=now,
    )  # fmt: skip


def test_a_product_keeps_why_it_was_shown_in_the_customers_words(shown: MessageProduct) -> None:
    assert shown.reason == "Often bought with Kettle"
    assert (shown.trace["slot"], shown.trace["place"]) == ("complement", shown.message.step.campaign.key)
    passed = read_passed(shown.trace, scorer=shown.scorer)
    assert "out_of_stock" in passed
    assert "low_score" in passed
    assert "low_score" not in read_passed(shown.trace, scorer="hand")  # a person decided that it goes with it


def test_shown_clicked_and_bought_are_counted_once(now: datetime, shown: MessageProduct) -> None:
    assert count_feedback(now) == 0  # not settled yet
    click(shown, now + timedelta(minutes=5))
    click(shown, now + timedelta(minutes=6), is_machine=True)
    make_order(shown.message.customer, lines=[shown.product], placed_at=now + timedelta(days=1))
    later = now + timedelta(days=2)
    assert count_feedback(later) == 3
    assert count_feedback(later) == 0
    row = ProductResponse.objects.filter(product=shown.product)
    assert [sum(row.values_list(name, flat=True)) for name in ("shown", "clicked", "bought")] == [1, 1, 1]
    assert CustomerResponse.objects.get().ignored == 0


def test_what_nobody_clicked_counts_as_ignored(now: datetime, shown: MessageProduct) -> None:
    count_feedback(now + timedelta(days=2))
    response = CustomerResponse.objects.get()
    assert (response.customer, response.ignored) == (shown.message.customer, 1)
