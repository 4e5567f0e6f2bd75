"""From a published template and one customer's data to the email: only Jinja runs here.

`Renderer` holds compiled templates for a batch; the process keeps them for the next one. Nothing is
queried per message.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from jinja2 import Template, TemplateError

from campaigns.compiler import CompiledParts
from campaigns.compiling.addresses import Address, safe_url
from campaigns.compiling.sandbox import html_environment, plain_environment, tracking_pixel
from campaigns.languages import market_of
from campaigns.models import TemplateVersion
from campaigns.templates_store import load_compiled

MAX_BYTES = 500_000
MAX_SUBJECT = 250
_LINE_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+| {2,}")
_GAPS = re.compile(r"\n(?:[ \t]*\n){2,}")
_DEFAULTS: Mapping[str, Any] = {"order": None, "cart": None, "upgrades": [], "complements": []}


class RenderError(ValueError):
    """A template and a context that do not fit: the message names the variable and the email."""


class Tracking(Protocol):
    """How links and opens of one message are told. `pixel` is empty where opens are not tracked."""

    def link(self, url: str) -> str: ...
    def pixel(self) -> str: ...


class NoTracking:
    """For previews: every link as it is, and no pixel."""

    def link(self, url: str) -> str:
        return url

    def pixel(self) -> str:
        return ""


@dataclass(frozen=True)
class RenderedEmail:
    """`urls` holds every tracked address by its `link_key`, for `TrackedLink` rows."""

    subject: str
    preheader: str
    html: str
    text: str
    language: str
    urls: dict[bytes, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadyEmail:
    """Compiled parts as Jinja templates."""

    language: str
    subject: Template
    preheader: Template
    html: Template
    text: Template


def link_key(url: str) -> bytes:
    """The first 8 bytes of SHA-256: equal addresses meet in one `TrackedLink`."""
    return hashlib.sha256(url.encode()).digest()[:8]


def make_ready(parts: CompiledParts, *, country: str = "", timezone: str = "UTC") -> ReadyEmail:
    """Compiles the Jinja of the four parts: tens of milliseconds, so keep the result.

    Country and time zone decide how numbers and dates are written, not which texts are taken.
    """
    market = market_of(parts["language"], country)
    plain = plain_environment(market, timezone)
    return ReadyEmail(
        language=parts["language"],
        subject=plain.from_string(parts["subject"]),
        preheader=plain.from_string(parts["preheader"]),
        html=html_environment(market, timezone).from_string(parts["html"]),
        text=plain.from_string(parts["text"]),
    )


class _Links:
    """Turns each address into the one that is sent, once per message."""

    def __init__(self, tracking: Tracking, untracked: frozenset[str]) -> None:
        self.tracking = tracking
        self.untracked = untracked
        self.known: dict[object, Address] = {}
        self.urls: dict[bytes, str] = {}

    def __call__(self, address: object) -> Address:
        found = self.known.get(address)
        if found is None:
            found = self.known[address] = self._lead(safe_url(address))
        return found

    def _lead(self, url: Address) -> Address:
        if url in self.untracked or url[:4].lower() != "http":
            return url
        self.urls[link_key(url)] = str(url)
        return Address(self.tracking.link(url))


def render_ready(
    ready: ReadyEmail, context: Mapping[str, Any], *, tracking: Tracking | None = None, label: str = "email"
) -> RenderedEmail:
    """One email. Raises RenderError where the context lacks what the template asks for.

    Guarantees a subject of one line and at most 250 characters. Links to unsubscribe and preferences,
    mailto and tel are never tracked.
    """
    tracking = tracking or NoTracking()
    untracked = frozenset(str(safe_url(url)) for url in (context.get("links") or {}).values() if url)
    links = _Links(tracking, untracked)
    values = {**_DEFAULTS, **context, "_link": links, "_pixel": tracking_pixel(tracking.pixel())}
    try:
        html, text = ready.html.render(values), ready.text.render(values)
        subject, preheader = ready.subject.render(values), ready.preheader.render(values)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise RenderError(f"{label}: {error}") from error
    if len(html) > MAX_BYTES:
        raise RenderError(f"{label}: {len(html)} characters of HTML; at most {MAX_BYTES} are sent")
    return RenderedEmail(
        subject=_one_line(subject)[:MAX_SUBJECT],
        preheader=_one_line(preheader),
        html=html,
        text=_GAPS.sub("\n\n", text).strip() + "\n",
        language=ready.language,
        urls=links.urls,
    )


def _one_line(text: str) -> str:
    return _LINE_BREAKS.sub(" ", text).strip(" ")


@lru_cache(maxsize=512)
def _cached_ready(parts_json: str, country: str, timezone: str) -> ReadyEmail:
    parts: CompiledParts = json.loads(parts_json)
    return make_ready(parts, country=country, timezone=timezone)


class Renderer:
    """Renders the messages of one batch; at most one query per distinct version, language and arm."""

    def __init__(self, *, now: datetime, timezone: str = "") -> None:
        self.now = now
        self.timezone = timezone or settings.PAIRWELL["TIMEZONE"]
        self._compiled: dict[tuple[int, str, str], str] = {}
        self._ready: dict[tuple[int, str, str, str], ReadyEmail] = {}

    def prepare(
        self, version: TemplateVersion, *, language: str, changes: Mapping[str, Any], country: str = ""
    ) -> ReadyEmail:
        """The version as Jinja templates, compiled now if nobody did before. Raises CompileError."""
        arm = json.dumps(changes, sort_keys=True)
        key = (version.pk, language, arm, market_of(language, country))
        if key not in self._ready:
            if key[:3] not in self._compiled:
                compiled = load_compiled(version, language=language, changes=changes, now=self.now)
                self._compiled[key[:3]] = json.dumps(compiled.parts)
            self._ready[key] = _cached_ready(self._compiled[key[:3]], country, self.timezone)
        return self._ready[key]

    def render(
        self,
        version: TemplateVersion,
        *,
        language: str,
        changes: Mapping[str, Any],
        context: Mapping[str, Any],
        message_id: UUID | str,
        tracking: Tracking,
    ) -> RenderedEmail:
        """The email of one message. `changes` is the variant's, {} for none. Raises RenderError.

        Money, dates and numbers follow the customer's country, or the shop's, where the language is
        spoken there: Arabic digits in Egypt, "22 November" in Britain.
        """
        country = (context.get("customer") or {}).get("country") or settings.PAIRWELL["COUNTRY"]
        ready = self.prepare(version, language=language, changes=changes, country=country)
        return render_ready(ready, context, tracking=tracking, label=f"message {message_id}")
