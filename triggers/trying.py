"""What an experiment changes about a flow itself: when it writes, or which flow it is.

Such an arm is drawn when people enter, before anything differs between the arms, and stays theirs for
every step.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from campaigns.models import Campaign
from experiments.assignment import assign, find_rolled_out
from experiments.changes import Changes, is_about_the_flow, shift_time
from experiments.models import Experiment, Variant
from shop.models import Customer
from triggers.models import Enrolment


def shift_entries(enrolments: Sequence[Enrolment], now: datetime) -> None:
    """Moves the first step of enrolments that wait (unsaved) to the time that their arm writes at."""
    waiting = [e for e in enrolments if e.due_at is not None]
    customers = _read_customers(waiting)
    for enrolment, changes in _find_changes(waiting, customers, now):
        if enrolment.due_at is not None:
            zone = _zone_of(customers[enrolment.customer_id])
            enrolment.due_at = shift_time(changes, enrolment.due_at, zone)


def choose_flows(enrolments: Sequence[Enrolment], now: datetime) -> dict[int, int]:
    """By enrolment, the campaign whose steps it takes, for those whose arm takes another than usual."""
    keys = {
        enrolment.pk: changes["campaign"]
        for enrolment, changes in _find_changes(enrolments, _read_customers(enrolments), now)
        if "campaign" in changes
    }
    if not keys:
        return {}
    known = dict(Campaign.objects.filter(key__in=set(keys.values())).values_list("key", "pk"))
    return {pk: known[key] for pk, key in keys.items() if key in known}


def _find_changes(
    enrolments: Iterable[Enrolment], customers: Mapping[int, Customer], now: datetime
) -> list[tuple[Enrolment, Changes]]:
    """The enrolments whose arm, or what was rolled out, changes the flow itself. The rest wait for their
    arm until they would be written to, so that only such people count."""
    groups: dict[Experiment, list[Enrolment]] = defaultdict(list)
    for enrolment in enrolments:
        if experiment := enrolment.trigger.campaign.experiment:
            groups[experiment].append(enrolment)
    found = []
    # In one order for all workers: whoever is dealt an arm here stays locked until the flow has moved on.
    for experiment, group in sorted(groups.items(), key=lambda each: each[0].pk):
        people = [customers[enrolment.customer_id] for enrolment in group]
        chosen = _choose_variants(experiment, people, now)
        found += [(e, variant.changes) for e in group if (variant := chosen.get(e.customer_id))]
    return found


def _choose_variants(
    experiment: Experiment, people: Sequence[Customer], now: datetime
) -> dict[int, Variant | None]:
    """By customer; nobody where the flow itself is not what is tried."""
    if _rolls_out(experiment):
        return {customer.pk: find_rolled_out(experiment, customer) for customer in people}
    if _is_about_flows(experiment):
        return {pk: arm.variant for pk, arm in assign(experiment, people, now).items()}
    return {}


def _rolls_out(experiment: Experiment) -> bool:
    return experiment.rolled_out is not None and is_about_the_flow(experiment.rolled_out.changes)


def _is_about_flows(experiment: Experiment) -> bool:
    is_running = experiment.status == Experiment.Status.RUNNING
    return is_running and any(is_about_the_flow(variant.changes) for variant in experiment.variants.all())


def _read_customers(enrolments: Iterable[Enrolment]) -> dict[int, Customer]:
    wanted = {e.customer_id for e in enrolments if e.trigger.campaign.experiment_id}
    return Customer.objects.in_bulk(wanted) if wanted else {}


def _zone_of(customer: Customer) -> ZoneInfo:
    try:
        return ZoneInfo(customer.timezone or settings.PAIRWELL["TIMEZONE"])
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.PAIRWELL["TIMEZONE"])
