"""Erasing one person: what names them goes, what the shop learnt from baskets stays, and so does their no.

The customer row becomes a shell without a name, because orders, experiments and sums hang on it. Of the
address only a keyed hash is left, in the suppression list, so that it gets no mail if it is imported again.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import CharField, F, Q, Value
from django.db.models.functions import Cast, Concat

from audience.models import ConsentEntry, ConsentRequest, Preference, Suppression
from audience.suppression import suppress
from campaigns.leasing import take_back_batches
from campaigns.models import (
    Message,
    MessageEvent,
    MessageOutcome,
    PreviewMail,
    ProofEmail,
    RenderedMessage,
    SendBatch,
    TrackedLink,
    WebhookPayload,
)
from campaigns.retrying import retry_write
from campaigns.webhooks import process_payloads
from privacy.people import Person, list_ids, list_link_spellings, list_spellings
from recommendations.models import CustomerResponse
from shop.claims import guard_customers, lock_customers
from shop.models import Cart, Customer, Event, Order, Refund
from triggers.models import Enrolment

REASON = "erased"
_NEW_NAME = Concat(Value("erased-"), Cast(F("pk"), CharField()))


@dataclass(frozen=True, slots=True)
class Erased:
    """How much went; names nobody."""

    customers: int
    queued_messages: int
    sent_messages: int


def erase_person(person: Person, now: datetime) -> Erased:
    """Erases everything that names the person; may be called again, and while the engine runs.

    The address is suppressed first, so that a batch which was prepared before finds the no when it commits
    its intent. An email whose intent was committed already may arrive, and is called unknown, not skipped.
    """
    for address in person.addresses:
        suppress(
            address, scope=Suppression.Scope.ALL, reason=Suppression.Reason.ERASED, detail=REASON, now=now
        )
    take_back_batches(list_ids(person))  # a worker may hold one in memory, about to write down who gets it
    while process_payloads(now):
        pass  # what the provider still has to say is taken before its words go
    # An engine that takes an event of the person locks in the other order: one of the two has to try again.
    return retry_write(lambda: _erase_rows(person, now))


@transaction.atomic
def _erase_rows(person: Person, now: datetime) -> Erased:
    ids = list_ids(person)
    guard_customers(set(ids))  # a batch that is about to leave has been decided on, or will see the no
    lock_customers(set(ids))
    erased = _erase_messages(ids, now)
    _erase_facts(ids, now)
    _erase_consents(ids)
    _erase_log(ids)
    _make_shells(ids, now)
    _erase_by_address(person.addresses)
    return erased


def _erase_messages(ids: Sequence[int], now: datetime) -> Erased:
    messages = Message.objects.filter(customer__in=ids)
    queued = list(messages.filter(is_closed=False).with_status().exclude(status="accepted"))
    MessageOutcome.objects.filter(message__in=messages).update(detail="")
    doubtful = _find_doubtful(queued)
    MessageOutcome.objects.bulk_create(
        MessageOutcome(
            message=m,
            kind=MessageOutcome.Kind.UNKNOWN if m.pk in doubtful else MessageOutcome.Kind.SKIPPED,
            reason=REASON,
            at=now,
        )
        for m in queued
    )
    Message.objects.filter(pk__in=[m.pk for m in queued]).update(is_closed=True)
    sent = RenderedMessage.objects.filter(message__in=messages)
    count = sent.update(subject="", recipient="", context={})
    MessageEvent.objects.filter(message__in=messages).update(detail={})
    PreviewMail.objects.filter(delivery_id__in=messages.values("pk")).delete()
    proofs = ProofEmail.objects.filter(about__in=ids)
    PreviewMail.objects.filter(delivery_id__in=proofs.values("pk")).delete()
    proofs.delete()
    return Erased(len(ids), len(queued), count)


def _find_doubtful(queued: Sequence[Message]) -> set[uuid.UUID]:
    """Those that may have left: being handed over now, or waiting for a second try after a doubt."""
    handed_over = Q(batch__state=SendBatch.State.SUBMITTING)
    doubted = Q(outcomes__kind=MessageOutcome.Kind.UNKNOWN)
    mine = Message.objects.filter(handed_over | doubted, pk__in=[m.pk for m in queued])
    return set(mine.values_list("pk", flat=True))


def _erase_facts(ids: Sequence[int], now: datetime) -> None:
    waiting = Enrolment.objects.filter(customer__in=ids, state=Enrolment.State.WAITING)
    waiting.update(state=Enrolment.State.EXITED, reason=REASON, due_at=None, changed_at=now)
    orders, carts = Order.objects.filter(customer__in=ids), Cart.objects.filter(customer__in=ids)
    own_pages = [*orders.values_list("url", flat=True), *carts.values_list("url", flat=True)]
    TrackedLink.objects.filter(url__in=[url for url in own_pages if url]).update(
        url=settings.PAIRWELL["SHOP_URL"]
    )
    told = Event.objects.filter(Q(customer__in=ids) | Q(order__in=orders) | Q(cart__in=carts))
    Event.objects.filter(pk__in=list(told.values_list("pk", flat=True))).update(
        customer=None, payload={}, payload_digest="", external_id=_NEW_NAME,
        processed_at=now, consent_applied_at=now,
    )  # fmt: skip
    Refund.objects.filter(order__in=orders).update(external_id=_NEW_NAME)
    carts.update(external_id=_NEW_NAME, url="")
    orders.update(customer=None, external_id=_NEW_NAME, url="", attributes={})


def _erase_consents(ids: Sequence[int]) -> None:
    ConsentEntry.objects.filter(customer__in=ids).update(proof="", text_version="", conditions={})
    ConsentRequest.objects.filter(customer__in=ids).delete()
    Preference.objects.filter(customer__in=ids).delete()
    CustomerResponse.objects.filter(customer__in=ids).delete()


def _erase_log(ids: Sequence[int]) -> None:
    """The back office writes down whom it showed by name."""
    about = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(Customer))
    about.filter(object_id__in=[str(pk) for pk in ids]).update(object_repr=REASON, change_message="")


def _make_shells(ids: Sequence[int], now: datetime) -> None:
    for pk in ids:
        Customer.objects.filter(pk=pk).update(
            uuid=uuid.uuid4(), external_id=f"erased-{pk}", email="", name="", language="", country="",
            timezone="", currency="", attributes={}, stated_at=None, erased_at=now,
        )  # fmt: skip


def _erase_by_address(addresses: Sequence[str]) -> None:
    for address in addresses:
        PreviewMail.objects.filter(recipient__iexact=address).delete()
        in_link = Q()
        for spelling in list_link_spellings(address):
            in_link |= Q(url__icontains=spelling)
        TrackedLink.objects.filter(in_link).update(url=settings.PAIRWELL["SHOP_URL"])
        needles = list_spellings(address)
        rows = WebhookPayload.objects.values_list("pk", "body").iterator(chunk_size=200)
        named = [pk for pk, body in rows if any(needle in bytes(body).lower() for needle in needles)]
        WebhookPayload.objects.filter(pk__in=named).delete()
