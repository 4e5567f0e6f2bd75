"""What happened to a message or a customer, in order, in words: pure assembly from rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from audience.models import ConsentEntry
from campaigns.models import Message, MessageEvent, MessageOutcome, SendBatch
from dashboard.formatting import format_moment, localise_digits
from dashboard.reasons import explain_reason
from dashboard.words import find_word
from shop.models import Event
from triggers.models import Enrolment

# Its batch left without it.
_REFUSED = frozenset({Message.Status.SKIPPED, Message.Status.HELD_OUT})


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a timeline. `code` gives the colour; a message, where there is one, leads to more."""

    at: datetime
    icon: str
    title: str
    detail: str = ""
    code: str = ""
    message: Message | None = None
    is_machine: bool = False


def tell_message(
    message: Message, outcomes: Iterable[MessageOutcome], events: Iterable[MessageEvent]
) -> list[Moment]:
    """The life of one message, oldest first."""
    moments = [Moment(message.queued_at, "wait", find_word("message", "queued"), code="queued")]
    moments += _tell_judging(message)
    moments += _tell_batch(message)
    moments += [_tell_outcome(outcome) for outcome in outcomes]
    moments += [_tell_reaction(event) for event in events]
    return sorted(moments, key=lambda moment: moment.at)


def tell_customer(
    *,
    events: Iterable[Event],
    enrolments: Iterable[Enrolment],
    messages: Iterable[Message],
    consents: Iterable[ConsentEntry],
) -> list[Moment]:
    """Everything known of one customer, newest first. Messages come `with_status`."""
    moments = [_tell_event(event) for event in events]
    moments += [_tell_enrolment(enrolment) for enrolment in enrolments]
    moments += [_tell_sending(message) for message in messages]
    moments += [_tell_consent(entry) for entry in consents]
    return sorted(moments, key=lambda moment: moment.at, reverse=True)


def _tell_judging(message: Message) -> list[Moment]:
    """It was found that it may be sent, and it was put together; a refusal is an outcome with its reason."""
    rendered = getattr(message, "rendered", None)
    if rendered is None or status_of(message) in _REFUSED:
        return []
    detail = _("Consent, limits, hours and the reason to write were fine.")
    return [Moment(rendered.created_at, "shield", _("Checked and put together"), detail=detail)]


def _tell_batch(message: Message) -> list[Moment]:
    """Where its batch is, as far as that says something about this message."""
    batch = message.batch
    if batch is None:
        return []
    number = {"number": localise_digits(str(batch.pk))}
    moments = []
    if batch.submitted_at and status_of(message) not in _REFUSED:
        detail = _("By %(route)s, in batch %(number)s.") % (number | {"route": batch.route or "–"})
        moments.append(Moment(batch.submitted_at, "forward", _("Handing over began"), detail=detail))
    if batch.state == SendBatch.State.DONE and batch.finished_at and not message.is_closed:
        title = find_word("message", "accepted")
        moments.append(Moment(batch.finished_at, "messages", title, code="accepted"))
    elif batch.state == SendBatch.State.CANCELLED and batch.finished_at:
        moments.append(_tell_end(batch, batch.finished_at))
    elif batch.state in SendBatch.UNCLAIMED and batch.reason and not message.is_closed:
        title = _("Waits until %(until)s") % {"until": format_moment(batch.due_at)}
        at = max(message.queued_at, message.due_at)
        moments.append(Moment(at, "wait", title, detail=explain_reason(batch.reason), code="deferred"))
    return moments


def _tell_end(batch: SendBatch, at: datetime) -> Moment:
    title = find_word("message", "skipped")
    return Moment(at, "shield", title, detail=explain_reason(batch.reason), code="skipped")


def _tell_outcome(outcome: MessageOutcome) -> Moment:
    title = find_word("message", outcome.kind)
    detail = explain_reason(outcome.reason)
    if outcome.kind == MessageOutcome.Kind.DEFERRED and outcome.until:
        again = _("Again from %(until)s.") % {"until": format_moment(outcome.until)}
        detail = f"{detail} {again}"
    return Moment(outcome.at, "shield", title, detail=detail, code=outcome.kind)


def _tell_reaction(event: MessageEvent) -> Moment:
    return Moment(
        event.occurred_at,
        "bolt",
        find_word("reaction", event.kind),
        detail=event.link.url if event.link else _explain_bounce(event),
        code=event.kind,
        is_machine=event.is_machine,
    )


def _explain_bounce(event: MessageEvent) -> str:
    """Our words for the class of a bounce, then the mailbox's own."""
    bounced = find_word("bounce", str(event.detail.get("bounce_class", "")))
    said = str(event.detail.get("response") or event.detail.get("reason") or "")
    return " ".join(filter(None, [bounced, said]))


def _tell_event(event: Event) -> Moment:
    if event.order:
        detail = _("Order %(number)s") % {"number": event.order.external_id}
    else:
        detail = _("Cart %(number)s") % {"number": event.cart.external_id} if event.cart else ""
    return Moment(event.occurred_at, "cart", find_word("event", event.kind), detail=detail, code=event.kind)


def _tell_enrolment(enrolment: Enrolment) -> Moment:
    title = _("%(trigger)s: %(state)s") % {
        "trigger": enrolment.trigger.name,
        "state": find_word("enrolment", enrolment.state),
    }
    detail = explain_reason(enrolment.reason)
    return Moment(enrolment.entered_at, "bolt", title, detail=detail, code=enrolment.state)


def _tell_sending(message: Message) -> Moment:
    title = _("%(campaign)s: %(status)s") % {
        "campaign": message.step.campaign.name,
        "status": find_word("message", status_of(message)),
    }
    detail = explain_reason(reason_of(message)) or subject_of(message)
    return Moment(
        message.queued_at, "messages", title, detail=detail, code=status_of(message), message=message
    )


def _tell_consent(entry: ConsentEntry) -> Moment:
    detail = _("Basis: %(basis)s. Source: %(source)s.") % {
        "basis": find_word("consent", entry.basis),
        "source": entry.source.replace("_", " "),
    }
    title = find_word("consent", entry.state)
    return Moment(entry.occurred_at, "shield", title, detail=detail, code=entry.state)


def subject_of(message: Message) -> str:
    """The subject it was rendered with; empty for one that never was."""
    rendered = getattr(message, "rendered", None)
    return rendered.subject if rendered else ""


def status_of(message: Message) -> str:
    """What became of a message that was read `with_status`."""
    return str(getattr(message, "status", "") or Message.Status.ACCEPTED)


def reason_of(message: Message) -> str:
    """The reason code of a message that was read `with_status`; empty for one that was sent."""
    return str(getattr(message, "reason", "") or "")
