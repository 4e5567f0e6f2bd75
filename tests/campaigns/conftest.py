"""A shop with published templates, ready to send to the preview inbox."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from audience.consent import record_consent
from campaigns.email_files import read_directory, templates_root
from campaigns.outbox import Draft, queue_messages
from campaigns.templates_store import publish_directory
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from recommendations.building import rebuild_neighbours
from shop.models import Customer
from tests.factories import make_customer, make_order, make_product
from tests.flows import make_campaign

QueueOrders = Callable[..., None]


@pytest.fixture
def transport() -> PreviewTransport:
    return PreviewTransport(DatabasePreviewStore())


@pytest.fixture
def published(db: None, now: datetime) -> None:
    for key in ("order_confirmation", "abandoned_cart", "post_purchase_follow_up"):
        publish_directory(read_directory(templates_root() / key), now)


@pytest.fixture
def queue_confirmations(published: None, now: datetime) -> QueueOrders:
    """Queues an order confirmation for each of so many new customers."""
    campaign = make_campaign(key="confirmations")

    def queue(number: int = 1) -> None:
        product = make_product()
        orders = [make_order(make_customer(), lines=[product], placed_at=now) for _ in range(number)]
        step = campaign.steps.get()
        drafts = [
            Draft(step, order.customer_id or 0, f"order:{order.pk}", order_id=order.pk) for order in orders
        ]
        queue_messages(drafts, now)

    return queue


def agree(customer: Customer, now: datetime) -> None:
    record_consent(customer, state="granted", basis="explicit", source="test", occurred_at=now, now=now)


def object_to_marketing(customer: Customer, now: datetime) -> None:
    record_consent(customer, state="withdrawn", basis="objection", source="test", occurred_at=now, now=now)


@pytest.fixture
def neighbours(now: datetime, published: None) -> None:
    """Kettle and cups, bought together by twelve; two customers order a kettle, one of whom objects."""
    kettle, cups = (
        make_product(title="Kettle", product_type="kettle"),
        make_product(title="Cups", product_type="cup"),
    )
    for _ in range(12):
        make_order(None, lines=[kettle, cups], placed_at=now - timedelta(days=20))
    rebuild_neighbours(now)
    willing = make_customer(external_id="willing", email="willing@buyer.example")
    objector = make_customer(external_id="objector", email="objector@buyer.example")
    agree(willing, now - timedelta(days=1))
    object_to_marketing(objector, now - timedelta(days=1))
    orders = [make_order(customer, lines=[kettle], placed_at=now) for customer in (willing, objector)]
    step = make_campaign().steps.get()
    queue_messages([Draft(step, o.customer_id or 0, f"order:{o.pk}", order_id=o.pk) for o in orders], now)
