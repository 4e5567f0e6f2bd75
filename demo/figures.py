"""What the demo's summary says, read from the database: every section is a title, a head and rows of text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Count, F, Q

from campaigns.attribution import attribute_orders
from campaigns.models import Message, MessageEvent, MessageProduct, RenderedMessage
from experiments.models import Assignment, Experiment
from triggers.models import Enrolment

TOP_PAIRS = 6


@dataclass(frozen=True, slots=True)
class Section:
    """One table; `note` stands below it."""

    title: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    note: str = ""


def count_section(title: str, what: str, counts: Counter[str] | dict[str, int], note: str = "") -> Section:
    """A table of a count, the largest first."""
    rows = [(key, f"{count:,}") for key, count in Counter(counts).most_common() if count]
    return Section(title, (what, "Count"), rows, note)


def read_enrolments() -> Section:
    """Customers at each trigger, by state and by the reason why they left or never entered."""
    counted = (
        Enrolment.objects.values_list("trigger__name", "state", "reason")
        .annotate(count=Count("pk"))
        .order_by("trigger__name", "-count")
    )
    labels = dict(Enrolment.State.choices)
    rows = [
        (trigger, labels[state], reason or "", f"{count:,}")
        for trigger, state, reason, count in counted
    ]  # fmt: skip
    return Section("Customers enrolled", ("Trigger", "State", "Reason", "Count"), rows)


def read_messages() -> Section:
    """Messages by campaign and what became of them, with the reasons of those not sent."""
    counted: Counter[tuple[str, str, str]] = Counter(
        Message.objects.with_status()
        .annotate(outcome=F("status"), why=F("reason"))
        .values_list("step__campaign__name", "outcome", "why")
    )
    labels = dict(Message.Status.choices)
    rows = [
        (campaign, labels.get(status, status), reason or "", f"{count:,}")
        for (campaign, status, reason), count in sorted(
            counted.items(), key=lambda item: (item[0][0], -item[1])
        )
    ]
    return Section("Messages", ("Campaign", "Outcome", "Reason", "Count"), rows)


def read_languages() -> Section:
    counted = RenderedMessage.objects.values_list("language").annotate(count=Count("pk"))
    return count_section("Emails by language", "Language", dict(counted))


def read_products() -> Section:
    """How many complements and upgrades were shown, and the pairs shown most with the orders behind them."""
    kinds = dict(MessageProduct.objects.values_list("kind").annotate(count=Count("pk")))
    pairs = (
        MessageProduct.objects.exclude(because_of=None)
        .values_list("kind", "because_of__title", "product__title", "support")
        .annotate(count=Count("pk"))
        .order_by("-count", "product__title")
    )
    rows = []
    for kind in sorted(kinds):
        rows.append((kind.capitalize(), "all", "", f"{kinds[kind]:,}"))
        rows += [
            ("", f"{shown} (because of {because_of})", f"{support}", f"{count:,}")
            for _, because_of, shown, support, count in pairs.filter(kind=kind)[:TOP_PAIRS]
        ]
    return Section("Products recommended", ("Kind", "Product", "Orders with both", "Shown"), rows)


def read_experiments() -> list[Section]:
    return [_read_experiment(experiment) for experiment in Experiment.objects.order_by("key")]


def read_readers(counts: Counter[str], since: datetime, until: datetime) -> Section:
    """The simulated readers' acts, and what attribution makes of their clicks."""
    orders = attribute_orders(since, until + timedelta(seconds=1))
    revenue = sum_revenue((order.amount, order.currency) for order in orders)
    rows = [(kind.capitalize(), f"{count:,}") for kind, count in counts.items()]
    rows.append(("Orders after a click", f"{len(orders):,}"))
    rows.append(("Revenue after a click", revenue))
    note = (
        "Opens and clicks are SIMULATED: the data has none. The orders are real and would have come anyway, "
        "so this revenue shows that the mechanism counts. It is no effect of the emails."
    )
    return Section("Simulated readers", ("What", "Count"), rows, note)


def sum_revenue(amounts: Iterable[tuple[Decimal, str]]) -> str:
    """Sums by currency, as no currency is ever converted: "120.00 GBP, 40.00 EUR"."""
    sums: dict[str, Decimal] = {}
    for amount, currency in amounts:
        sums[currency] = sums.get(currency, Decimal(0)) + amount
    return ", ".join(f"{amount:,.2f} {currency}" for currency, amount in sums.items()) or "none"


def _read_experiment(experiment: Experiment) -> Section:
    arms = (
        Assignment.objects.filter(experiment=experiment, is_forced=False)
        .values_list("variant__name")
        .annotate(people=Count("pk"))
        .order_by("variant_id")
    )
    clicks = dict(
        MessageEvent.objects.filter(
            Q(kind=MessageEvent.Kind.CLICKED), message__rendered__assignment__experiment=experiment
        )
        .values_list("message__rendered__assignment__variant__name")
        .annotate(count=Count("message", distinct=True))
    )
    rows = [(name or "Held out", f"{people:,}", f"{clicks.get(name, 0):,}") for name, people in arms]
    return Section(f"Experiment: {experiment.name}", ("Arm", "People", "Clicked (simulated)"), rows)
