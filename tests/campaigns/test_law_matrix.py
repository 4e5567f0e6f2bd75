"""Every message class with every consent state in every kind of market: what leaves, and with what."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audience.consent import suppress
from audience.models import Preference
from campaigns.eligibility import Facts, Send, Skip, Verdict, judge
from campaigns.email_files import read_directory, templates_root
from campaigns.models import Message
from campaigns.outbox import Draft, queue_messages
from campaigns.preparation import Prepared, prepare_batch
from campaigns.sending import lease_batch
from campaigns.templates_store import publish_directory
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from recommendations.building import rebuild_neighbours
from shop.models import Customer, Product
from tests.audience.people import NOW, grant, make_customer, standing_of, withdraw
from tests.factories import make_order, make_product
from tests.flows import make_campaign

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
fewer        GB       plain      plain          plain
fewer        IL       plain      plain          plain
fewer        CA       plain      plain          plain
fewer        RU       plain      plain          plain
listed       GB       no         plain          plain
listed       IL       no         plain          plain
listed       CA       no         plain          plain
listed       RU       no         plain          plain
bounced      GB       no         no             no
bounced      IL       no         no             no
bounced      CA       no         no             no
bounced      RU       no         no             no
"""


def refuse_suggestions(customer: Customer) -> None:
    """The choice "leave out the product suggestions" of the preference page, beside a yes."""
    grant(customer)
    Preference.objects.create(customer=customer, no_suggestions=True, updated_at=NOW)


_SAY: dict[str, Callable[[Customer], object]] = {
    "explicit": grant,
    "sale": lambda customer: grant(customer, "soft_opt_in"),
    "inquiry": lambda customer: grant(customer, "inquiry"),
    "silent": lambda customer: None,
    "objected": withdraw,
    "complained": lambda customer: withdraw(customer, "complaint"),
    "fewer": refuse_suggestions,
    "listed": lambda customer: suppress(customer.email, scope="marketing", reason="manual", now=NOW),
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


@pytest.fixture
def kettle(db: None) -> Product:
    """Bought by twelve together with cups, so that there is always something to suggest."""
    for key in ("order_confirmation", "post_purchase_follow_up"):
        publish_directory(read_directory(templates_root() / key), NOW)
    kettle = make_product(title="Kettle", product_type="kettle")
    cups = make_product(title="Cups", product_type="cup")
    for _ in range(12):
        make_order(None, lines=[kettle, cups], placed_at=NOW - timedelta(days=20))
    rebuild_neighbours(NOW)
    return kettle


def prepare_row(customers: dict[int, str], kettle: Product, *, marketing: bool) -> dict[str, str]:
    """What the engine makes of a message to each, by the customer's row: products, plain or no."""
    template = "post_purchase_follow_up" if marketing else "order_confirmation"
    step, drafts = make_campaign(marketing=marketing, template=template).steps.get(), []
    for pk in customers:
        order = make_order(Customer.objects.get(pk=pk), lines=[kettle], placed_at=NOW)
        drafts.append(Draft(step, pk, f"order:{order.pk}", order_id=order.pk))
    queue_messages(drafts, NOW)
    batch = lease_batch(NOW)
    assert batch
    prepared = prepare_batch(batch, PreviewTransport(DatabasePreviewStore()), NOW)
    return {customers[item.message.customer_id]: name_prepared(item) for item in prepared}


def name_prepared(item: Prepared) -> str:
    """By what is in the envelope, not by what was decided."""
    if not isinstance(item.verdict, Send):
        assert item.envelope is None
        return "no"
    assert item.envelope
    return "products" if "Cups" in item.envelope.text + item.envelope.html else "plain"


@pytest.mark.parametrize("message_class", ["marketing", "transactional"])
def test_what_the_engine_prepares_is_what_the_matrix_says(kettle: Product, message_class: str) -> None:
    expected, customers = {}, {}
    for state, country, asked_class, cell in read_matrix():
        if asked_class == message_class:
            customer = make_customer(country=country)
            _SAY[state](customer)
            customers[customer.pk] = f"{state} {country}"
            expected[f"{state} {country}"] = cell
    assert prepare_row(customers, kettle, marketing=message_class == "marketing") == expected
    assert Message.objects.count() == len(expected)
