"""A local HTTP server that keeps what it got and misbehaves on request."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Misbehaviour(StrEnum):
    HANG = "hang"  # reads the request and says nothing until the server stops
    CLOSE = "close"  # reads the request, accepts it, and hangs up without an answer
    HALF_HEAD = "half_head"  # accepts, and breaks off inside the status line
    HALF_BODY = "half_body"  # accepts, and breaks off inside the body that the head announced
    DRIP = "drip"  # accepts, and sends a byte of its answer now and then, without end


Fault = Answer | Misbehaviour


class HttpServer:
    """Answers on a free port of 127.0.0.1 while the context is open.

    `answer` decides what a request gets; `fail_next` and `fail_always` put faults before it. Requests in
    `received` are in order of arrival; those that met a faulty answer are among them.
    """

    def __init__(self, answer: Callable[[Request], Answer], *, port: int = 0) -> None:
        self._answer = answer
        self._faults: deque[Fault] = deque()
        self._standing_fault: Fault | None = None
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.received: list[Request] = []
        self.connections = 0
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail_next(self, *faults: Fault) -> None:
        """The next requests meet these, one each, in this order."""
        with self.lock:
            self._faults.extend(faults)

    def fail_always(self, fault: Fault | None) -> None:
        """Every request meets this until None is given."""
        self._standing_fault = fault

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def take_fault(self) -> Fault | None:
        with self.lock:
            return self._faults.popleft() if self._faults else self._standing_fault

    def choose_fault(self, request: Request) -> Fault | None:  # noqa: ARG002 (for servers that look at it)
        """What this request meets instead of its answer."""
        return self.take_fault()

    def decide(self, request: Request) -> Answer:
        """The regular answer; a fault after acceptance still records what was accepted."""
        return self._answer(request)


class _Handler(BaseHTTPRequestHandler):
    owner: HttpServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        with self.owner.lock:
            self.owner.connections += 1

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Request(self.command, self.path, self.headers, body)
        with self.owner.lock:
            self.owner.received.append(request)
        match self.owner.choose_fault(request):
            case None:
                self._write(self.owner.decide(request))
            case Answer() as answer:
                self._write(answer)
            case Misbehaviour() as misbehaviour:
                self._misbehave(misbehaviour, request)

    def _write(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def _misbehave(self, misbehaviour: Misbehaviour, request: Request) -> None:
        self.close_connection = True
        if misbehaviour is Misbehaviour.HANG:
            self.owner.stopping.wait(60)
            return
        accepted = self.owner.decide(request)
        if misbehaviour is Misbehaviour.HALF_HEAD:
            self.wfile.write(f"HTTP/1.1 {accepted.status} Acc".encode())
        elif misbehaviour is Misbehaviour.HALF_BODY:
            head = "".join(f"{name}: {value}\r\n" for name, value in accepted.headers.items())
            start = f"HTTP/1.1 {accepted.status} OK\r\n{head}Content-Length: 50\r\n\r\nhalf"
            self.wfile.write(start.encode())
        elif misbehaviour is Misbehaviour.DRIP:
            self._drip()

    def _drip(self) -> None:
        try:
            self.wfile.write(b"HTTP/1.1 202 OK\r\nX-Slow: ")
            while not self.owner.stopping.wait(0.02):
                self.wfile.write(b"x")
        except OSError:
            return  # the client has had enough

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client broke off, which is its right

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Tests read `received`, not a log."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
