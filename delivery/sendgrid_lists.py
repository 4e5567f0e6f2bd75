"""SendGrid's own lists of who gets no mail: read page by page, and added to.

They are a second net. Who may be written to is decided by our own list, whatever stands in these.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import aiohttp

from delivery.background import run_in_background
from delivery.base import Outcome
from delivery.configuration import ConfigurationError
from delivery.outcomes import judge_status, postpone
from delivery.sendgrid_http import DEFAULT_HOST, check_host, check_key, open_session

logger = logging.getLogger(__name__)

PAGE = 500  # SendGrid's most
GROUPS = "groups"
_PATHS = {
    "bounces": "/v3/suppression/bounces",
    "blocks": "/v3/suppression/blocks",
    "invalid_emails": "/v3/suppression/invalid_emails",
    "spam_reports": "/v3/suppression/spam_reports",
    "unsubscribes": "/v3/suppression/unsubscribes",
    GROUPS: "/v3/asm/suppressions",  # of all unsubscribe groups at once; SendGrid does not page it
}
LISTS = tuple(_PATHS)
_ANSWER_BYTES_MAX = 64 * 1024 * 1024
_Answer = tuple[int, Mapping[str, str], bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Listed:
    """Somebody on a list; never printed, because of the address."""

    address: str
    listed_at: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """`size` is how many entries SendGrid sent; those that can't be read are not among `entries`."""

    entries: Sequence[Listed]
    size: int
    is_last: bool


class ListsUnavailableError(Exception):
    """SendGrid did not answer the question; `outcome` says why, and when to ask again if it told."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"{outcome.reason}: {outcome.detail}")
        self.outcome = outcome


class SendGridLists:
    """Reads and adds with a key that has the rights to suppressions and unsubscribe groups.

    Raises ListsUnavailableError from both, for anything but the answer that was hoped for; neither it nor a
    log line holds an address or the key. `timeout` is the total for a request, in seconds.
    """

    def __init__(self, api_key: str, host: str = DEFAULT_HOST, *, timeout: float = 30) -> None:
        check_key(api_key)
        self._api_key = api_key
        self._host = check_host(host)
        self._timeout = timeout

    def __repr__(self) -> str:
        return f"<SendGridLists {self._host}>"

    def read(self, name: str, *, since: datetime | None, until: datetime, offset: int, now: datetime) -> Page:
        """The entries of a list from `since` (None: from its beginning) to `until`, from `offset` on."""
        query = {"end_time": int(until.timestamp()), "limit": PAGE, "offset": offset}
        if since:
            query["start_time"] = int(since.timestamp())
        raw = _read_json(self._ask("GET", _PATHS[name], query=query if name != GROUPS else {}, now=now), now)
        entries = [entry for entry in map(_read_entry, raw) if entry and _is_within(entry, since, until)]
        return Page(entries, len(raw), is_last=name == GROUPS or len(raw) < PAGE)

    def add(self, addresses: Sequence[str], *, group: int, now: datetime) -> None:
        """Puts these on the list of an unsubscribe group, or, for group 0, of those who get no mail at all.

        Adding somebody twice changes nothing.
        """
        path = f"/v3/asm/groups/{group}/suppressions" if group else "/v3/asm/suppressions/global"
        self._ask("POST", path, body={"recipient_emails": list(addresses)}, now=now)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        now: datetime,
        query: Mapping[str, int] | None = None,
        body: object = None,
    ) -> bytes:
        try:
            status, headers, answer = run_in_background(self._request(method, path, query, body))
        except (aiohttp.ClientError, OSError) as error:
            logger.warning("sendgrid lists: %s", type(error).__name__)
            raise ListsUnavailableError(
                postpone(now, "connect_failed", detail="SendGrid could not be reached.")
            ) from None
        if status // 100 != 2:
            logger.warning("sendgrid lists: answered %s for %s", status, path)
            raise ListsUnavailableError(
                judge_status(status, headers, detail=_DETAILS.get(status, ""), now=now)
            )
        return answer

    async def _request(
        self, method: str, path: str, query: Mapping[str, int] | None, body: object
    ) -> _Answer:
        data = None if body is None else json.dumps(body).encode()
        async with (
            open_session(self._api_key, timeout=self._timeout, concurrency=1) as session,
            session.request(
                method,
                self._host + path,
                params=query or {},
                data=data,
                allow_redirects=False,
                trace_request_ctx=SimpleNamespace(),
            ) as response,
        ):
            return response.status, dict(response.headers), await _read_bounded(response)


_DETAILS = {
    401: "The key is wrong. Set SENDGRID_API_KEY.",
    403: "The key lacks a right. Give it those to suppressions and unsubscribe groups.",
    404: "SendGrid knows no such list. Check PAIRWELL_SENDGRID_UNSUBSCRIBE_GROUP.",
}


def build_lists(settings: Mapping[str, Any]) -> SendGridLists:
    """The lists of the account that the settings name. Raises ConfigurationError where there is none."""
    if not settings["SENDGRID_API_KEY"]:
        problem = "It is empty, so SendGrid's lists can't be read."
        raise ConfigurationError("SENDGRID_API_KEY", problem, mend="Set it to a key with those rights.")
    return SendGridLists(str(settings["SENDGRID_API_KEY"]), str(settings["SENDGRID_HOST"]))


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_chunked(1 << 16):
        answer += chunk
        if len(answer) > _ANSWER_BYTES_MAX:
            raise aiohttp.ClientPayloadError("The answer is too long.")
    return bytes(answer)


def _read_json(answer: bytes, now: datetime) -> list[Any]:
    try:
        raw = json.loads(answer)
    except (ValueError, RecursionError):
        raw = None
    if isinstance(raw, list):
        return raw
    raise ListsUnavailableError(postpone(now, "unreadable", detail="SendGrid's answer is not a list."))


def _read_entry(raw: object) -> Listed | None:
    """None for what names no address or no time: it may be read another day, and stops nobody else's."""
    if not isinstance(raw, dict) or not isinstance(raw.get("email"), str) or "@" not in raw["email"]:
        return None
    try:
        moment = datetime.fromtimestamp(int(raw.get("created") or raw["created_at"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
    return Listed(raw["email"], moment)


def _is_within(entry: Listed, since: datetime | None, until: datetime) -> bool:
    """SendGrid keeps to it for most lists; for the groups nobody does. Later ones come another day."""
    return (since is None or entry.listed_at >= since) and entry.listed_at <= until
