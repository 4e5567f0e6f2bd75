"""What a template gets to see of a message, its products and the shop."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.conf import LazySettings

from campaigns.context import build_context, describe_shop
from campaigns.lines import read_lines
from campaigns.models import Message
from campaigns.told import read_events
from recommendations.catalogue import Price
from recommendations.engine import Pick
from recommendations.models import Kind
from tests.factories import make_customer, make_event, make_order, make_product
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db


def make_message(now: datetime, **product: Any) -> Message:
    order = make_order(make_customer(), lines=[make_product(**product)])
    step = make_campaign().steps.get()
    return Message(step=step, customer=order.customer, order=order, occurrence="1", queued_at=now)


def context_of(message: Message, picks: Sequence[Pick] = (), **more: Any) -> dict[str, Any]:
    return build_context(message, read_lines([message])[message.id], picks, language="fa-AF", **more)


def make_upgrade(before: Decimal | None) -> Pick:
    had = make_product(title="Kettle", price=before, titles={"fa": "کتری"})
    better = make_product(title="Kettle, 2 l", price=Decimal("30.00"))
    return Pick(
        product=better,
        because_of=had,
        kind=Kind.UPGRADE,
        rank=1,
        score=1.0,
        support=0,
        scorer="",
        model_id=None,
        price=Price(Decimal("30.00"), "GBP"),
    )


def test_two_emails_that_one_event_queued_both_tell_of_it(now: datetime) -> None:
    event = make_event(make_customer(), kind="customer.occasion", payload={"occasion": {"kind": "birthday"}})
    first, second = make_message(now), make_message(now)
    first.event = second.event = event
    assert read_events([first, second, make_message(now)]) == {first.id: event, second.id: event}


def test_an_upgrade_comes_with_what_the_customer_has(now: datetime) -> None:
    [upgrade] = context_of(make_message(now), [make_upgrade(Decimal("20.00"))])["upgrades"]
    assert (upgrade["instead_of"]["title"], upgrade["instead_of"]["price"]) == ("کتری", "20.00")


def test_what_the_customer_has_may_have_no_price(now: datetime) -> None:
    [upgrade] = context_of(make_message(now), [make_upgrade(None)])["upgrades"]
    assert upgrade["instead_of"]["price"] == ""


@pytest.mark.parametrize(
    ("care", "shown"),
    [
        ("Wash cold.", "Wash cold."),
        ({"fa": "با آب سرد بشویید."}, "با آب سرد بشویید."),
        ({"de": "Kalt"}, ""),
        (7, ""),
    ],
)
def test_care_is_told_in_the_readers_language_or_not_at_all(now: datetime, care: Any, shown: str) -> None:
    context = context_of(make_message(now, attributes={"care": care}))
    assert context["order"]["lines"][0]["care"] == shown


def test_a_coupon_has_a_place_for_everything_it_may_say(now: datetime) -> None:
    assert context_of(make_message(now), offer={"code": "SPRING", "amount": "5"})["coupon"] == {
        "code": "SPRING",
        "percent": "",
        "amount": "5",
        "currency": "GBP",
        "minimum": "",
        "ends_at": "",
    }
    assert context_of(make_message(now))["coupon"] is None


def test_legal_lines_are_those_of_the_readers_country(settings: LazySettings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "SHOP_LEGAL": {"DE": ["HRB 1"], "": ["Company 2"]}}
    assert describe_shop("DE")["legal"] == ["HRB 1"]
    assert describe_shop("FR")["legal"] == ["Company 2"]
    assert describe_shop()["legal"] == ["Company 2"]
