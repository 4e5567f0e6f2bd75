"""Proofs of an email: rendered as previews are, sent to whoever asked, and counted nowhere.

The row is the job. It is claimed by compare-and-set and handed over once: a worker that dies in between
leaves a proof of which nobody can know, and whoever asked asks again.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from campaigns.allowances import take_one
from campaigns.models import Campaign, ProofEmail
from campaigns.previews import Choice, find_step, preview_email
from campaigns.routes import ask_route, begin_probe, end_probe, is_not_paused, note_outcomes
from delivery.base import Envelope, Outcome, OutcomeKind, Transport
from shop.models import Customer

MOST_AN_HOUR = 20
KEPT_FOR = timedelta(days=30)
GIVEN_UP_AFTER = timedelta(minutes=15)
TRIED_FOR = timedelta(hours=1)
TRIED_AGAIN_AFTER = timedelta(minutes=1)
NO_ROOM = "rate_limit"
SUBJECT_START = "[Test] "
_AT_ONCE = 10
_State = ProofEmail.State
_STATES = {OutcomeKind.ACCEPTED: _State.ACCEPTED, OutcomeKind.REJECTED: _State.REJECTED,
           OutcomeKind.UNKNOWN: _State.UNKNOWN}  # fmt: skip


class Asker(Protocol):
    pk: Any
    email: str


class ProofRefusedError(Exception):
    """Why there is no proof: `code` is no_address, too_many or render_failed, `detail` what went wrong."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail


def queue_proof(
    choice: Choice, context: Any, asker: Asker, now: datetime, *, about: Customer | None = None
) -> ProofEmail:
    """The proof, due at once, with what `preview_email` would show. Its links do nothing for a customer.

    It goes to the asker's own address and to no other. One `about` a customer goes when that customer is
    erased. Raises ProofRefusedError.
    """
    if not asker.email:
        raise ProofRefusedError("no_address")
    mine = ProofEmail.objects.filter(asked_by=asker.pk)
    if mine.filter(asked_at__gt=now - timedelta(hours=1)).count() >= MOST_AN_HOUR:
        raise ProofRefusedError("too_many")
    preview = preview_email(choice, context, checks=False)
    if preview.email is None:
        raise ProofRefusedError("render_failed", preview.problem)
    return ProofEmail.objects.create(
        template=choice.version.template,
        asked_by_id=asker.pk,
        about=about,
        recipient=asker.email,
        message_class=find_step(choice.version).campaign.message_class,
        language=preview.email.language,
        subject=f"{SUBJECT_START}{preview.email.subject}",
        html=preview.email.html,
        text=preview.email.text,
        asked_at=now,
        changed_at=now,
    )


def clear_old_proofs(now: datetime) -> int:
    """Forgets what was asked for more than 30 days ago; returns how many."""
    return ProofEmail.objects.filter(asked_at__lt=now - KEPT_FOR).delete()[0]


def send_proofs(now: datetime, transport: Transport) -> int:
    """Hands over the proofs that wait, ten at a time, unless the way out is closed; returns how many.

    One that can't leave is tried again a minute later at the earliest, and what it met with moves the route's
    breaker like any mail. Each takes its share of the rate limits, as an order email does. Of one that a
    worker left behind nobody can know: it is not sent again.
    """
    left = ProofEmail.objects.filter(state=_State.SENDING, changed_at__lt=now - GIVEN_UP_AFTER)
    left.update(state=_State.UNKNOWN, reason="worker_stopped", changed_at=now)
    is_due = Q(reason="") | Q(changed_at__lte=now - TRIED_AGAIN_AFTER)
    waiting = list(ProofEmail.objects.filter(is_due, state=_State.QUEUED).order_by("asked_at")[:_AT_ONCE])
    permit = ask_route(transport.name, now) if waiting else None
    if permit is None or (permit.is_probe and not begin_probe(transport.name, now)):
        return 0
    try:
        return _hand_over([proof for proof in waiting if _claim(proof, transport.name, now)], transport, now)
    finally:
        if permit.is_probe:
            end_probe(transport.name, now)


def _hand_over(proofs: Sequence[ProofEmail], transport: Transport, now: datetime) -> int:
    if proofs:
        outcomes = transport.send([_make_envelope(proof) for proof in proofs], now=now)
        _record(proofs, outcomes, now)
        note_outcomes(transport.name, outcomes, now)
    return len(proofs)


@transaction.atomic
def _claim(proof: ProofEmail, route: str, now: datetime) -> bool:
    """Whether it may leave: nobody else has it, nobody paused the route, and the limits have room."""
    queued = ProofEmail.objects.filter(is_not_paused(route), pk=proof.pk, state=_State.QUEUED)
    if not queued.update(state=_State.SENDING, changed_at=now):
        return False
    if take_one(proof.recipient, route, now):
        return True
    ProofEmail.objects.filter(pk=proof.pk).update(state=_State.QUEUED, reason=NO_ROOM)
    return False


def _record(proofs: Sequence[ProofEmail], outcomes: Sequence[Outcome], now: datetime) -> None:
    """What can't leave now waits for its turn again, for an hour."""
    for proof, outcome in zip(proofs, outcomes, strict=True):
        is_old = now - proof.asked_at > TRIED_FOR
        state = _STATES.get(outcome.kind, _State.REJECTED if is_old else _State.QUEUED)
        ProofEmail.objects.filter(pk=proof.pk, state=_State.SENDING).update(
            state=state, reason=outcome.reason[:40], detail=outcome.detail[:255], changed_at=now
        )


def _make_envelope(proof: ProofEmail) -> Envelope:
    config = settings.PAIRWELL
    is_marketing = proof.message_class == Campaign.MessageClass.MARKETING
    return Envelope(
        delivery_id=proof.pk,
        message_class=Campaign.MessageClass.TRANSACTIONAL,  # it was asked for, and offers no way out
        from_email=config["MARKETING_FROM_EMAIL"] if is_marketing else config["FROM_EMAIL"],
        from_name=config["SHOP_NAME"],
        to_email=proof.recipient,
        to_name="",
        subject=proof.subject,
        text=proof.text,
        html=proof.html,
        reply_to=config["SUPPORT_EMAIL"],
        category="proof",
    )
