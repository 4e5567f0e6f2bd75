"""Why a customer got, or did not get, the emails of a campaign: one sentence an occasion, from rows alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.translation import gettext as _

from campaigns.models import Message
from dashboard.formatting import format_moment
from dashboard.reasons import explain_reason
from dashboard.timelines import reason_of, status_of, subject_of
from triggers.models import Enrolment


@dataclass(frozen=True, slots=True)
class Answer:
    """`verdict` is yes, no or not_yet; `sentence` says why in plain words."""

    verdict: str
    sentence: str
    at: datetime | None = None
    message: Message | None = None


_LONG_AGO = datetime.min.replace(tzinfo=UTC)
_LATER = {Message.Status.QUEUED, Message.Status.SENDING, Message.Status.DEFERRED}


def explain_campaign(
    messages: Sequence[Message], enrolments: Sequence[Enrolment], *, starts: Sequence[str]
) -> list[Answer]:
    """One answer for each occasion, newest first; a single answer where nothing ever happened.

    `messages` come `with_status`; `starts` are the sentences of the campaign's triggers. Enrolments
    that led to a message are told by the message.
    """
    told = {(message.order_id, message.cart_id) for message in messages}
    answers = [explain_message(message) for message in messages]
    answers += [explain_enrolment(e) for e in enrolments if (e.order_id, e.cart_id) not in told]
    if not answers:
        return [explain_silence(starts)]
    return sorted(answers, key=lambda answer: answer.at or _LONG_AGO, reverse=True)


def explain_message(message: Message) -> Answer:
    status = status_of(message)
    reason = explain_reason(reason_of(message))
    if status == Message.Status.ACCEPTED:
        return Answer("yes", _tell_sent(message), message.queued_at, message)
    if status in _LATER:
        return Answer("not_yet", _tell_later(message.due_at, reason), message.queued_at, message)
    if status == Message.Status.UNKNOWN:
        sentence = _("Perhaps. %(reason)s") % {"reason": reason}
        return Answer("not_yet", sentence, message.queued_at, message)
    return Answer("no", _("No. %(reason)s") % {"reason": reason}, message.queued_at, message)


def explain_enrolment(enrolment: Enrolment) -> Answer:
    if enrolment.state == Enrolment.State.WAITING and enrolment.due_at:
        return Answer("not_yet", _tell_later(enrolment.due_at, ""), enrolment.entered_at)
    reason = explain_reason(enrolment.reason)
    return Answer("no", _("No. %(reason)s") % {"reason": reason}, enrolment.entered_at)


def explain_silence(starts: Iterable[str]) -> Answer:
    """For a customer to whom nothing happened that any trigger of the campaign waits for."""
    joined = "; ".join(starts)
    if not joined:
        return Answer("no", _("No. No trigger starts this campaign."))
    sentence = _(
        "No. Nothing that starts this campaign has happened to this customer. It starts: %(starts)s."
    )
    return Answer("no", sentence % {"starts": joined})


def _tell_sent(message: Message) -> str:
    about = _tell_subject_matter(message)
    sentence = _("Yes. “%(subject)s” was sent for %(about)s.") if about else _("Yes. “%(subject)s” was sent.")
    return sentence % {"subject": subject_of(message), "about": about}


def _tell_subject_matter(message: Message) -> str:
    if message.order:
        return _("order %(number)s") % {"number": message.order.external_id}
    return _("cart %(number)s") % {"number": message.cart.external_id} if message.cart else ""


def _tell_later(due_at: datetime, reason: str) -> str:
    sentence = _("Not yet. It is due on %(moment)s. %(reason)s")
    return (sentence % {"moment": format_moment(due_at), "reason": reason}).strip()
