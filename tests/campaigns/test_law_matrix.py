"""Every message class with every consent state in every kind of market: what leaves, and with what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from audience.consent import suppress
from campaigns.eligibility import Facts, Send, Skip, Verdict, judge
from shop.models import Customer
from tests.audience.people import NOW, grant, make_customer, standing_of, withdraw

# products: the email leaves with suggestions; plain: without; no: it does not leave.
MATRIX = """
state        country  marketing  transactional  legal
explicit     GB       products   products       plain
explicit     IL       products   products       plain
explicit     CA       products   products       plain
explicit     RU       products   products       plain
sale         GB       products   products       plain
sale         IL       products   products       plain
sale         CA       products   products       plain
sale         RU       no         plain          plain
inquiry      GB       products   products       plain
inquiry      IL       no         plain          plain
inquiry      CA       products   products       plain
inquiry      RU       no         plain          plain
silent       GB       no         plain          plain
silent       IL       no         plain          plain
silent       CA       no         plain          plain
silent       RU       no         plain          plain
objected     GB       no         plain          plain
objected     IL       no         plain          plain
objected     CA       no         plain          plain
objected     RU       no         plain          plain
complained   GB       no         plain          plain
complained   IL       no         plain          plain
complained   CA       no         plain          plain
complained   RU       no         plain          plain
bounced      GB       no         no             no
bounced      IL       no         no             no
bounced      CA       no         no             no
bounced      RU       no         no             no
"""
_SAY: dict[str, Callable[[Customer], object]] = {
    "explicit": grant,
    "sale": lambda customer: grant(customer, "soft_opt_in"),
    "inquiry": lambda customer: grant(customer, "inquiry"),
    "silent": lambda customer: None,
    "objected": withdraw,
    "complained": lambda customer: withdraw(customer, "complaint"),
    "bounced": lambda customer: suppress(customer.email, scope="all", reason="bounced", now=NOW),
}


def read_matrix() -> list[tuple[str, str, str, str]]:
    header, *rows = (line.split() for line in MATRIX.strip().splitlines())
    return [
        (state, country, message_class, expected)
        for state, country, *cells in rows
        for message_class, expected in zip(header[2:], cells, strict=True)
    ]


def make_facts(customer: Customer, message_class: str, now: datetime) -> Facts:
    return Facts(
        is_marketing=message_class == "marketing",
        queued_at=now,
        has_address=True,
        outdated="",
        standing=standing_of(customer, now),
        recent_marketing=(),
        timezone=ZoneInfo("UTC"),
        is_held_out=False,
        topic="carts",
        is_legal=message_class == "legal",
    )


def name(verdict: Verdict) -> str:
    if isinstance(verdict, Send):
        return "products" if verdict.with_products else "plain"
    return "no"


@pytest.mark.django_db
@pytest.mark.parametrize(("state", "country", "message_class", "expected"), read_matrix())
def test_what_leaves_and_with_what(state: str, country: str, message_class: str, expected: str) -> None:
    customer = make_customer(country=country)
    _SAY[state](customer)
    assert name(judge(make_facts(customer, message_class, NOW), NOW)) == expected


@pytest.mark.django_db
def test_a_declined_topic_holds_back_its_own_emails_alone() -> None:
    customer = make_customer()
    grant(customer)
    facts = make_facts(customer, "marketing", NOW)
    declined = replace(facts, standing=replace(facts.standing, declined_topics=frozenset({"carts"})))
    assert judge(declined, NOW) == Skip("topic_declined")
    assert isinstance(judge(replace(declined, topic="news"), NOW), Send)
    assert isinstance(judge(replace(declined, is_marketing=False), NOW), Send)
