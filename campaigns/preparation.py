"""Preparing a batch: may we, which arm, which products, and the finished email.

Everything is read for the whole batch; per message only Python and Jinja run.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings

from audience.consent import Standing, read_standings
from audience.double_opt_in import find_unaskable
from campaigns.composition import compose_emails
from campaigns.eligibility import Facts, Send, Skip, is_capped, judge
from campaigns.frequency import read_recent_marketing
from campaigns.lateness import read_starts
from campaigns.lines import Lines, read_lines
from campaigns.models import Message, SendBatch, Step
from campaigns.prepared import Prepared
from campaigns.subjects import Subject, find_outdated
from campaigns.told import read_events
from campaigns.variants import count_products, deal_arms, scorer_of
from delivery.base import Transport
from recommendations.bundles import offer_bundles
from recommendations.engine import Moment, Request, recommend
from shop.models import Customer, Event

__all__ = ["Prepared", "make_request", "prepare_batch", "recommend_for", "subject_of", "timezone_of"]


def prepare_batch(batch: SendBatch, transport: Transport, now: datetime) -> list[Prepared]:
    """Decides on, and renders, each open message of the batch. Writes nothing but sticky assignments."""
    messages = _read_messages(batch)
    prepared = _judge_all(messages, now)
    sendable = [p for p in prepared if isinstance(p.verdict, Send)]
    lines = read_lines(p.message for p in sendable)
    events = read_events(p.message for p in sendable)
    for item in sendable:
        item.event = events.get(item.message.id)
    recommend_for(sendable, lines, now)
    compose_emails(sendable, lines, transport, now)
    return prepared


def _read_messages(batch: SendBatch) -> list[Message]:
    """Two queries: what thousands of messages share, a step and all it knows, is read once."""
    messages = list(
        batch.messages.filter(is_closed=False)
        .select_related("customer", "order", "cart")
        .defer(*_UNREAD)
        .order_by("queued_at", "pk")
    )
    related = ("template", "campaign__experiment__rolled_out")
    steps = Step.objects.select_related(*related).in_bulk({message.step_id for message in messages})
    for message in messages:
        message.step = steps[message.step_id]
    return messages


# What no email needs to know of its customer and order.
_UNREAD = (
    "customer__attributes", "customer__created_at", "customer__stated_at", "customer__erased_at",
    "order__attributes", "order__stated_at", "order__delivered_at", "order__cancelled_at",
)  # fmt: skip


def _judge_all(messages: Sequence[Message], now: datetime) -> list[Prepared]:
    """Two rounds: first who could be written to, then which of them are held out."""
    customers = list({m.customer_id: m.customer for m in messages}.values())
    standings = read_standings(customers, now)
    outdated = find_outdated(subject_of(m) for m in messages)
    unaskable = _find_unaskable(messages, now)
    recent, starts = read_recent_marketing(messages, now), read_starts(messages, now)
    prepared = []
    for message in messages:
        standing = standings[message.customer_id]
        ended = (outdated and outdated.get(subject_of(message))) or unaskable.get(message.id, "")
        facts = _gather_facts(message, standing, ended, recent, since=starts[message.id])
        prepared.append(Prepared(message, judge(facts, now), standing, facts.recent_marketing))
    _deal_arms(prepared, now)
    for item in prepared:
        _cap_within_batch(item, recent[item.message.customer_id], now)
    return prepared


def _find_unaskable(messages: Sequence[Message], now: datetime) -> dict[UUID, str]:
    """Why a request to confirm an address must not leave. No query where nobody is asked."""
    asking = [m for m in messages if m.campaign.is_legal and m.event_id]
    reasons = find_unaskable([m.event_id or 0 for m in asking], now) if asking else {}
    return {m.id: reasons[m.event_id] for m in asking if m.event_id in reasons}


def _cap_within_batch(item: Prepared, recent: list[datetime], now: datetime) -> None:
    """Two emails of one batch count for the cap as well; one that is held out takes nobody's place."""
    if not (item.is_marketing and isinstance(item.verdict, Send)):
        return
    if is_capped(item.standing, recent, now):
        item.verdict = Skip("frequency_cap")
    else:
        recent.append(now)


def _gather_facts(
    message: Message,
    standing: Standing,
    outdated: str,
    recent: dict[int, list[datetime]],
    *,
    since: datetime,
) -> Facts:
    campaign, customer = message.campaign, message.customer
    return Facts(
        is_marketing=campaign.is_marketing,
        queued_at=since,
        has_address=bool(customer.email),
        outdated=outdated,
        standing=standing,
        recent_marketing=tuple(recent[message.customer_id]),
        timezone=timezone_of(customer),
        is_held_out=False,
        topic=campaign.topic,
        is_legal=campaign.is_legal,
    )


def _deal_arms(prepared: Iterable[Prepared], now: datetime) -> None:
    sending = [item for item in prepared if isinstance(item.verdict, Send)]
    arms = deal_arms([item.message for item in sending], now)
    for item in sending:
        item.arm = arms[item.message.id]
        if item.arm.is_held_out:
            item.verdict = Skip("held_out") if item.is_marketing else Send(with_products=False)


def recommend_for(sendable: Sequence[Prepared], lines: Lines, now: datetime) -> None:
    """Fills in the products and the bundle of each that is to have some."""
    asking = [p for p in sendable if isinstance(p.verdict, Send) and p.verdict.with_products]
    requests = [
        make_request(p.message, p.arm.changes, lines, language=p.standing.language, event=p.event)
        for p in asking
    ]
    bought = {line.product.id: line.product for item in asking for line in lines[item.message.id]}
    for item, picks in zip(asking, recommend(requests, now, known=bought), strict=True):
        item.picks = picks
    bundled = [pair for pair in zip(asking, requests, strict=True) if pair[0].message.step.shows_bundle]
    offers = offer_bundles([request for _item, request in bundled], now)
    for (item, _request), offer in zip(bundled, offers, strict=True):
        item.bundle = offer


def make_request(
    message: Message,
    changes: Mapping[str, Any],
    lines: Lines,
    *,
    language: str = "",
    event: Event | None = None,
) -> Request:
    about = (event.product_id,) if event and event.product_id else ()
    complements, upgrades = count_products(message, changes)
    step, order = message.step, message.order
    products = tuple(line.product.id for line in lines[message.id]) or about
    if step.repeats and not complements and not upgrades:
        products = ()  # what is due again may be the very thing that the order was about
    # An email about nothing but the next one up comes long after an order, and before the next.
    is_about_next = upgrades > 0 and not (complements or step.services)
    return Request(
        customer_id=message.customer_id,
        anchors=products,
        exclude=frozenset(products),
        complements=complements,
        upgrades=upgrades,
        currency=message.customer.currency or settings.PAIRWELL["CURRENCY"],
        scorer=scorer_of(changes),
        services=step.services,
        repeats=step.repeats,
        place=step.campaign.key,
        moment=Moment.AFTER if order and not is_about_next else Moment.BEFORE,
        language=language,
        bought_at=order.placed_at if order else None,
    )


def subject_of(message: Message) -> Subject:
    return Subject(message.customer_id, message.order_id, message.cart_id)


def timezone_of(customer: Customer) -> ZoneInfo:
    return _find_zone(customer.timezone, settings.PAIRWELL["TIMEZONE"])


@lru_cache(maxsize=1024)
def _find_zone(named: str, of_shop: str) -> ZoneInfo:
    try:
        return ZoneInfo(named or of_shop)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(of_shop)
