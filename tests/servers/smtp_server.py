"""A local SMTP server on aiosmtpd that keeps what it got and misbehaves on request.

Given certificates it offers STARTTLS, or speaks TLS from the first byte with `implicit`. Given a user and a
password, too, it wants a login after that.
"""

import asyncio
import datetime
import ipaddress
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class SmtpFault(StrEnum):
    RCPT_450 = "450 at RCPT"
    RCPT_550 = "550 at RCPT"
    MAIL_550 = "550 at MAIL"
    DATA_452 = "452 after the dot"
    DATA_552 = "552 after the dot"
    SHUT_421 = "421 after the dot"
    DROP_BEFORE_DOT = "drops the connection before the dot"
    HANG_AFTER_DOT = "takes the message and says nothing"
    DROP_AFTER_DOT = "takes the message and drops the connection"


@dataclass(frozen=True, slots=True)
class Mail:
    sender: str
    recipients: tuple[str, ...]
    content: bytes
    was_encrypted: bool


class SmtpServer:
    """Listens on a free port of 127.0.0.1 while the context is open. `mails` are those it took over."""

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
        login: tuple[str, str] | None = None,
    ) -> None:
        self.mails: list[Mail] = []
        self.connections = 0
        self._faults: deque[SmtpFault | None] = deque()
        self._login = login
        self.is_implicit = implicit
        self._controller = _Controller(self, tls, implicit=implicit)

    def fail_next(self, *faults: SmtpFault | None) -> None:
        """The next messages meet these, one each, in this order; None lets one pass."""
        self._faults.extend(faults)

    @property
    def port(self) -> int:
        return self._controller.port

    def __enter__(self) -> Self:
        self._controller.start()
        self.connections = 0  # the library has tried the door itself
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._controller.stop()

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        if isinstance(data, LoginPassword) and self._login:
            given = (data.login.decode(), data.password.decode())
            return AuthResult(success=given == self._login, handled=given == self._login)
        return AuthResult(success=False, handled=False)

    @property
    def wants_login(self) -> bool:
        return self._login is not None

    def take_fault(self) -> SmtpFault | None:
        return self._faults.popleft() if self._faults else None

    def note_fault(self, fault: SmtpFault, recipient: str) -> None:
        """The message for this recipient met the fault."""

    def keep(self, mail: Mail) -> None:
        """The message is ours now; the client has not heard of it yet."""
        self.mails.append(mail)


class _Controller(Controller):
    def __init__(self, owner: SmtpServer, tls: ssl.SSLContext | None, *, implicit: bool) -> None:
        self._owner = owner
        self._starttls = None if implicit else tls
        implicit_tls = tls if implicit else None
        super().__init__(_Handler(owner), hostname="127.0.0.1", port=0, ssl_context=implicit_tls)

    def factory(self) -> SMTP:
        self._owner.connections += 1
        return _FaultySmtp(
            self.handler,
            hostname="127.0.0.1",
            tls_context=self._starttls,
            authenticator=self._owner.authenticate,
            auth_required=self._owner.wants_login,
        )

    def _trigger_server(self) -> None:
        """The library tries the port that it was given, 0; the real one is known only now."""
        assert isinstance(self.server, asyncio.Server)
        self.port = int(self.server.sockets[0].getsockname()[1])
        with socket.create_connection(("127.0.0.1", self.port), 1) as probe:
            if not self.ssl_context:
                probe.recv(1024)


class _Handler:
    """The hooks of aiosmtpd. A fault is drawn when a message begins and kept in its envelope."""

    def __init__(self, owner: SmtpServer) -> None:
        self._owner = owner

    async def handle_MAIL(  # noqa: N802 aiosmtpd names its hooks so
        self, _server: SMTP, _session: Session, envelope: Any, address: str, _options: list[str]
    ) -> str:
        envelope.fault = self._owner.take_fault()
        if envelope.fault is SmtpFault.MAIL_550:
            return "550 5.7.1 this sender may not"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 the same
        self, _server: SMTP, _session: Session, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if envelope.fault is not None:
            self._owner.note_fault(envelope.fault, address)
        if envelope.fault is SmtpFault.RCPT_450:
            return f"450 4.2.1 <{address}> try later"
        if envelope.fault is SmtpFault.RCPT_550:
            return f"550 5.1.1 <{address}> unknown"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 the same
        self, server: SMTP, session: Session, envelope: Any
    ) -> str:
        match envelope.fault:
            case SmtpFault.DATA_452:
                return "452 4.3.1 no room"
            case SmtpFault.DATA_552:
                return "552 5.3.4 too big"
            case SmtpFault.SHUT_421:
                return "421 4.3.2 going down"
        was_encrypted = session.ssl is not None or self._owner.is_implicit
        mail = Mail(envelope.mail_from, tuple(envelope.rcpt_tos), envelope.content, was_encrypted)
        self._owner.keep(mail)
        if envelope.fault is SmtpFault.HANG_AFTER_DOT:
            await asyncio.Event().wait()  # cancelled when the client goes away
        if envelope.fault is SmtpFault.DROP_AFTER_DOT and server.transport:
            server.transport.close()
        return "250 OK"


class _FaultySmtp(SMTP):
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 the same
        if getattr(self.envelope, "fault", None) is SmtpFault.DROP_BEFORE_DOT and self.transport:
            self.transport.close()
            return
        await super().smtp_DATA(arg)


def make_tls_contexts(directory: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context with a fresh certificate for 127.0.0.1, and a client's that trusts it alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = directory / "server.pem", directory / "server.key"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(pem, key_pem)
    return server, ssl.create_default_context(cafile=str(pem))
