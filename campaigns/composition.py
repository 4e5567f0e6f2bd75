"""From judged messages with their products to emails in envelopes, a whole batch at a time."""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Subquery

from campaigns.batch_rendering import Order as EmailOrder
from campaigns.batch_rendering import count_whole, render_batch
from campaigns.context import Described, build_context
from campaigns.eligibility import Skip
from campaigns.envelopes import find_gaps, make_envelope
from campaigns.fragments import Fragments
from campaigns.lines import Line, Lines
from campaigns.models import MessageOutcome, TemplateVersion
from campaigns.prepared import Prepared, Record
from campaigns.rendering import RenderedEmail, Renderer
from campaigns.told import find_lacking
from campaigns.variants import template_of
from delivery.base import Envelope, Transport
from experiments.changes import email_changes

logger = logging.getLogger(__name__)


def compose_emails(sendable: Sequence[Prepared], lines: Lines, transport: Transport, now: datetime) -> None:
    """Fills in the envelope and the record of each; one without an email is skipped, and why."""
    again = _read_possible_duplicates(sendable)
    orders = _order_emails(sendable, lines)
    in_parts = getattr(transport, "takes_substitutions", False)
    renderings = render_batch([order for _, order in orders], Renderer(now=now), in_parts=in_parts)
    if whole := count_whole(renderings):
        logger.info("Emails that have to leave whole", extra={"reasons": dict(whole)})
    for (item, order), rendering in zip(orders, renderings, strict=True):
        if rendering.email is None:
            item.verdict, item.detail = Skip("render_failed"), rendering.problem[:255]
            continue
        envelope = _put_in_envelope(item, order, rendering.email)
        item.rendered = _make_record(
            item,
            order,
            now,
            language=rendering.email.language,
            subject=envelope.subject,
            possible_duplicate=item.message.id in again,
        )
        _check_envelope(item, envelope, order, transport)


def _order_emails(sendable: Sequence[Prepared], lines: Lines) -> list[tuple[Prepared, EmailOrder]]:
    """What is to be rendered; who gets nothing, because there is nothing to say, is told why."""
    versions, described = _read_versions(sendable), Described()
    orders = []
    for item in sendable:
        version = versions.get(template_of(item.message, item.arm))
        if version is None:
            item.verdict, item.detail = Skip("render_failed"), "The template was never published."
            continue
        order = order_email(item, version, lines[item.message.id], described=described)
        if lacking := find_lacking(version.needs, order.context):
            item.verdict, item.detail = Skip("nothing_to_show"), f"The email needs {', '.join(lacking)}."
            continue
        orders.append((item, order))
    return orders


def order_email(
    item: Prepared, version: TemplateVersion, lines: Sequence[Line], *, described: Described | None = None
) -> EmailOrder:
    """What is to be rendered for a judged message, its context included. Touches no database."""
    language, changes = item.standing.language, item.arm.changes
    return EmailOrder(
        message=item.message,
        version=version,
        changes=email_changes(changes),
        context=build_context(
            item.message,
            lines,
            item.picks,
            language=language,
            bundle=item.bundle,
            offer=changes.get("offer"),
            event=item.event,
            described=described,
        ),
        language=language,
        country=item.message.customer.country or settings.PAIRWELL["COUNTRY"],
    )


def _put_in_envelope(item: Prepared, order: EmailOrder, email: RenderedEmail | Fragments) -> Envelope:
    """Fills in the envelope, and the addresses behind its tracked links."""
    message = item.message
    item.urls = email.urls if message.campaign.track_clicks else {}
    envelope = item.envelope = make_envelope(
        message,
        email,
        unsubscribe=order.context["links"]["unsubscribe"],
        has_products=bool(item.picks),
        sender_name=item.arm.changes.get("sender_name", ""),
    )
    return envelope


def _make_record(
    item: Prepared, order: EmailOrder, now: datetime, *, language: str, subject: str, possible_duplicate: bool
) -> Record:
    arm = item.arm
    return Record(
        message_id=item.message.id,
        version_id=order.version.id,
        assignment_id=arm.assignment.id if arm.assignment else None,
        variant_id=arm.variant.id if arm.variant else None,
        language=language,
        subject=subject,
        recipient=item.message.customer.email,
        context=order.context,
        is_marketing=item.is_marketing,
        possible_duplicate=possible_duplicate,
        created_at=now,
    )


def _check_envelope(item: Prepared, envelope: Envelope, order: EmailOrder, transport: Transport) -> None:
    problems, way_out = transport.validate(envelope), order.context["links"]["unsubscribe"]
    gaps = list(find_gaps(envelope, unsubscribe=way_out, country=item.message.customer.country))
    if problems or gaps:
        item.verdict = Skip("invalid_envelope" if problems else "lacks_legal_parts")
        item.detail = "; ".join(f"{p.field}: {p.message}" for p in [*problems, *gaps])[:255]


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
