"""Every other provider through django-anymail: one email at a time, its exceptions read as outcomes."""

import logging
import ssl
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import quote
from typing import Any

from anymail import exceptions as errors
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives, get_connection

from delivery.addresses import to_ascii_address
from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.configuration import ConfigurationError
from delivery.delivery_id import DELIVERY_ARG
from delivery.one_by_one import OPERATION_SHARE, Line, OneByOneTransport, RouteError
from delivery.outcomes import MESSAGE_SECONDS, fail, judge_status, postpone

logger = logging.getLogger(__name__)

SETTING = "PAIRWELL_ANYMAIL_BACKEND"
# By name: these classes belong to the HTTP package of Anymail, which is not ours to import.
_NEVER_CONNECTED = frozenset({"NewConnectionError", "NameResolutionError", "ConnectTimeoutError"})


class AnymailTransport(OneByOneTransport):
    """Hands over through an email backend of Anymail, such as ``anymail.backends.postmark.EmailBackend``.

    `options` are passed to the backend; what is missing there comes from Django's ANYMAIL setting.
    `timeout` is the total for an email, in seconds, and never more than MESSAGE_SECONDS; a longer timeout of
    the backend is cut. Receivers of Anymail's signals run in the thread of the email. Tracking is left to
    the provider's account: switch it off there.
    """

    name = "anymail"

    def __init__(self, backend: str, *, timeout: float = MESSAGE_SECONDS, **options: object) -> None:
        super().__init__(timeout=timeout)
        if not backend:
            mend = "Name a backend, such as anymail.backends.postmark.EmailBackend."
            raise ConfigurationError(SETTING, "No backend is named.", mend=mend)
        self._backend = backend
        self._options = options

    def __repr__(self) -> str:
        return f"<AnymailTransport {self._backend}>"

    def check(self) -> list[Problem]:
        """Whether the backend exists and has its settings, offline."""
        try:
            self._connect()
        except (ImproperlyConfigured, ImportError) as error:
            return [Problem(SETTING, f"{self._backend} can't be used: {error}")]
        return []

    def _open_line(self, now: datetime) -> Line:
        return _BackendLine(self._connect, now)

    def _connect(self) -> Any:  # backends share no type beyond Django's untyped base class
        connection: Any = get_connection(self._backend, fail_silently=False, **self._options)
        own, longest = getattr(connection, "timeout", None), self._timeout * OPERATION_SHARE
        if isinstance(own, int | float):
            connection.timeout = min(own, longest)
        return connection


class _BackendLine(Line):
    """A backend, whose phases nobody can see: from its first call on, the email may have left."""

    def __init__(self, connect: Callable[[], Any], now: datetime) -> None:
        super().__init__(now)
        self._connect = connect
        self._connection: Any = None

    def hand_over(self, envelope: Envelope) -> Outcome:
        try:
            outcome = self._send(envelope)
        except Exception:
            self.close()
            raise
        if self.is_over:  # nobody waits any more, so nobody else closes it
            self.close()
        return outcome

    def close(self) -> None:
        if self._connection:
            self._connection.close()

    def interrupt(self) -> None:
        """No backend has a way; its own timeouts end it, or the provider does."""

    def _send(self, envelope: Envelope) -> Outcome:
        try:
            self._connection = connection = self._connection or self._connect()
        except (ImproperlyConfigured, ImportError):
            detail = "The backend is not configured. Run the checks to see what is missing."
            raise RouteError(fail(OutcomeKind.ROUTE_DOWN, "configuration", detail)) from None
        message = _build_message(envelope)
        self.let_leave()
        try:
            connection.open()  # kept for the batch: without effect when it is open
            sent = connection.send_messages([message])
        except Exception as error:  # noqa: BLE001 a backend may raise anything, and the caller must get an outcome
            logger.warning("%s raised %s", type(connection).__module__, type(error).__name__)
            return _judge_error(error, now=self.now)
        if not sent:
            return fail(OutcomeKind.REJECTED, "cancelled", "A pre_send receiver or the backend held it back.")
        return _judge_success(getattr(message, "anymail_status", None))


def _judge_success(status: Any) -> Outcome:
    """What Anymail noted beside "sent"; a backend that is not Anymail's notes nothing."""
    kinds = set(getattr(status, "status", None) or ())
    if kinds & {"rejected", "invalid", "failed"}:
        return fail(OutcomeKind.REJECTED, "recipient_refused", "The provider refuses this recipient.")
    if "unknown" in kinds:
        return fail(OutcomeKind.UNKNOWN, "status_unknown", "The provider did not say what became of it.")
    provider_id = getattr(status, "message_id", None)
    return Outcome(OutcomeKind.ACCEPTED, provider_id=provider_id if isinstance(provider_id, str) else "")


def _build_message(envelope: Envelope) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(
        subject=envelope.subject,
        body=envelope.text,
        from_email=_mailbox(envelope.from_name, envelope.from_email),
        to=[_mailbox(envelope.to_name, envelope.to_email)],
        reply_to=[to_ascii_address(envelope.reply_to)] if envelope.reply_to else None,
        headers={**envelope.headers, "Auto-Submitted": "auto-generated"},
    )
    if envelope.html:
        message.attach_alternative(envelope.html, "text/html")
    extras: dict[str, object] = {"metadata": {DELIVERY_ARG: str(envelope.delivery_id)}}
    if envelope.category:
        extras["tags"] = [envelope.category]
    vars(message).update(extras)  # attributes that Anymail looks for and Django doesn't know
    return message


def _mailbox(name: str, address: str) -> str:
    return f'"{quote(name)}" <{to_ascii_address(address)}>' if name else to_ascii_address(address)


def _judge_error(error: Exception, *, now: datetime) -> Outcome:
    match error:
        case errors.AnymailRecipientsRefused():
            return fail(OutcomeKind.REJECTED, "recipient_refused", "The provider refuses this recipient.")
        case errors.AnymailInvalidAddress() | errors.AnymailSerializationError():
            return fail(OutcomeKind.REJECTED, "invalid", "Anymail can't write this email for the provider.")
        case errors.AnymailUnsupportedFeature():
            detail = "The provider lacks something that Pairwell uses (headers, metadata or tags)."
            return fail(OutcomeKind.ROUTE_DOWN, "unsupported", detail)
        case errors.AnymailConfigurationError():
            return fail(OutcomeKind.ROUTE_DOWN, "configuration", "The backend lacks a setting.")
    if status := _read_status(error):
        response = getattr(error, "response", None)
        headers = getattr(response, "headers", None) or {}
        return judge_status(status, headers, detail=str(getattr(response, "text", ""))[:1000], now=now)
    if any(_says_never_connected(cause) for cause in _causes(error)):
        return postpone(now, "connect_failed", detail="The provider could not be reached.")
    return fail(OutcomeKind.UNKNOWN, "lost_after_bytes", f"Broke off with {type(error).__name__}.")


def _read_status(error: Exception) -> int:
    """The HTTP status in the error, or 0. Amazon answers throttling with 400, so its code is read, too."""
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        code = str(response.get("Error", {}).get("Code", ""))
        status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
        return 429 if "throttl" in code.lower() or "toomanyrequests" in code.lower() else status
    return int(getattr(error, "status_code", None) or 0)


def _causes(error: BaseException, depth: int = 0) -> Iterator[BaseException]:
    """The error and whatever it wraps, by cause, argument or reason."""
    yield error
    inner = (error.__cause__, error.__context__, getattr(error, "reason", None), *error.args)
    for cause in inner if depth < 6 else ():
        if isinstance(cause, BaseException):
            yield from _causes(cause, depth + 1)


def _says_never_connected(error: BaseException) -> bool:
    return type(error).__name__ in _NEVER_CONNECTED or isinstance(error, ssl.SSLCertVerificationError)
