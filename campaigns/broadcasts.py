"""One email for everyone in an audience, queued by the database itself: no row passes through Python.

Who may be written to is decided when it is sent, not here: consent, caps and quiet hours belong to sending.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.alerts import name_campaign, raise_alert
from campaigns.lateness import MAX_LATENESS
from campaigns.models import Campaign, Message, SendBatch, Step, Trial
from campaigns.outbox import PRIORITIES
from campaigns.pace import Pace, estimate_pace
from campaigns.trials import TrialPlan, begin_trial
from shop.models import Customer

CUSTOMERS_AT_ONCE = 50_000  # one statement and one transaction for so many
CHOSEN_AT_ONCE = 10_000  # SQLite takes 32,766 parameters in one query
OCCURRENCE_CHARS_MAX = 100
AWAITS_LEADER, SLOW = "awaits_leader", "broadcast_slow"

# The first %s customers (in the order of their keys) go into the first batch, and so on.
_INSERT = """
INSERT INTO campaigns_message (id, step_id, customer_id, occurrence, queued_at, due_at, batch_id, is_closed)
SELECT {new_id}, %s, chosen.id, %s, {moment}, {moment}, batch.id, {no}
FROM (SELECT id, (ROW_NUMBER() OVER (ORDER BY id) - 1) / %s AS place FROM ({audience}) AS wanted) AS chosen
JOIN (
    SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place FROM campaigns_sendbatch WHERE id IN ({batches})
) AS batch ON batch.place = chosen.place
ON CONFLICT (step_id, customer_id, occurrence) DO NOTHING
"""
_DIALECTS = {
    "postgresql": {"new_id": "gen_random_uuid()", "moment": "%s::timestamptz", "no": "FALSE"},
    "sqlite": {"new_id": "lower(hex(randomblob(16)))", "moment": "%s", "no": "0"},
}


@dataclass(frozen=True, slots=True)
class Broadcast:
    """One email under one name; `waits_for_leader` says that a trial decides what it looks like."""

    step: Step
    occurrence: str
    now: datetime
    waits_for_leader: bool = False


def queue_broadcast(
    campaign: Campaign,
    now: datetime,
    *,
    occurrence: str,
    audience: QuerySet[Customer] | None = None,
    trial: TrialPlan | None = None,
) -> int:
    """Queues the campaign's first email for everyone in the audience; returns how many messages are new.

    The audience is everyone with an address unless a query narrows it. `occurrence` names the broadcast,
    such as "spring-2026": `one_message_per_step_customer_and_occurrence` makes it idempotent, so that a
    call which was killed half-way is simply made again. What is committed may leave at once; with a
    `trial` the versions of the campaign's running experiment go to a part first, and the rest waits for
    the one that leads at the planned time (`campaigns.trials`). Where our own limits let it go on for more
    than three days (`estimate_broadcast` says so beforehand), an alert is raised first. Raises
    ValueError for a campaign without an email, for an occurrence that can't be stored, and for a trial that
    has nothing to try.
    """
    step = campaign.steps.order_by("position").first()
    if step is None:
        raise ValueError(f"The campaign {campaign.key!r} has no email. Add a step to it.")
    if not 0 < len(occurrence) <= OCCURRENCE_CHARS_MAX:
        raise ValueError(f"Name the broadcast in 1 to {OCCURRENCE_CHARS_MAX} characters, such as its date.")
    wanted = _find_wanted(audience)
    _warn_if_slow(campaign, estimate_broadcast(now, audience=wanted), occurrence, now)
    broadcast = Broadcast(step, occurrence, now, trial is not None)
    queued, after = _queue_trial(broadcast, wanted, trial) if trial else 0, 0
    while last := _find_end(wanted.filter(pk__gt=after)):
        with transaction.atomic():
            queued += _queue_part(wanted.filter(pk__gt=after, pk__lte=last), broadcast)
        after = last
    return queued


def _find_wanted(audience: QuerySet[Customer] | None) -> QuerySet[Customer]:
    wanted = (Customer.objects.all() if audience is None else audience).filter(merged_into=None)
    return wanted.exclude(email="").order_by("pk")


def estimate_broadcast(now: datetime, *, audience: QuerySet[Customer] | None = None) -> Pace:
    """How long our own limits make a broadcast to the audience last at least; queues nothing.

    The rate a minute, the warm-up and the domains' rates are counted, as of today and less the fifth that
    offers leave to order emails; what waits before it, quiet hours and the speed of the machine are not.
    """
    return estimate_pace(_find_wanted(audience).order_by(), now)


def _warn_if_slow(campaign: Campaign, pace: Pace, occurrence: str, now: datetime) -> None:
    """It leaves all the same: what waits for our own limits is not too late (campaigns.lateness)."""
    if pace.ends_at - now > MAX_LATENESS:
        raise_alert(
            SLOW,
            name_campaign(campaign),
            now=now,
            detail=f"{occurrence}: until {pace.ends_at:%Y-%m-%d} at the earliest ({pace.reason})",
            figures={"people": pace.people, "days": pace.days},
        )


def _queue_trial(broadcast: Broadcast, wanted: QuerySet[Customer], plan: TrialPlan) -> int:
    """The part on which the versions are tried; the whole of it or nothing, so that it is drawn once."""
    with transaction.atomic():
        _trial, chosen = begin_trial(
            broadcast.step.campaign, wanted, plan, occurrence=broadcast.occurrence, now=broadcast.now
        )
        parts = [chosen[at : at + CHOSEN_AT_ONCE] for at in range(0, len(chosen), CHOSEN_AT_ONCE)]
        first = replace(broadcast, waits_for_leader=False)
        return sum(_queue_part(wanted.filter(pk__in=part), first) for part in parts)


def _find_end(rest: QuerySet[Customer]) -> int | None:
    """The key of the last customer of the next part; None where nobody is left."""
    keys = rest.values_list("pk", flat=True)
    return keys[CUSTOMERS_AT_ONCE - 1 : CUSTOMERS_AT_ONCE].first() or keys.last()


def _queue_part(part: QuerySet[Customer], broadcast: Broadcast) -> int:
    step, occurrence = broadcast.step, broadcast.occurrence
    earlier = Message.objects.filter(step=step, customer=OuterRef("pk"), occurrence=occurrence)
    new = part.exclude(Exists(earlier))
    batches = _open_batches(broadcast, ceil(new.count() / settings.PAIRWELL["BATCH_SIZE"]))
    if not batches:
        return 0
    queued = _insert(new, batches, step=step, occurrence=occurrence, now=broadcast.now)
    # Another call for the same broadcast may have come first.
    SendBatch.objects.filter(pk__in=batches).exclude(
        Exists(Message.objects.filter(batch=OuterRef("pk")))
    ).delete()
    return queued


def _open_batches(broadcast: Broadcast, number: int) -> list[int]:
    campaign, due_at = broadcast.step.campaign, broadcast.now
    state, reason = SendBatch.State.READY, ""
    if broadcast.waits_for_leader:
        # Locked, so that the leader is not decided while these batches are being written.
        trial = Trial.objects.select_for_update().get(campaign=campaign, occurrence=broadcast.occurrence)
        if trial.decided_at is None:
            state, reason, due_at = SendBatch.State.WAITING, AWAITS_LEADER, trial.decide_at
    priority = PRIORITIES[Campaign.MessageClass(campaign.message_class)]
    row = {"campaign": campaign, "priority": priority, "due_at": due_at, "state": state, "reason": reason}
    return [batch.pk for batch in SendBatch.objects.bulk_create(SendBatch(**row) for _ in range(number))]


def _insert(
    new: QuerySet[Customer], batches: list[int], *, step: Step, occurrence: str, now: datetime
) -> int:
    audience, values = new.order_by().values("id").query.sql_with_params()
    statement = _INSERT.format(
        **_DIALECTS[connection.vendor], audience=audience, batches=", ".join(["%s"] * len(batches))
    )
    moment = connection.ops.adapt_datetimefield_value(now)
    size = settings.PAIRWELL["BATCH_SIZE"]
    with connection.cursor() as cursor:
        cursor.execute(statement, [step.pk, occurrence, moment, moment, size, *values, *batches])
        return int(cursor.rowcount)
