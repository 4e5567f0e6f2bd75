"""Counting the people of an experiment, arm by arm, for the statistics above it.

Everybody who was assigned counts, whether or not an email reached them: leaving out those who could not
be mailed would compare different kinds of people.
"""

import math
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models import Count, F, Q, Sum

from campaigns.models import MessageEvent, MessageOutcome, RenderedMessage, SendBatch
from experiments.assignment import counted_assignments
from experiments.models import Experiment
from experiments.results import ArmCounts
from experiments.statistics import find_cap, summarise
from shop.models import Order

HOLDOUT = "holdout"
_PAST = timedelta(days=365)


def count_arms(experiment: Experiment) -> list[ArmCounts]:
    """The arms in their order, the held-out people last. Six queries.

    An order counts when it was placed within the experiment's window after its customer was assigned and
    was not cancelled. Revenue is in the shop's currency; an order in another one counts as an order only.
    """
    people = _count_people(experiment)
    mailed, clicked = _count_mailed(experiment), _count_clicked(experiment)
    spent, cap = _read_spending(experiment), _find_cap(experiment)
    counts = []
    for arm in [*experiment.variants.values_list("key", flat=True), HOLDOUT]:
        moments = summarise([*map(float, spent[arm])], people=people.get(arm, 0), cap=cap)
        counts.append(
            ArmCounts(
                arm=arm,
                assigned=people.get(arm, 0),
                mailed=mailed.get(arm, 0),
                clicked=clicked.get(arm, 0),
                converted=len(spent[arm]),
                revenue_sum=moments.total,
                revenue_sumsq=moments.total_of_squares,
            )
        )
    return counts


def plan_shares(experiment: Experiment) -> dict[str, float]:
    """The share of people that each arm was meant to get, the held-out people included. One query."""
    weights = dict(experiment.variants.values_list("key", "weight"))
    total = math.fsum(weights.values())
    written_to = 1 - experiment.holdout_share
    shares = {arm: written_to * weight / total if total else 0.0 for arm, weight in weights.items()}
    return shares | {HOLDOUT: experiment.holdout_share}


def _count_people(experiment: Experiment) -> dict[str, int]:
    rows = counted_assignments(experiment).values_list("variant__key").annotate(people=Count("pk"))
    return {arm or HOLDOUT: people for arm, people in rows}


def _count_mailed(experiment: Experiment) -> dict[str, int]:
    """The people whose message left: a deferred one was rendered as well, but waits without a batch."""
    handed_over = Q(message__is_closed=False, message__batch__state=SendBatch.State.DONE)
    left = handed_over | Q(message__outcomes__kind=MessageOutcome.Kind.ACCEPTED)
    rows = (
        RenderedMessage.objects.filter(left, assignment__experiment=experiment, assignment__is_forced=False)
        .values_list("assignment__variant__key")
        .annotate(people=Count("message__customer", distinct=True))
    )
    return {arm or HOLDOUT: people for arm, people in rows}


def _count_clicked(experiment: Experiment) -> dict[str, int]:
    assignment = "message__rendered__assignment"
    rows = (
        MessageEvent.objects.filter(
            kind=MessageEvent.Kind.CLICKED,
            is_machine=False,
            **{f"{assignment}__experiment": experiment, f"{assignment}__is_forced": False},
        )
        .values_list(f"{assignment}__variant__key")
        .annotate(people=Count("message__customer", distinct=True))
    )
    return {arm or HOLDOUT: people for arm, people in rows}


def _read_spending(experiment: Experiment) -> dict[str, list[Decimal]]:
    """What each person who ordered spent, by arm."""
    assigned_at = F("customer__assignments__assigned_at")
    rows = (
        Order.objects.filter(
            customer__assignments__experiment=experiment,
            customer__assignments__is_forced=False,
            placed_at__gt=assigned_at,
            placed_at__lte=assigned_at + timedelta(days=experiment.window_days),
            cancelled_at=None,
        )
        .values_list("customer", "customer__assignments__variant__key")
        .annotate(spent=Sum("total", filter=Q(currency=settings.PAIRWELL["CURRENCY"])))
    )
    spending: dict[str, list[Decimal]] = defaultdict(list)
    for _customer, arm, spent in rows:
        spending[arm or HOLDOUT].append(spent or Decimal(0))
    return spending


def _find_cap(experiment: Experiment) -> float:
    """From the orders of the year before the start, which no result of the experiment can move."""
    if experiment.started_at is None:
        return math.inf
    past = Order.objects.filter(
        placed_at__lt=experiment.started_at,
        placed_at__gte=experiment.started_at - _PAST,
        currency=settings.PAIRWELL["CURRENCY"],
        cancelled_at=None,
    )
    return find_cap([float(total) for total in past.values_list("total", flat=True)])
