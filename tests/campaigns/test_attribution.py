"""Which order is credited to which click."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from campaigns.attribution import attribute_orders
from campaigns.models import Message, MessageEvent
from shop.models import Customer, Order, Refund
from tests.factories import make_customer, make_order, make_product
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db
_numbers = count(1)


def make_message(customer: Customer, at: datetime, order: Order | None = None) -> Message:
    step = make_campaign(marketing=True).steps.get()
    return Message.objects.create(
        step=step,
        customer=customer,
        occurrence=f"test:{next(_numbers)}",
        order=order,
        queued_at=at,
        due_at=at,
    )


def click(message: Message, at: datetime, *, is_machine: bool = False, kind: str = "clicked") -> MessageEvent:
    return MessageEvent.objects.create(
        message=message,
        kind=kind,
        provider="own",
        natural_key=str(next(_numbers)),
        is_machine=is_machine,
        occurred_at=at,
        received_at=at,
    )


def place_order(customer: Customer, at: datetime) -> Order:
    return make_order(customer, lines=[make_product(price=Decimal(40))], placed_at=at)


def attribute(now: datetime) -> list[tuple[int, Decimal]]:
    found = attribute_orders(now - timedelta(days=30), now + timedelta(days=30), days=5)
    return [(a.order_id, a.amount) for a in found]


def test_an_order_is_credited_to_the_last_human_click_before_it(now: datetime) -> None:
    customer = make_customer()
    first, second = make_message(customer, now), make_message(customer, now)
    click(first, now + timedelta(hours=1))
    click(second, now + timedelta(hours=2))
    order = place_order(customer, now + timedelta(hours=3))
    [found] = attribute_orders(now, now + timedelta(days=1), days=5)
    assert (found.order_id, found.message_id, found.amount) == (order.pk, second.id, Decimal(40))


@pytest.mark.parametrize(
    ("days_before", "is_machine", "kind"),
    [(6, False, "clicked"), (1, True, "clicked"), (1, False, "opened"), (-1, False, "clicked")],
    ids=["too long ago", "a scanner's", "only opened", "after the order"],
)
def test_other_clicks_earn_no_credit(now: datetime, days_before: int, is_machine: bool, kind: str) -> None:
    customer = make_customer()
    click(make_message(customer, now), now - timedelta(days=days_before), is_machine=is_machine, kind=kind)
    place_order(customer, now)
    assert attribute(now) == []


def test_a_click_in_its_own_confirmation_does_not_earn_the_order(now: datetime) -> None:
    customer = make_customer()
    order = place_order(customer, now + timedelta(minutes=1))
    click(make_message(customer, now, order=order), now)
    assert attribute(now) == []


def test_a_refund_is_taken_off(now: datetime) -> None:
    customer = make_customer()
    click(make_message(customer, now), now - timedelta(hours=1))
    order = place_order(customer, now)
    Refund.objects.create(
        external_id="r1", order=order, amount=Decimal(15), currency="GBP", refunded_at=now + timedelta(days=2)
    )
    assert attribute(now) == [(order.pk, Decimal(25))]


def test_a_refund_in_another_currency_is_not_taken_off(now: datetime) -> None:
    customer = make_customer()
    click(make_message(customer, now), now - timedelta(hours=1))
    order = place_order(customer, now)
    for number, (amount, currency) in enumerate([(500, "RUB"), (5, "GBP")]):
        Refund.objects.create(
            external_id=f"r{number}", order=order, amount=amount, currency=currency, refunded_at=now
        )
    assert attribute(now) == [(order.pk, Decimal(35))]


def test_a_cancelled_order_earns_nothing(now: datetime) -> None:
    customer = make_customer()
    click(make_message(customer, now), now - timedelta(hours=1))
    order = place_order(customer, now)
    Order.objects.filter(pk=order.pk).update(cancelled_at=now)
    assert attribute(now) == []
