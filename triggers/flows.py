"""The way through a trigger: events enrol customers, due enrolments take their next step.

Both functions work on one batch of rows in one transaction, with a number of queries that does not
depend on how many rows there are, and may be called by any number of workers at once.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from copy import copy
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, Q
from django.db.models.functions import Coalesce

from campaigns.lateness import MAX_LATENESS
from campaigns.models import Step
from campaigns.outbox import Draft, queue_messages
from campaigns.subjects import Subject, find_outdated
from shop.claims import lock_customers, lock_rows, work_off
from shop.models import Event, Order
from triggers import kinds
from triggers.entering import plan_enrolments
from triggers.merging import merge_customers
from triggers.models import Enrolment, Trigger
from triggers.trying import choose_flows, shift_entries

POISON_DELAY = timedelta(hours=1)


def enrol_events(now: datetime) -> int:
    """Takes one batch of unprocessed events, enrols whom the triggers match, and marks them processed.

    Returns the number of events taken; 0 means that none were waiting. Enrolling is idempotent under
    `one_enrolment_per_trigger_customer_and_entry_key`; a refusal is a row with its reason. An event on
    which something fails is put aside with the error's name and stops no other.
    """
    with transaction.atomic():
        waiting = Event.objects.filter(processed_at=None).order_by("pk")
        events = list(lock_rows(waiting)[: settings.PAIRWELL["BATCH_SIZE"]])
        if not events:
            return 0
        lock_customers({e.customer_id for e in events if e.customer_id})
        with_campaign = Trigger.objects.select_related("campaign__experiment__rolled_out")
        triggers = list(with_campaign.prefetch_related("campaign__steps"))
        work_off(events, partial(_enrol, triggers=triggers, now=now), partial(_put_event_aside, now=now))
    return len(events)


def advance_enrolments(now: datetime) -> int:
    """Takes one batch of due enrolments a step further; returns how many were due.

    Whether the reason to write still stands is read from the facts now. Those for whom it does leave
    get their message queued, in the same transaction that moves them on. One on which something fails
    waits for an hour and stops no other.
    """
    with transaction.atomic():
        due = Enrolment.objects.filter(
            state=Enrolment.State.WAITING,
            due_at__lte=now,
            trigger__status=Trigger.Status.ACTIVE,
            trigger__campaign__status="live",
        )
        rows = lock_rows(due.order_by("due_at")).select_related("trigger__campaign__experiment__rolled_out")
        enrolments = list(rows[: settings.PAIRWELL["BATCH_SIZE"]])
        if enrolments:
            work_off(enrolments, partial(_take_step, now=now), partial(_put_enrolment_off, now=now))
    return len(enrolments)


def _enrol(events: Sequence[Event], *, triggers: Sequence[Trigger], now: datetime) -> None:
    merge_customers(events, now)
    plan = plan_enrolments(events, triggers, _read_earlier(events), now)
    shift_entries([*plan.new, *plan.restarted.values()], now)
    # In one order for all workers: two with the same cart's events would wait for each other.
    new = sorted(plan.new, key=lambda row: (row.trigger_id, row.customer_id, row.entry_key))
    Enrolment.objects.bulk_create(new, ignore_conflicts=True)
    Enrolment.objects.bulk_update(
        plan.restarted.values(), ["state", "reason", "due_at", "event", "changed_at"]
    )
    Event.objects.filter(pk__in=[e.pk for e in events]).update(processed_at=now)


def _put_event_aside(event: Event, error: str, *, now: datetime) -> None:
    Event.objects.filter(pk=event.pk).update(processed_at=now, problem=error)


def _take_step(enrolments: Sequence[Enrolment], *, now: datetime) -> None:
    # Copies, so that a failed attempt leaves the rows as they were for the next one.
    moving = [copy(enrolment) for enrolment in enrolments]
    flows = {e.pk: e.trigger.campaign_id for e in moving} | choose_flows(moving, now)
    steps = _read_steps(flows.values())
    outdated, returned = find_outdated(_subject(e) for e in moving), _find_returned(moving)
    reasons = {e.pk: returned.get(e.pk) or outdated.get(_subject(e), "") for e in moving}
    drafts = [d for e in moving if (d := _advance(e, steps[flows[e.pk]], reasons[e.pk], now))]
    queue_messages(drafts, now)
    _save_moves(moving, now)


def _put_enrolment_off(enrolment: Enrolment, error: str, *, now: datetime) -> None:  # noqa: ARG001 (logged)
    waiting = Enrolment.objects.filter(pk=enrolment.pk)
    waiting.update(due_at=now + POISON_DELAY, reason="error", changed_at=now)


def _advance(enrolment: Enrolment, steps: Sequence[Step], outdated: str, now: datetime) -> Draft | None:
    """Moves the enrolment on (unsaved) and returns the message to queue, if there is one."""
    enrolment.changed_at = now
    reason = outdated or _is_late(enrolment, now)
    enrolment.reason = reason
    step = next((s for s in steps if s.position >= enrolment.step_position), None)
    if reason or step is None:
        enrolment.state = Enrolment.State.EXITED if reason else Enrolment.State.DONE
        enrolment.due_at = None
        return None
    following = next((s for s in steps if s.position > step.position), None)
    enrolment.step_position = step.position + 1
    enrolment.due_at = now + timedelta(hours=following.delay_hours) if following else None
    enrolment.state = Enrolment.State.WAITING if following else Enrolment.State.DONE
    return Draft(
        step=step,
        customer_id=enrolment.customer_id,
        occurrence=enrolment.entry_key,
        event_id=enrolment.event_id,
        order_id=enrolment.order_id,
        cart_id=enrolment.cart_id,
    )


def _find_returned(enrolments: Sequence[Enrolment]) -> dict[int, str]:
    """Those whose kind ends with an order and who placed one since. Two queries, or none."""
    ending = {e.pk: e.customer_id for e in enrolments if _ends_with_order(e.trigger.kind)}
    if not ending:
        return {}
    since = Enrolment.objects.filter(pk__in=ending).values_list(
        "pk", Coalesce("order__placed_at", "event__occurred_at")
    )
    placed = Order.objects.filter(customer__in=ending.values(), cancelled_at=None).values("customer")
    newest = dict(placed.annotate(at=Max("placed_at")).values_list("customer", "at"))
    return {pk: "ordered" for pk, at in since if ending[pk] in newest and newest[ending[pk]] > at}


def _ends_with_order(kind: str) -> bool:
    return kind in kinds.list_keys() and kinds.get(kind).ends_with_order


def _save_moves(enrolments: Sequence[Enrolment], now: datetime) -> None:
    """One statement for each way in which enrolments moved; there are as many as steps and reasons."""
    moves: dict[tuple[str, str, int, datetime | None], list[int]] = defaultdict(list)
    for e in enrolments:
        moves[e.state, e.reason, e.step_position, e.due_at].append(e.pk)
    for (state, reason, step_position, due_at), moved in moves.items():
        Enrolment.objects.filter(pk__in=moved).update(
            state=state, reason=reason, step_position=step_position, due_at=due_at, changed_at=now
        )


def _is_late(enrolment: Enrolment, now: datetime) -> str:
    late = enrolment.due_at is not None and now - enrolment.due_at > MAX_LATENESS
    return "expired" if late else ""


def _subject(enrolment: Enrolment) -> Subject:
    return Subject(enrolment.customer_id, enrolment.order_id, enrolment.cart_id)


def _read_steps(campaigns: Iterable[int]) -> dict[int, list[Step]]:
    steps: dict[int, list[Step]] = defaultdict(list)
    for step in (
        Step.objects.filter(campaign__in=set(campaigns)).select_related("campaign").order_by("position")
    ):
        steps[step.campaign_id].append(step)
    return steps


def _read_earlier(events: Sequence[Event]) -> list[Enrolment]:
    """The customers' enrolments that can matter: about the same things, or under a re-entry rule.

    Locked, so that a step taken at this moment is either seen or waits; a wholesaler has thousands of
    others, which are left alone.
    """
    same = Q(order__in={e.order_id for e in events if e.order_id})
    same |= Q(cart__in={e.cart_id for e in events if e.cart_id})
    same |= Q(order=None, cart=None) | ~Q(trigger__reentry=Trigger.Reentry.ALWAYS)
    earlier = Enrolment.objects.filter(same, customer__in={e.customer_id for e in events if e.customer_id})
    if connection.features.has_select_for_update:
        earlier = earlier.select_for_update(of=("self",), no_key=True)
    return list(earlier.order_by("pk"))
