"""An SMTP server that never stops talking: it sends its answer to one command byte by byte, without end."""

import socket
import threading
from types import TracebackType
from typing import BinaryIO, Self

COMMANDS = ("GREETING", "EHLO", "MAIL", "RCPT", "DATA", "DOT", "QUIT")


class SmtpTarpit:
    """Drips at `command`, one of COMMANDS, and takes `pause` seconds for every other answer.

    No byte of it is late enough for the timeout of a socket. `dots` counts the emails that it got whole.
    """

    def __init__(self, command: str = "", *, pause: float = 0) -> None:
        self._command = command
        self._pause = pause
        self._stopping = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.dots = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self._socket.getsockname()[1]}?tls=none"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes whoever waits in accept
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(client,), daemon=True).start()

    def _talk(self, client: socket.socket) -> None:
        try:
            with client, client.makefile("rb") as lines:
                self._answer(client, "GREETING")
                for line in lines:
                    command = line[:4].decode().strip().upper()
                    self._answer(client, command)
                    if command == "DATA":
                        self._swallow(client, lines)
        except OSError:
            return  # the client has had enough

    def _swallow(self, client: socket.socket, lines: BinaryIO) -> None:
        for line in lines:
            if line == b".\r\n":
                self.dots += 1
                self._answer(client, "DOT")
                return

    def _answer(self, client: socket.socket, command: str) -> None:
        code = {"GREETING": b"220", "DATA": b"354", "QUIT": b"221"}.get(command, b"250")
        while command == self._command and not self._stopping.wait(0.02):
            client.sendall(code + b"-\r\n")
        self._stopping.wait(self._pause)
        client.sendall(code + b" ok\r\n")
