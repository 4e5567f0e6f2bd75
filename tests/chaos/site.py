"""The engine's own web server, as a shop, a provider and a reader call it."""

import http.client
import time
from collections.abc import Mapping
from urllib.parse import urlsplit


class Site:
    """Posts until an answer comes that is no fault of the server, as shops and providers do."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._port = urlsplit(url).port

    def post(self, path: str, body: bytes, headers: Mapping[str, str], *, seconds: float = 60) -> bytes:
        """The body of a 2xx. Raises RuntimeError for a refusal, TimeoutError when nothing else came."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, answer = self._try(path, body, headers)
            if 200 <= status < 300:
                return answer
            if 400 <= status < 500:
                raise RuntimeError(f"{path} was refused with {status}: {answer[:300]!r}")
            time.sleep(0.2)
        raise TimeoutError(f"{path} was not taken within {seconds:.0f} s.")

    def _try(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            connection.request("POST", path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()
