"""What a provider tells of its recipients' noes: heard when the post comes in, written down with the rest.

A complaint or an unsubscription holds from the provider's 204 on (`hear`), like the one click in an email,
however much news waits before it. Who said it, about which email, is put into the ledger when the post is
made sense of (`take_effect`).
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Lower

from audience.consent import Objection, record_objections
from audience.models import Suppression
from audience.suppression import No, list_spellings, suppress_all
from campaigns.models import Message, MessageEvent
from delivery.base import DeliveryEvent
from shop.claims import NOBODYS_FAULT, guard_customers
from shop.models import Customer

_Kind = MessageEvent.Kind
_Reason, _Scope = Suppression.Reason, Suppression.Scope
# SendGrid's words for why it did not even try.
_DROPPED_FOR = {
    "Unsubscribed Address": _Kind.UNSUBSCRIBED.value,
    "Spam Reporting Address": _Kind.COMPLAINED.value,
}
_logger = logging.getLogger(__name__)


def hear(events: Sequence[DeliveryEvent], now: datetime) -> None:
    """Suppresses at once, for marketing, who objects in these events. Two posts of a no are one no.

    Raises where the database is to blame, so that the provider posts again; any other failure is logged and
    left to those who make sense of the post later.
    """
    objecting = [event for event in events if read_objection(event)]
    if not objecting:
        return
    try:
        with transaction.atomic():
            messages = find_messages(objecting)
            guard_named(objecting, messages)
            suppress_all([no for event in objecting if (no := _make_no(event, messages, now))])
    except NOBODYS_FAULT:
        raise
    except Exception:
        _logger.exception("Objections could not be heard at once.")


def find_messages(events: Iterable[DeliveryEvent]) -> dict[UUID, Message]:
    """The emails that the events are about, with customer and campaign. One query."""
    ids = {event.delivery_id for event in events if event.delivery_id}
    related = ("customer", "step__campaign", "rendered")
    return {m.id: m for m in Message.objects.filter(pk__in=ids).select_related(*related)}


def guard_named(events: Iterable[DeliveryEvent], messages: Mapping[UUID, Message]) -> None:
    """Lets no intent be committed meanwhile to whom the events are about, by email or by address.

    All at once: whoever takes guards one after the other deadlocks with who takes them in order.
    """
    customers = {message.customer_id for message in messages.values()}
    addresses = {event.email for event in events if _says_no(event) and event.email}
    if addresses:
        spelled = {spelling for address in addresses for spelling in list_spellings(address)}
        known = Customer.objects.annotate(lower_email=Lower("email")).filter(lower_email__in=spelled)
        customers |= set(known.values_list("pk", flat=True))
    guard_customers(customers)


def take_effect(events: Sequence[DeliveryEvent], messages: Mapping[UUID, Message], now: datetime) -> None:
    """Suppressions by address, and ledger lines by person. A number of statements that does not grow."""
    suppress_all([no for event in events if (no := _make_no(event, messages, now))])
    record_objections([said for event in events if (said := _make_objection(event, messages))], now)


def read_objection(event: DeliveryEvent) -> str | None:
    """Whether the recipient objected: said so now, or earlier in a list that only the provider knew of."""
    if event.kind == _Kind.DROPPED:
        return _DROPPED_FOR.get(str(event.detail.get("reason", "")))
    return event.kind if event.kind in (_Kind.COMPLAINED, _Kind.UNSUBSCRIBED) else None


def _says_no(event: DeliveryEvent) -> bool:
    return _is_dead(event) or read_objection(event) is not None


def _is_dead(event: DeliveryEvent) -> bool:
    return event.kind in (_Kind.BOUNCED, _Kind.DROPPED) and event.is_permanent


def _make_no(event: DeliveryEvent, messages: Mapping[UUID, Message], now: datetime) -> No | None:
    message = messages.get(event.delivery_id) if event.delivery_id else None
    address = event.email or (message.customer.email if message else "")
    if not address or not _says_no(event):
        return None
    # When it was said, not when it came: a post that comes again must not outweigh a newer yes.
    said_at, detail = min(event.occurred_at, now), str(event.detail.get("reason", ""))[:255]
    if _is_dead(event):
        return No(address, _Scope.ALL, _Reason.BOUNCED, said_at, detail)
    complained = read_objection(event) == _Kind.COMPLAINED
    reason = _Reason.COMPLAINED if complained else _Reason.UNSUBSCRIBED
    return No(address, _Scope.MARKETING, reason, said_at, detail)


def _make_objection(event: DeliveryEvent, messages: Mapping[UUID, Message]) -> Objection | None:
    said = None if _is_dead(event) else read_objection(event)
    message = messages.get(event.delivery_id) if event.delivery_id else None
    if said is None or message is None:
        return None
    source = "complaint" if said == _Kind.COMPLAINED else "provider"
    return Objection(message.customer_id, source, f"message {message.id}", event.occurred_at)
