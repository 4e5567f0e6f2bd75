"""A SendGrid-shaped sink that does as little as a server can: it counts what it takes.

    python -m benchmarks._sink

Run in a process of its own. It prints its port, answers ``POST /v3/mail/send`` with 202, and
``GET /count/<milliseconds>`` with what came since the last time, answering that much later from then on.
"""

import asyncio
import json
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")
_ACCEPTED = b"HTTP/1.1 202 Accepted\r\nX-Message-Id: m\r\nContent-Length: 0\r\n\r\n"


@dataclass
class Counted:
    """What came since the last count; `bytes` are those of requests, heads included."""

    requests: int = 0
    emails: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Sink:
    url: str

    def count(self, *, latency_ms: int = 0) -> Counted:
        """What came since the last call. From now on answers take this long."""
        with urllib.request.urlopen(f"{self.url}/count/{latency_ms}", timeout=10) as answer:  # noqa: S310
            return Counted(**json.loads(answer.read()))


@contextmanager
def start_sink() -> Iterator[Sink]:
    command = [sys.executable, "-m", "benchmarks._sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout
        try:
            yield Sink(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.terminate()


class _State:
    counted = Counted()
    latency = 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, state: _State) -> None:
        self._state = state
        self._parts: list[bytes] = []
        self._missing = 0  # bytes until the next request is whole; 0 while its head is not known

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._parts.append(data)
        self._missing -= len(data)
        while self._missing <= 0:
            buffered = b"".join(self._parts)
            end = buffered.find(b"\r\n\r\n") + 4
            length = _LENGTH.search(buffered, 0, end) if end > 3 else None
            whole = end + int(length[1]) if length else end
            if end <= 3 or len(buffered) < whole:
                self._parts, self._missing = [buffered], max(whole - len(buffered), 1) if end > 3 else 0
                return
            self._take(buffered[:whole])
            self._parts, self._missing = [buffered[whole:]], 0

    def _take(self, request: bytes) -> None:
        state = self._state
        if request.startswith(b"GET /count/"):
            answer = json.dumps(vars(state.counted)).encode()
            state.counted, state.latency = Counted(), int(request[11 : request.index(b" ", 11)]) / 1000
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(answer), answer))
            return
        state.counted.requests += 1
        state.counted.emails += request.count(b'"to":')
        state.counted.bytes += len(request)
        if state.latency:
            asyncio.get_running_loop().call_later(state.latency, self._transport.write, _ACCEPTED)
        else:
            self._transport.write(_ACCEPTED)


async def _serve() -> None:
    state = _State()
    server = await asyncio.get_running_loop().create_server(lambda: _Connection(state), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
