"""Preparing a batch: may we, which arm, which products, and the finished email.

Everything is read for the whole batch; per message only Python and Jinja run.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db.models import OuterRef, Subquery

from audience.consent import Standing, read_standings
from campaigns.compiler import CompileError
from campaigns.context import Lines, build_context, read_lines
from campaigns.eligibility import Facts, Send, Skip, Verdict, is_capped, judge
from campaigns.envelopes import make_envelope
from campaigns.models import Message, MessageOutcome, RenderedMessage, SendBatch, TemplateVersion
from campaigns.rendering import Renderer, RenderError
from campaigns.subjects import Subject, find_outdated
from campaigns.tracking import MessageTracking
from campaigns.variants import NOTHING_TRIED, Arm, count_products, deal_arms, scorer_of, template_of
from delivery.base import Envelope, Transport
from experiments.changes import email_changes
from recommendations.bundles import Offer, offer_bundles
from recommendations.engine import Moment, Pick, Request, recommend
from shop.models import Customer


@dataclass
class Prepared:
    """A message with its verdict; the rest is filled in only for those that are to be sent."""

    message: Message
    verdict: Verdict
    standing: Standing
    recent_marketing: tuple[datetime, ...] = ()
    arm: Arm = NOTHING_TRIED
    picks: list[Pick] = field(default_factory=list)
    bundle: Offer | None = None
    rendered: RenderedMessage | None = None
    envelope: Envelope | None = None
    urls: dict[bytes, str] = field(default_factory=dict)
    detail: str = ""

    @property
    def shown(self) -> list[Pick]:
        """Every product of the email, once, those of a bundle last."""
        picks = {pick.product.pk: pick for pick in self.bundle.picks} if self.bundle else {}
        own = {pick.product.pk for pick in self.picks}
        return [*self.picks, *(pick for key, pick in picks.items() if key not in own)]

    @property
    def is_marketing(self) -> bool:
        return self.message.step.campaign.is_marketing


def prepare_batch(batch: SendBatch, transport: Transport, now: datetime) -> list[Prepared]:
    """Decides on, and renders, each open message of the batch. Writes nothing but sticky assignments."""
    messages = _read_messages(batch)
    prepared = _judge_all(messages, now)
    sendable = [p for p in prepared if isinstance(p.verdict, Send)]
    lines = read_lines(p.message for p in sendable)
    _recommend_for(sendable, lines, now)
    _render_all(sendable, lines, transport, now)
    return prepared


def _read_messages(batch: SendBatch) -> list[Message]:
    open_messages = batch.messages.filter(is_closed=False)
    related = ("customer", "order", "cart", "step__template", "step__campaign__experiment__rolled_out")
    return list(open_messages.select_related(*related).order_by("queued_at", "pk"))


def _judge_all(messages: Sequence[Message], now: datetime) -> list[Prepared]:
    """Two rounds: first who could be written to, then which of them are held out."""
    customers = list({m.customer_id: m.customer for m in messages}.values())
    standings = read_standings(customers, now)
    outdated = find_outdated(subject_of(m) for m in messages)
    recent = read_recent_marketing(messages, now)
    prepared = []
    for message in messages:
        standing = standings[message.customer_id]
        facts = _gather_facts(message, standing, outdated.get(subject_of(message), ""), recent)
        prepared.append(Prepared(message, judge(facts, now), standing, facts.recent_marketing))
    _deal_arms(prepared, now)
    for item in prepared:
        _cap_within_batch(item, recent[item.message.customer_id], now)
    return prepared


def _cap_within_batch(item: Prepared, recent: list[datetime], now: datetime) -> None:
    """Two emails of one batch count for the cap as well; one that is held out takes nobody's place."""
    if not (item.is_marketing and isinstance(item.verdict, Send)):
        return
    if is_capped(item.standing, recent, now):
        item.verdict = Skip("frequency_cap")
    else:
        recent.append(now)


def _gather_facts(
    message: Message, standing: Standing, outdated: str, recent: dict[int, list[datetime]]
) -> Facts:
    return Facts(
        is_marketing=message.step.campaign.is_marketing,
        queued_at=message.queued_at,
        has_address=bool(message.customer.email),
        outdated=outdated,
        standing=standing,
        recent_marketing=tuple(recent[message.customer_id]),
        timezone=timezone_of(message.customer),
        is_held_out=False,
    )


def _deal_arms(prepared: Iterable[Prepared], now: datetime) -> None:
    sending = [item for item in prepared if isinstance(item.verdict, Send)]
    arms = deal_arms([item.message for item in sending], now)
    for item in sending:
        item.arm = arms[item.message.id]
        if item.arm.is_held_out:
            item.verdict = Skip("held_out") if item.is_marketing else Send(with_products=False)


def _recommend_for(sendable: Sequence[Prepared], lines: Lines, now: datetime) -> None:
    asking = [p for p in sendable if isinstance(p.verdict, Send) and p.verdict.with_products]
    requests = [make_request(p.message, p.arm.changes, lines, language=p.standing.language) for p in asking]
    for item, picks in zip(asking, recommend(requests, now), strict=True):
        item.picks = picks
    bundled = [pair for pair in zip(asking, requests, strict=True) if pair[0].message.step.shows_bundle]
    offers = offer_bundles([request for _item, request in bundled], now)
    for (item, _request), offer in zip(bundled, offers, strict=True):
        item.bundle = offer


def make_request(
    message: Message, changes: Mapping[str, Any], lines: Lines, *, language: str = ""
) -> Request:
    products = tuple(line.product.pk for line in lines[message.id])
    complements, upgrades = count_products(message, changes)
    return Request(
        customer_id=message.customer_id,
        anchors=products,
        exclude=frozenset(products),
        complements=complements,
        upgrades=upgrades,
        currency=message.customer.currency or settings.PAIRWELL["CURRENCY"],
        scorer=scorer_of(changes),
        services=message.step.services,
        repeats=message.step.repeats,
        place=message.step.campaign.key,
        moment=Moment.AFTER if message.order else Moment.BEFORE,
        language=language,
        bought_at=message.order.placed_at if message.order else None,
    )


def _render_all(sendable: Sequence[Prepared], lines: Lines, transport: Transport, now: datetime) -> None:
    versions = _read_versions(sendable)
    again = _read_possible_duplicates(sendable)
    renderer = Renderer(now=now)
    for item in sendable:
        version = versions.get(template_of(item.message, item.arm))
        if version is None:
            item.verdict, item.detail = Skip("render_failed"), "The template was never published."
            continue
        try:
            item.rendered = _render(item, version, renderer, lines, now)
            item.rendered.possible_duplicate = item.message.id in again
        except (RenderError, CompileError) as error:
            item.verdict, item.detail = Skip("render_failed"), str(error)[:255]
            continue
        _check_envelope(item, transport)


def _render(
    item: Prepared, version: TemplateVersion, renderer: Renderer, lines: Lines, now: datetime
) -> RenderedMessage:
    """Renders one email into its envelope, and returns the row of what it was made of."""
    message, campaign = item.message, item.message.step.campaign
    tracking = MessageTracking(message.id, opens=campaign.track_opens, clicks=campaign.track_clicks)
    offer, language = item.arm.changes.get("offer"), item.standing.language
    context = build_context(
        message, lines[message.id], item.picks, language=language, bundle=item.bundle, offer=offer
    )
    email = renderer.render(
        version,
        language=language,
        changes=email_changes(item.arm.changes),
        context=context,
        message_id=message.id,
        tracking=tracking,
    )
    item.urls = email.urls if campaign.track_clicks else {}
    item.envelope = make_envelope(
        message,
        email,
        unsubscribe=context["links"]["unsubscribe"],
        has_products=bool(item.picks),
        sender_name=item.arm.changes.get("sender_name", ""),
    )
    return RenderedMessage(
        message=message,
        version=version,
        assignment=item.arm.assignment,
        variant=item.arm.variant,
        language=email.language,
        subject=item.envelope.subject,
        recipient=message.customer.email,
        context=context,
        is_marketing=item.is_marketing,
        created_at=now,
    )


def _check_envelope(item: Prepared, transport: Transport) -> None:
    assert item.envelope is not None  # noqa: S101 (just rendered)
    problems = transport.validate(item.envelope)
    if problems:
        item.verdict = Skip("invalid_envelope")
        item.detail = "; ".join(f"{p.field}: {p.message}" for p in problems)[:255]


def _read_versions(sendable: Sequence[Prepared]) -> dict[str, TemplateVersion]:
    keys = {template_of(p.message, p.arm) for p in sendable}
    newest = TemplateVersion.objects.filter(template=OuterRef("template")).order_by("-number")
    versions = TemplateVersion.objects.filter(template__key__in=keys, pk=Subquery(newest.values("pk")[:1]))
    return {version.template.key: version for version in versions.select_related("template")}


def _read_possible_duplicates(sendable: Sequence[Prepared]) -> set[UUID]:
    ids = [p.message.id for p in sendable]
    return set(
        MessageOutcome.objects.filter(message__in=ids, reason="possible_duplicate").values_list(
            "message", flat=True
        )
    )


def read_recent_marketing(messages: Sequence[Message], now: datetime) -> dict[int, list[datetime]]:
    """By customer, when the marketing emails of the last 30 days went out, other than these and the refused.

    A message that is tried again must not count against itself.
    """
    recent: dict[int, list[datetime]] = defaultdict(list)
    rows = RenderedMessage.objects.filter(
        message__customer__in={m.customer_id for m in messages},
        is_marketing=True,
        created_at__gt=now - timedelta(days=30),
    ).exclude(message__in=messages)
    counted = rows.exclude(message__is_closed=True, message__outcomes__kind=MessageOutcome.Kind.REJECTED)
    for customer, at in counted.order_by("created_at").values_list("message__customer", "created_at"):
        recent[customer].append(at)
    return recent


def subject_of(message: Message) -> Subject:
    return Subject(message.customer_id, message.order_id, message.cart_id)


def timezone_of(customer: Customer) -> ZoneInfo:
    try:
        return ZoneInfo(customer.timezone or settings.PAIRWELL["TIMEZONE"])
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(settings.PAIRWELL["TIMEZONE"])
