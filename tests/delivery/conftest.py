"""Every transport over its real wire, as one kind of thing that the contract can be put to."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from delivery.anymail import AnymailTransport
from delivery.base import Transport
from delivery.preview import PreviewTransport
from delivery.sendgrid import SendGridTransport
from delivery.smtp import SmtpTransport
from tests.delivery.memory_store import MemoryStore
from tests.servers.http_server import Answer, HttpServer, Request
from tests.servers.sendgrid_server import SendGridServer
from tests.servers.smtp_server import SmtpServer

POSTMARK = "anymail.backends.postmark.EmailBackend"
CANARY = "SG.canarycanarycanary.canarycanarycanarycanary"


@dataclass(frozen=True, slots=True)
class Wire:
    """A transport and how many emails really arrived at the other end."""

    transport: Transport
    count_arrived: Callable[[], int]


@contextmanager
def open_preview() -> Iterator[Wire]:
    store = MemoryStore()
    yield Wire(PreviewTransport(store), lambda: len(store.mails))


@contextmanager
def open_smtp() -> Iterator[Wire]:
    with SmtpServer() as server:
        transport = SmtpTransport(f"smtp://127.0.0.1:{server.port}?tls=none", timeout=30)
        yield Wire(transport, lambda: len(server.mails))


@contextmanager
def open_sendgrid() -> Iterator[Wire]:
    with SendGridServer() as server:
        yield Wire(SendGridTransport(CANARY, server.url, timeout=30), lambda: len(server.accepted))


@contextmanager
def open_anymail() -> Iterator[Wire]:
    with HttpServer(answer_as_postmark) as server:
        transport = AnymailTransport(POSTMARK, server_token=CANARY, api_url=server.url)
        yield Wire(transport, lambda: len(server.received))


def answer_as_postmark(request: Request) -> Answer:
    to = json.loads(request.body)["To"]
    answer = {"ErrorCode": 0, "Message": "OK", "MessageID": "postmark-1", "To": to}
    return Answer(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})


WIRES = {"preview": open_preview, "smtp": open_smtp, "sendgrid": open_sendgrid, "anymail": open_anymail}


@pytest.fixture(params=sorted(WIRES))
def wire(request: pytest.FixtureRequest) -> Iterator[Wire]:
    with WIRES[request.param]() as opened:
        yield opened


@pytest.fixture
def sendgrid_server() -> Iterator[SendGridServer]:
    with SendGridServer() as server:
        yield server


@pytest.fixture
def smtp_server() -> Iterator[SmtpServer]:
    with SmtpServer() as server:
        yield server


@pytest.fixture
def postmark_server() -> Iterator[HttpServer]:
    with HttpServer(answer_as_postmark) as server:
        yield server
