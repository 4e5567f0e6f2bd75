"""SMTP with one question always answered: had the final dot left when it broke?

Before the dot the server can't have taken the message, so it is due again; after it nobody can know
(RFC 1047). The same exception of the standard library means both, so the phase is kept here.
"""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from datetime import datetime

from delivery.addresses import to_ascii_address
from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.dkim_signing import DkimSigner
from delivery.failpoints import reach
from delivery.mime import build_mime, message_id
from delivery.one_by_one import (
    OPERATION_SHARE,
    Line,
    OneByOneTransport,
    RouteError,
    TimeIsOverError,
    call_within,
)
from delivery.outcomes import MESSAGE_SECONDS, fail, postpone
from delivery.smtp_route import SETTING, SmtpRoute, parse_smtp_url

_LINE_DOT = re.compile(rb"^\.", re.MULTILINE)
_AUTH_CODES = frozenset({530, 534, 535, 538})


class SmtpTransport(OneByOneTransport):
    """Hands over through one connection kept for the batch, reopened when it is lost.

    `timeout` is the total for an email, in seconds, and never more than MESSAGE_SECONDS. With a `signer`
    each email is signed for the domain of its From.
    """

    name = "smtp"

    def __init__(
        self,
        url: str,
        *,
        timeout: float = MESSAGE_SECONDS,
        tls_context: ssl.SSLContext | None = None,
        signer: DkimSigner | None = None,
    ) -> None:
        super().__init__(timeout=timeout)
        self._signer = signer
        self._route = parse_smtp_url(url)
        self._tls_context = tls_context or ssl.create_default_context()

    def __repr__(self) -> str:
        return f"<SmtpTransport {self._route.host}:{self._route.port} {self._route.tls}>"

    def check(self) -> list[Problem]:
        """Connects, secures the connection, logs in and says goodbye."""
        line = self._open_line(datetime.now().astimezone())
        try:
            call_within(self._timeout, line.try_out)
        except RouteError as error:
            outcome = error.outcome
        except TimeIsOverError:
            outcome = line.give_up()
        else:
            return []
        return [Problem(SETTING, f"{outcome.reason}: {outcome.detail}")]

    def _open_line(self, now: datetime) -> "SmtpLine":
        seconds = self._timeout * OPERATION_SHARE
        return SmtpLine(self._route, self._tls_context, timeout=seconds, now=now, signer=self._signer)


class SmtpLine(Line):
    """A connection that is secured and logged in; never in clear text where that was not asked for."""

    def __init__(
        self,
        route: SmtpRoute,
        tls_context: ssl.SSLContext,
        *,
        timeout: float,
        now: datetime,
        signer: DkimSigner | None = None,
    ) -> None:
        super().__init__(now)
        self._signer = signer
        self._route = route
        self._tls_context = tls_context
        self._timeout = timeout
        self._server: smtplib.SMTP | None = None

    def hand_over(self, envelope: Envelope) -> Outcome:
        try:
            server = self._server if self._server and self._server.sock else self._connect()
            return self._converse(server, envelope)
        except OSError as error:  # SMTPException is one, too
            self._drop()
            return self._judge_break(error)
        except Exception:
            self._drop()
            raise

    def close(self) -> None:
        try:
            if self._server and self._server.sock:
                self._server.quit()
        except OSError:
            return  # it has left before us
        finally:
            self._drop()

    def interrupt(self) -> None:
        server = self._server  # once: the other thread may let go of it at any moment
        if server and (sock := server.sock):
            with suppress(OSError):
                # Not by the method of a TLS socket, which would first go back to clear text.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def try_out(self) -> None:
        """Connect and say goodbye. Raises RouteError."""
        self._connect()
        self.close()

    def _connect(self) -> smtplib.SMTP:
        try:
            self._server = server = self._open()
            if self.is_over:
                raise TimeIsOverError
            self._secure_and_login(server)
        except (OSError, ValueError) as error:  # SMTPException is an OSError
            self._drop()
            raise RouteError(_judge_connecting(error, self.now)) from None
        except Exception:
            self._drop()
            raise
        return server

    def _drop(self) -> None:
        if self._server:
            self._server.close()
        self._server = None

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
                raise RouteError(fail(OutcomeKind.ROUTE_DOWN, "starttls_missing", detail))
            server.starttls(context=self._tls_context)
            server.ehlo()
        if self._route.user:
            server.login(self._route.user, self._route.password)

    def _converse(self, server: smtplib.SMTP, envelope: Envelope) -> Outcome:
        sender, recipient = to_ascii_address(envelope.from_email), to_ascii_address(envelope.to_email)
        message = build_mime(envelope, now=self.now)
        if self._signer:
            message = self._signer.sign(message, domain=sender.rpartition("@")[2])
        mime = _LINE_DOT.sub(b"..", message)
        for verb, step in (("mail", f"MAIL FROM:<{sender}>"), ("rcpt", f"RCPT TO:<{recipient}>")):
            code, reply = server.docmd(step)
            if code not in (250, 251):
                return self._refused(server, code, reply, step=verb)
        code, reply = server.docmd("DATA")
        if code != 354:
            return self._refused(server, code, reply, step="data")
        server.send(mime)
        self.let_leave()
        server.send(b".\r\n")
        reach("after_bytes")
        code, reply = server.getreply()
        if code != 250:
            return self._refused(server, code, reply, step="dot")
        return Outcome(OutcomeKind.ACCEPTED, provider_id=message_id(envelope))

    def _refused(self, server: smtplib.SMTP, code: int, reply: bytes, *, step: str) -> Outcome:
        """A clear no. The transaction is reset, so that the next message starts clean."""
        detail = f"At {step.upper()}: {reply.decode('ascii', 'replace')}"
        if code == 421:
            self._drop()
        else:
            with suppress(OSError):  # it closes the connection itself; the answer stands
                server.rset()
        if 400 <= code < 500:
            return postpone(self.now, f"smtp_{code}", detail=detail)
        if code in _AUTH_CODES or (step == "mail" and code != 552):
            return fail(OutcomeKind.ROUTE_DOWN, f"smtp_{code}", detail)
        return fail(OutcomeKind.REJECTED, f"smtp_{code}", detail)

    def _judge_break(self, error: OSError) -> Outcome:
        timed_out = _is_timeout(error)
        if self.may_have_left:
            reason = "timeout_after_dot" if timed_out else "lost_after_dot"
            return fail(OutcomeKind.UNKNOWN, reason, "The message was out, its receipt never came.")
        reason = "timeout" if timed_out else "connection_lost"
        return postpone(self.now, reason, detail="Broken off before the message was complete.")


def _judge_connecting(error: Exception, now: datetime) -> Outcome:
    """What a failure before any message means."""
    match error:
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
