"""From a published template and one customer's data to the email: nothing is compiled here.

The code generated for the template renders an email in microseconds; what it was not made for it leaves
to Jinja, with the same result (docs/adr/0006). `Renderer` holds what a batch needs; the process keeps it
for the next one. Nothing is queried per message.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from types import CodeType
from typing import Any, Protocol
from uuid import UUID

from django.conf import settings
from jinja2 import Template, TemplateError

from campaigns.compiler import CompiledParts
from campaigns.compiling.addresses import Address, safe_url
from campaigns.compiling.running import Filled, HtmlLinks, Links, Row
from campaigns.compiling.sandbox import html_environment, plain_environment, tracking_pixel
from campaigns.compiling.tidying import cut_subject, join_lines, tidy_text
from campaigns.languages import market_of
from campaigns.models import CompiledEmail, TemplateVersion
from campaigns.programs import Program, write_code
from campaigns.templates_store import load_code, load_compiled

MAX_BYTES = 500_000
_NOTHING = ("order", "cart", "shipment", "bundle", "coupon", "occasion", "referral")
_DEFAULTS: Mapping[str, Any] = {
    **dict.fromkeys(_NOTHING),
    "products": [],
    "upgrades": [],
    "complements": [],
}


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
    """Compiled parts, ready for one market: as a program where there is one, and as Jinja when asked."""

    parts: CompiledParts
    market: str
    timezone: str
    program: Program | None

    @property
    def language(self) -> str:
        return self.parts["language"]

    @cached_property
    def jinja(self) -> dict[str, Template]:
        """The four parts as Jinja templates, compiled when first asked for: tens of milliseconds."""
        plain = plain_environment(self.market, self.timezone)
        return {
            "subject": plain.from_string(self.parts["subject"]),
            "preheader": plain.from_string(self.parts["preheader"]),
            "html": html_environment(self.market, self.timezone).from_string(self.parts["html"]),
            "text": plain.from_string(self.parts["text"]),
        }


def link_key(url: str) -> bytes:
    """The first 8 bytes of SHA-256: equal addresses meet in one `TrackedLink`."""
    return hashlib.sha256(url.encode()).digest()[:8]


@lru_cache(maxsize=16_384)
def _look_at(address: str) -> tuple[Address, str, bytes]:
    """The address made safe, the same as a plain string, and its key; no key where it is not of the web."""
    url = safe_url(address)
    return url, str(url), link_key(url) if url[:4].lower() == "http" else b""


def make_ready(parts: CompiledParts, *, country: str = "", timezone: str = "UTC") -> ReadyEmail:
    """The parts with a program written now: tens of milliseconds, so keep the result.

    Country and time zone decide how numbers and dates are written, not which texts are taken.
    """
    return _make_ready(parts, write_code(parts), country, timezone)


def _make_ready(parts: CompiledParts, code: CodeType | None, country: str, timezone: str) -> ReadyEmail:
    market = market_of(parts["language"], country)
    program = Program(code, market=market, timezone=timezone) if code else None
    return ReadyEmail(parts, market, timezone, program)


class _TrackedLinks(Links):
    """Where the addresses of one message lead; `urls` are those that are tracked."""

    def __init__(self, tracking: Tracking, untracked: frozenset[str]) -> None:
        super().__init__()
        self.tracking = tracking
        self.untracked = untracked
        self.urls: dict[bytes, str] = {}

    def __missing__(self, address: object) -> Address:
        url, plain, key = _look_at(address if type(address) is str else str(address))
        link = url
        if key and plain not in self.untracked:
            self.urls[key] = plain
            tracked = self.tracking.link(url)
            link = url if tracked is url else Address(tracked)
        self[address] = link
        return link


def make_row(context: Mapping[str, Any], tracking: Tracking) -> tuple[Row, dict[bytes, str]]:
    """What a program takes for one message, and the dictionary that gathers its tracked addresses."""
    untracked = frozenset(str(safe_url(url)) for url in (context.get("links") or {}).values() if url)
    links = _TrackedLinks(tracking, untracked)
    values = {**_DEFAULTS, **context, "_link": links, "_pixel": tracking_pixel(tracking.pixel())}
    return (values, links, HtmlLinks(links)), links.urls


def render_ready(
    ready: ReadyEmail, context: Mapping[str, Any], *, tracking: Tracking | None = None, label: str = "email"
) -> RenderedEmail:
    """One email. Raises RenderError where the context lacks what the template asks for.

    Guarantees a subject of one line and at most 250 characters. Links to unsubscribe and preferences,
    mailto and tel are never tracked.
    """
    email = None
    if ready.program:
        row, urls = make_row(context, tracking or NoTracking())
        [filled] = ready.program.fill([row])
        email = filled and _assemble(ready, ready.program, filled, urls)
    email = email or render_with_jinja(ready, context, tracking=tracking, label=label)
    if len(email.html) > MAX_BYTES:
        raise RenderError(f"{label}: {len(email.html)} characters of HTML; at most {MAX_BYTES} are sent")
    return email


def _assemble(ready: ReadyEmail, program: Program, filled: Filled, urls: dict[bytes, str]) -> RenderedEmail:
    subject, preheader, html, text = (
        program.assemble(part, filled) for part in ("subject", "preheader", "html", "text")
    )
    return RenderedEmail(subject, preheader, html, text, ready.language, urls)


def render_with_jinja(
    ready: ReadyEmail, context: Mapping[str, Any], *, tracking: Tracking | None = None, label: str = "email"
) -> RenderedEmail:
    """The same email by Jinja alone, which also knows how to say what is wrong. Raises RenderError."""
    (values, _, _), urls = make_row(context, tracking or NoTracking())
    jinja = ready.jinja
    try:
        return RenderedEmail(
            subject=cut_subject(jinja["subject"].render(values)),
            preheader=join_lines(jinja["preheader"].render(values)),
            html=jinja["html"].render(values),
            text=tidy_text(jinja["text"].render(values)),
            language=ready.language,
            urls=urls,
        )
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise RenderError(f"{label}: {error}") from error


_MAX_READY = 512
_ready_emails: dict[tuple[str, str, str], ReadyEmail] = {}


def _find_ready(compiled: CompiledEmail, country: str, timezone: str) -> ReadyEmail:
    """The process keeps what it has made ready; the key of a compiled email stands for all its content."""
    key = (compiled.key, market_of(compiled.parts["language"], country), timezone)
    ready = _ready_emails.get(key)
    if ready is None:
        if len(_ready_emails) >= _MAX_READY:
            _ready_emails.clear()
        ready = _make_ready(compiled.parts, load_code(compiled), country, timezone)
        _ready_emails[key] = ready
    return ready


class Renderer:
    """Renders the messages of one batch; at most one query per distinct version, language and arm."""

    def __init__(self, *, now: datetime, timezone: str = "") -> None:
        self.now = now
        self.timezone = timezone or settings.PAIRWELL["TIMEZONE"]
        self._compiled: dict[tuple[int, str, str], CompiledEmail] = {}
        self._ready: dict[tuple[int, str, str, str], ReadyEmail] = {}

    def prepare(
        self, version: TemplateVersion, *, language: str, changes: Mapping[str, Any], country: str = ""
    ) -> ReadyEmail:
        """The version ready to render, compiled now if nobody did before. Raises CompileError."""
        arm = json.dumps(changes, sort_keys=True)
        key = (version.pk, language, arm, market_of(language, country))
        if key not in self._ready:
            if key[:3] not in self._compiled:
                self._compiled[key[:3]] = load_compiled(
                    version, language=language, changes=changes, now=self.now
                )
            self._ready[key] = _find_ready(self._compiled[key[:3]], country, self.timezone)
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
