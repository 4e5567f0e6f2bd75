"""SMTP with one question always answered: had the final dot left when it broke?

Before the dot the server can't have taken the message, so it is due again; after it nobody can know
(RFC 1047). The same exception of the standard library means both, so the phase is kept here.
"""

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from uuid import UUID

from delivery.addresses import to_ascii_address
from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.mime import build_mime, message_id
from delivery.outcomes import BATCH_SECONDS, Breaker, fail, judge_valid, postpone
from delivery.smtp_route import SETTING, parse_smtp_url
from delivery.validation import find_problems

_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
_AUTH_CODES = frozenset({530, 534, 535, 538})


class _RouteError(Exception):
    """The server and we don't come together; `outcome` holds for every envelope left."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class SmtpTransport:
    """Hands over through one connection kept for the batch, reopened when it is lost."""

    name = "smtp"

    def __init__(self, url: str, *, timeout: float = 30, tls_context: ssl.SSLContext | None = None) -> None:
        self._route = parse_smtp_url(url)
        self._timeout = timeout
        self._tls_context = tls_context or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"<SmtpTransport {self._route.host}:{self._route.port} {self._route.tls}>"

    def validate(self, envelope: Envelope) -> list[Problem]:
        return find_problems(envelope)

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        return judge_valid(envelopes, self.validate, lambda valid: self._send_all(valid, now))

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        """SMTP can't be asked."""
        del delivery_ids
        return None

    def check(self) -> list[Problem]:
        """Connects, secures the connection, logs in and says goodbye."""
        try:
            _hang_up(self._connect(datetime.now().astimezone()))
        except _RouteError as error:
            return [Problem(SETTING, f"{error.outcome.reason}: {error.outcome.detail}")]
        return []

    def _send_all(self, envelopes: list[Envelope], now: datetime) -> list[Outcome]:
        breaker, outcomes = Breaker(now), list[Outcome]()
        ends_at = time.monotonic() + BATCH_SECONDS
        server: smtplib.SMTP | None = None
        for envelope in envelopes:
            if time.monotonic() > ends_at:
                breaker.verdict = breaker.verdict or postpone(now, "batch_time_over")
            if breaker.verdict:
                outcomes.append(breaker.verdict)
                continue
            try:
                server = server or self._connect(now)
                outcome, is_open = _Handover(server, now).send(envelope)
            except _RouteError as error:
                outcome, is_open, breaker.verdict = error.outcome, False, error.outcome
            breaker.note(outcome)
            outcomes.append(outcome)
            if not is_open and server:
                server.close()
                server = None
        if server:
            _hang_up(server)
        return outcomes

    def _connect(self, now: datetime) -> smtplib.SMTP:
        """A secured, logged-in connection. Raises _RouteError; never falls back to clear text."""
        server: smtplib.SMTP | None = None
        try:
            server = self._open()
            self._secure_and_login(server)
        except (OSError, ValueError, _RouteError) as error:  # SMTPException is an OSError
            if server:
                server.close()
            raise _RouteError(_judge_connecting(error, now)) from None
        return server

    def _open(self) -> smtplib.SMTP:
        host, port = self._route.host, self._route.port
        ours = socket.gethostname()  # the library's default asks the DNS, which may hang
        if self._route.tls == "implicit":
            return smtplib.SMTP_SSL(host, port, ours, timeout=self._timeout, context=self._tls_context)
        return smtplib.SMTP(host, port, ours, timeout=self._timeout)

    def _secure_and_login(self, server: smtplib.SMTP) -> None:
        if server.sock:  # body and dot are two writes: with Nagle's delay, 25 emails a second at most
            server.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server.ehlo_or_helo_if_needed()
        if self._route.tls == "starttls":
            if not server.has_extn("starttls"):
                detail = "The server does not offer STARTTLS. Use smtps:// or another port."
                raise _RouteError(fail(OutcomeKind.ROUTE_DOWN, "starttls_missing", detail))
            server.starttls(context=self._tls_context)
            server.ehlo()
        if self._route.user:
            server.login(self._route.user, self._route.password)


def _judge_connecting(error: Exception, now: datetime) -> Outcome:
    """What a failure before any message means."""
    match error:
        case _RouteError():
            return error.outcome
        case smtplib.SMTPNotSupportedError():
            detail = "The server offers no login that we know. Check the port and the address."
            return fail(OutcomeKind.ROUTE_DOWN, "login_not_offered", detail)
        case smtplib.SMTPResponseException(smtp_code=code) if 400 <= code < 500:
            return postpone(now, f"smtp_{code}", detail="The server asks to come back later.")
        case smtplib.SMTPAuthenticationError(smtp_code=code):
            return fail(OutcomeKind.ROUTE_DOWN, f"smtp_{code}", "The server refuses our user or password.")
        case smtplib.SMTPResponseException(smtp_code=code):
            return fail(OutcomeKind.ROUTE_DOWN, f"smtp_{code}", "The server does not talk to us.")
        case ssl.SSLError():
            return postpone(now, "tls_failed", detail="The connection could not be secured.")
        case OSError() if _is_timeout(error):
            return postpone(now, "timeout", detail="The server did not answer in time.")
    return postpone(now, "connect_failed", detail="The server could not be reached.")


def _is_timeout(error: OSError) -> bool:
    """The library reports some timeouts as a lost connection whose text holds the reason."""
    return isinstance(error, TimeoutError) or "timed out" in str(error)


def _hang_up(server: smtplib.SMTP) -> None:
    with suppress(OSError):
        server.quit()
    server.close()


class _Handover:
    """One message over an open connection."""

    def __init__(self, server: smtplib.SMTP, now: datetime) -> None:
        self._server = server
        self._now = now
        self._is_dot_sent = False

    def send(self, envelope: Envelope) -> tuple[Outcome, bool]:
        """The outcome, and whether the connection can still be used."""
        try:
            return self._converse(envelope), self._server.sock is not None
        except OSError as error:  # SMTPException is one, too
            timed_out = _is_timeout(error)
            if self._is_dot_sent:
                reason = "timeout_after_dot" if timed_out else "lost_after_dot"
                return fail(
                    OutcomeKind.UNKNOWN, reason, "The message was out, its receipt never came."
                ), False
            reason = "timeout" if timed_out else "connection_lost"
            return postpone(self._now, reason, detail="Broken off before the message was complete."), False

    def _converse(self, envelope: Envelope) -> Outcome:
        sender, recipient = to_ascii_address(envelope.from_email), to_ascii_address(envelope.to_email)
        for verb, step in (("mail", f"MAIL FROM:<{sender}>"), ("rcpt", f"RCPT TO:<{recipient}>")):
            code, reply = self._server.docmd(step)
            if code not in (250, 251):
                return self._refused(code, reply, step=verb)
        code, reply = self._server.docmd("DATA")
        if code != 354:
            return self._refused(code, reply, step="data")
        self._server.send(_LINE_DOT.sub(b"..", build_mime(envelope, now=self._now)))
        self._is_dot_sent = True
        self._server.send(b".\r\n")
        code, reply = self._server.getreply()
        if code != 250:
            return self._refused(code, reply, step="dot")
        return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id(envelope))

    def _refused(self, code: int, reply: bytes, *, step: str) -> Outcome:
        """A clear no. The transaction is reset, so that the next message starts clean."""
        detail = f"At {step.upper()}: {reply.decode('ascii', 'replace')}"
        if code == 421:
            self._server.close()
        else:
            with suppress(OSError):  # it closes the connection itself; the answer stands
                self._server.rset()
        if 400 <= code < 500:
            return postpone(self._now, f"smtp_{code}", detail=detail)
        if code in _AUTH_CODES or (step == "mail" and code != 552):
            return fail(OutcomeKind.ROUTE_DOWN, f"smtp_{code}", detail)
        return fail(OutcomeKind.REJECTED, f"smtp_{code}", detail)
