"""What one message brings along when it is rendered: its context, and where its links lead."""

import hashlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from markupsafe import Markup

from campaigns.compiling.addresses import Address, safe_url
from campaigns.compiling.links import MAX_LINKS, PLAIN_HTML_LINKS, PLAIN_LINKS, HtmlLinks, Links
from campaigns.compiling.running import Row
from campaigns.compiling.sandbox import tracking_pixel

_NOTHING = ("order", "cart", "shipment", "bundle", "coupon", "occasion", "referral")
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_NOTHING),
    "products": [],
    "upgrades": [],
    "complements": [],
}
_NO_LINKS: Mapping[str, Any] = {}
_NO_PIXEL = Markup("")


class Tracking(Protocol):
    """How links and opens of one message are told. `pixel` is empty where opens are not tracked.

    Where it also has `clicks`, and that is False, no link is asked for.
    """

    def link(self, url: str) -> str: ...
    def pixel(self) -> str: ...


class NoTracking:
    """For previews: every link as it is, and no pixel."""

    clicks = False

    def link(self, url: str) -> str:
        return url

    def pixel(self) -> str:
        return ""


NO_TRACKING: Tracking = NoTracking()


class Recipient(NamedTuple):
    """One message of a batch: the context of its template, and how its links are told."""

    context: Mapping[str, Any]
    tracking: Tracking = NO_TRACKING


@lru_cache(maxsize=MAX_LINKS)
def link_key(url: str) -> bytes:
    """The first 8 bytes of SHA-256: equal addresses meet in one `TrackedLink`."""
    return hashlib.sha256(url.encode()).digest()[:8]


@lru_cache(maxsize=MAX_LINKS)
def _look_at(address: str) -> tuple[Address, str, bytes]:
    """The address made safe, the same as a plain string, and its key; no key where it is not of the web."""
    url = safe_url(address)
    return url, str(url), link_key(url) if url[:4].lower() == "http" else b""


class _TrackedLinks(Links):
    """Where the addresses of one message lead; `urls` are those that are tracked."""

    __slots__ = ("_rewrite", "_untracked", "urls")

    def __init__(self, rewrite: Callable[[str], str], untracked: tuple[Any, ...]) -> None:
        self.urls: dict[bytes, str] = {}
        self._rewrite = rewrite
        self._untracked = untracked

    def __missing__(self, address: object) -> Address:
        link, plain, key = _look_at(address if type(address) is str else str(address))
        if key and address not in self._untracked and plain not in self._untracked:
            self.urls[key] = plain
            tracked = self._rewrite(link)
            if tracked is not link:
                link = Address(tracked)
        self[address] = link
        return link


def make_row(context: Mapping[str, Any], tracking: Tracking) -> tuple[Row, dict[bytes, str]]:
    """What a program takes for one message, and the dictionary that gathers its tracked addresses."""
    address = tracking.pixel()
    pixel = tracking_pixel(address) if address else _NO_PIXEL
    if not getattr(tracking, "clicks", True):
        values = {**_DEFAULTS, **context, "_link": PLAIN_LINKS, "_pixel": pixel}
        return (values, PLAIN_LINKS, PLAIN_HTML_LINKS), {}
    links = _TrackedLinks(tracking.link, tuple((context.get("links") or _NO_LINKS).values()))
    values = {**_DEFAULTS, **context, "_link": links, "_pixel": pixel}
    return (values, links, HtmlLinks(links)), links.urls
