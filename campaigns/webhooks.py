"""News from a provider: stored as it came, answered at once, made sense of afterwards."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction

from campaigns.bounces import act_on_bounces
from campaigns.models import Campaign, Message, MessageEvent, WebhookPayload
from campaigns.objections import find_messages, guard_named, hear, take_effect
from campaigns.recovery import settle_seen
from campaigns.reputation import count_day, judge_campaigns
from delivery.base import DeliveryEvent
from delivery.sendgrid_events import parse_events
from shop.claims import lock_rows, work_off

_Kind = MessageEvent.Kind
BYTES_AT_ONCE = 1_000_000  # some two thousand events
_HARM = {
    _Kind.BOUNCED.value: "bounced",
    _Kind.DROPPED.value: "dropped",
    _Kind.COMPLAINED.value: "complained",
}


def receive(provider: str, body: bytes, now: datetime) -> WebhookPayload:
    """Keeps the payload, and heeds at once who objects in it. The caller has verified the signature over
    these very bytes, and answers only when this returns: a provider that was answered need not ask again.
    """
    payload = WebhookPayload.objects.create(provider=provider, body=body, received_at=now)
    hear(parse_events(body)[0], now)
    return payload


def process_payloads(now: datetime, *, limit: int = 20) -> int:
    """Makes message events, suppressions and withdrawals of waiting payloads; returns how many payloads.

    An element that can't be read is kept as a problem of its payload and never loses the others. An
    event that came before counts once, by the provider's id and by its natural key; order is irrelevant.
    """
    with transaction.atomic():
        waiting = WebhookPayload.objects.filter(processed_at=None).order_by("pk")
        payloads = _take_bounded(list(lock_rows(waiting)[:limit]))
        if payloads:
            work_off(payloads, partial(_process, now=now), partial(_put_aside, now=now))
    return len(payloads)


def _take_bounded(payloads: Sequence[WebhookPayload]) -> list[WebhookPayload]:
    """As many as make up a megabyte, one at least: after a flood, mail goes on leaving between two calls."""
    taken, size = list[WebhookPayload](), 0
    for payload in payloads:
        size += len(payload.body)
        if taken and size > BYTES_AT_ONCE:
            break
        taken.append(payload)
    return taken


def _process(payloads: Sequence[WebhookPayload], *, now: datetime) -> None:
    told = []
    for payload in payloads:
        events, payload.problems = parse_events(bytes(payload.body))
        told.append((payload.provider, events))
        payload.processed_at = now
    every = [event for _, events in told for event in events]
    messages = find_messages(every)
    guard_named(every, messages)
    for provider, events in told:
        _apply(provider, events, messages, now=now)
    WebhookPayload.objects.bulk_update(payloads, ["problems", "processed_at"])


def _put_aside(payload: WebhookPayload, error: str, *, now: datetime) -> None:
    waiting = WebhookPayload.objects.filter(pk=payload.pk)
    waiting.update(processed_at=now, problems=[f"The whole payload was put aside: {error}"])


def _apply(
    provider: str, events: Sequence[DeliveryEvent], known: Mapping[UUID, Message], *, now: datetime
) -> None:
    ids = {event.delivery_id for event in events}
    messages = {pk: message for pk, message in known.items() if pk in ids}
    # In the order of their keys, so that two workers never wait for each other.
    fresh = sorted(_leave_out_known(provider, events), key=lambda event: event.natural_key)
    rows = [_make_row(provider, event, messages, now) for event in fresh]
    harm = _count_harm(fresh, messages)
    MessageEvent.objects.bulk_create(rows, ignore_conflicts=True)
    settle_seen(messages.values(), now)
    take_effect(fresh, messages, now)
    act_on_bounces(fresh, messages, now)
    for campaign, numbers in harm.items():
        count_day(campaign.pk, now, **numbers)
    judge_campaigns(harm, now)


def _count_harm(
    events: Sequence[DeliveryEvent], messages: Mapping[UUID, Message]
) -> dict[Campaign, Counter[str]]:
    """By campaign, the emails that newly bounced hard, were dropped or complained about.

    Each counts once, however many events say so, and none that left before somebody resumed the campaign.
    """
    known = MessageEvent.objects.filter(message__in=messages, kind__in=_HARM)
    seen: set[tuple[UUID | None, str]] = set(known.values_list("message", "kind"))
    harm: dict[Campaign, Counter[str]] = defaultdict(Counter)
    for event in events:
        message = messages.get(event.delivery_id) if event.delivery_id else None
        field = _HARM.get(event.kind) if event.kind != _Kind.BOUNCED or event.is_permanent else None
        if message is None or field is None or (message.pk, event.kind) in seen or _is_forgiven(message):
            continue
        seen.add((message.pk, event.kind))
        harm[message.step.campaign][field] += 1
    return harm


def _is_forgiven(message: Message) -> bool:
    judged_from, rendered = message.step.campaign.judged_from, getattr(message, "rendered", None)
    return bool(judged_from and rendered and rendered.created_at < judged_from)


def _leave_out_known(provider: str, events: Sequence[DeliveryEvent]) -> list[DeliveryEvent]:
    natural = MessageEvent.objects.filter(natural_key__in=[e.natural_key for e in events])
    seen: set[str] = set(natural.values_list("natural_key", flat=True))
    by_id = MessageEvent.objects.filter(
        provider=provider, provider_event_id__in=[e.provider_event_id for e in events if e.provider_event_id]
    )
    seen |= {str(pk) for pk in by_id.values_list("provider_event_id", flat=True)}
    fresh = []
    for event in events:
        keys = {event.natural_key, event.provider_event_id} - {""}
        if not keys & seen:
            fresh.append(event)
            seen |= keys
    return fresh


def _make_row(
    provider: str, event: DeliveryEvent, messages: dict[UUID, Message], now: datetime
) -> MessageEvent:
    return MessageEvent(
        message=messages.get(event.delivery_id) if event.delivery_id else None,
        kind=event.kind,
        provider=provider,
        provider_event_id=event.provider_event_id or None,
        natural_key=event.natural_key,
        is_machine=event.is_machine,
        detail=dict(event.detail) | ({"url": event.url} if event.url else {}),
        occurred_at=event.occurred_at,
        received_at=now,
    )
