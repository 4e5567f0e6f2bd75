"""A shop whose customers enter an experiment and act on it: rows as the engine would have written them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from audience.consent import record_consent
from campaigns.models import Campaign, Message, MessageEvent, RenderedMessage, SendBatch, TemplateVersion
from experiments.assignment import assign
from experiments.models import Assignment, Experiment, Variant
from experiments.running import start
from shop.models import Customer, Order, Refund
from tests.factories import make_order
from tests.flows import make_campaign

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_numbers = count(1)


@dataclass
class CohortShop:
    """One campaign under one experiment, with all that a person of it may do."""

    campaign: Campaign
    experiment: Experiment

    def enter(self, number: int, at: datetime, *, country: str = "GB") -> list[Customer]:
        """New customers who are written to at that moment, or would be, were they not held out."""
        customers = Customer.objects.bulk_create(
            Customer(
                uuid=uuid5(NAMESPACE_URL, f"cohort:{n}"),
                external_id=f"cohort{n}",
                email=f"cohort{n}@buyer.example",
                country=country,
                created_at=at,
            )
            for n in (next(_numbers) for _ in range(number))
        )
        arms = assign(self.experiment, customers, at)
        self._write_to([c for c in customers if c.pk in arms and arms[c.pk].variant_id], arms, at)
        return customers

    def act(self, customer: Customer, kind: str, at: datetime, *, is_machine: bool = False) -> None:
        """An event of the customer's email."""
        MessageEvent.objects.create(
            message=Message.objects.filter(customer=customer).latest("queued_at"),
            kind=kind,
            provider="test",
            natural_key=str(next(_numbers)),
            is_machine=is_machine,
            occurred_at=at,
            received_at=at,
        )

    def leave(self, customer: Customer, at: datetime) -> None:
        """Says no to marketing."""
        record_consent(customer, state="withdrawn", basis="objection", source="test", occurred_at=at, now=at)

    def buy(self, customer: Customer, total: str, at: datetime, **fields: Any) -> Order:
        return make_order(customer, placed_at=at, **{"total": total, **fields})

    def refund(self, order: Order, amount: str, at: datetime) -> None:
        number, currency = f"r{next(_numbers)}", order.currency
        Refund.objects.create(
            external_id=number, order=order, amount=amount, currency=currency, refunded_at=at
        )

    def _write_to(self, customers: Sequence[Customer], arms: dict[int, Assignment], at: datetime) -> None:
        step = self.campaign.steps.get()
        batch = SendBatch.objects.create(
            campaign=self.campaign, state="done", due_at=at, submitted_at=at, finished_at=at
        )
        messages = Message.objects.bulk_create(
            Message(step=step, customer=c, occurrence="test", queued_at=at, due_at=at, batch=batch)
            for c in customers
        )
        version = TemplateVersion.objects.get(template=step.template)
        RenderedMessage.objects.bulk_create(
            RenderedMessage(
                message=message,
                version=version,
                assignment=arms[message.customer_id],
                variant=arms[message.customer_id].variant,
                language="en",
                subject="Hello",
                recipient=message.customer.email,
                context={},
                is_marketing=True,
                created_at=at,
            )
            for message in messages
        )


def open_shop(weights: Sequence[float] = (0.5, 0.5), **fields: Any) -> CohortShop:
    """A running experiment from START on whose first variant, "a", is the control; nobody entered yet."""
    campaign = make_campaign(marketing=True)
    template = campaign.steps.get().template
    TemplateVersion.objects.create(template=template, number=1, source="", digest="d", published_at=START)
    number = next(_numbers)
    facts = {"key": f"test{number}", "name": "Test", "salt": "salt", "holdout_share": 0.0}
    experiment = Experiment.objects.create(**{**facts, **fields})
    for key, weight in zip("abcdef", weights, strict=False):
        Variant.objects.create(
            experiment=experiment, key=key, name=key.upper(), weight=weight, is_control=key == "a"
        )
    start(experiment, START)
    Campaign.objects.filter(pk=campaign.pk).update(experiment=experiment)
    campaign.refresh_from_db()
    return CohortShop(campaign, experiment)


def days(number: float) -> timedelta:
    return timedelta(days=number)
