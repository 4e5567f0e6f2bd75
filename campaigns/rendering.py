"""From a published template and one customer's data to the email: nothing is compiled here.

The code generated for the template renders an email in microseconds; what it was not made for it leaves
to Jinja, with the same result (docs/adr/0006). `Renderer` holds what a batch needs; the process keeps it
for the next one. Nothing is queried per message.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from types import CodeType
from typing import Any
from uuid import UUID

from django.conf import settings
from jinja2 import Template, TemplateError

from campaigns.compiler import CompiledParts
from campaigns.compiling.bounds import MAX_CHARACTERS, write_bounded
from campaigns.compiling.running import Filled
from campaigns.compiling.sandbox import html_environment, plain_environment
from campaigns.compiling.tidying import cut_subject, join_lines, tidy_text
from campaigns.languages import market_of
from campaigns.models import CompiledEmail, TemplateVersion
from campaigns.programs import Program, write_code
from campaigns.rows import NO_TRACKING, NoTracking, Recipient, Tracking, link_key, make_row
from campaigns.templates_store import load_code, load_compiled

__all__ = [
    "NO_TRACKING",
    "NoTracking",
    "ReadyEmail",
    "Recipient",
    "RenderError",
    "RenderedEmail",
    "Renderer",
    "Tracking",
    "join_parts",
    "link_key",
    "make_ready",
    "make_row",
    "render_batch",
    "render_ready",
    "render_with_jinja",
]


class RenderError(ValueError):
    """A template and a context that do not fit: the message names the variable and the email."""


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


def make_ready(parts: CompiledParts, *, country: str = "", timezone: str = "UTC") -> ReadyEmail:
    """The parts with a program written now: tens of milliseconds, so keep the result.

    Country and time zone decide how numbers and dates are written, not which texts are taken.
    """
    return join_parts(parts, write_code(parts), country, timezone)


def join_parts(
    parts: CompiledParts, code: CodeType | None, country: str = "", timezone: str = "UTC"
) -> ReadyEmail:
    """As `make_ready`, with a program that was written before."""
    market = market_of(parts["language"], country)
    program = Program(code, market=market, timezone=timezone) if code else None
    return ReadyEmail(parts, market, timezone, program)


def render_ready(
    ready: ReadyEmail, context: Mapping[str, Any], *, tracking: Tracking = NO_TRACKING, label: str = "email"
) -> RenderedEmail:
    """One email. Raises RenderError where the context lacks what the template asks for.

    Guarantees a subject of one line and at most 250 characters. Links to unsubscribe and preferences,
    mailto and tel are never tracked.
    """
    [email] = render_batch(ready, [Recipient(context, tracking)], labels=[label])
    if isinstance(email, RenderError):
        raise email
    return email


def render_batch(
    ready: ReadyEmail, recipients: Iterable[Recipient], *, labels: Sequence[str] = ()
) -> list[RenderedEmail | RenderError]:
    """Whole emails for many recipients, in order, computed in one generated loop; each as by `render_ready`.

    One that can't be rendered is an error in its place and keeps none of the others. `labels` say whose
    each is.
    """
    recipients = list(recipients)
    rows = [make_row(context, tracking) for context, tracking in recipients]
    filled = ready.program.fill([row for row, _ in rows]) if ready.program else [None] * len(rows)
    names = labels or ["email"] * len(rows)
    return [
        _finish(ready, recipient, one, urls=urls, label=label)
        for recipient, one, (_, urls), label in zip(recipients, filled, rows, names, strict=True)
    ]


def _finish(
    ready: ReadyEmail, recipient: Recipient, filled: Filled | None, *, urls: dict[bytes, str], label: str
) -> RenderedEmail | RenderError:
    try:
        if filled and ready.program:
            email = _assemble(ready, ready.program, filled, urls)
        else:
            email = render_with_jinja(ready, recipient.context, tracking=recipient.tracking, label=label)
    except RenderError as error:
        return error
    if len(email.html) > MAX_CHARACTERS:
        return RenderError(
            f"{label}: {len(email.html)} characters of HTML; at most {MAX_CHARACTERS} are sent"
        )
    return email


def _assemble(ready: ReadyEmail, program: Program, filled: Filled, urls: dict[bytes, str]) -> RenderedEmail:
    return RenderedEmail(*program.assemble(filled), ready.language, urls)


def render_with_jinja(
    ready: ReadyEmail, context: Mapping[str, Any], *, tracking: Tracking = NO_TRACKING, label: str = "email"
) -> RenderedEmail:
    """The same email by Jinja alone, which also knows how to say what is wrong. Raises RenderError."""
    (values, _, _), urls = make_row(context, tracking)
    jinja = ready.jinja
    try:
        return RenderedEmail(
            subject=cut_subject(write_bounded(jinja["subject"], values)),
            preheader=join_lines(write_bounded(jinja["preheader"], values)),
            html=write_bounded(jinja["html"], values),
            text=tidy_text(write_bounded(jinja["text"], values)),
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
        ready = join_parts(compiled.parts, load_code(compiled), country, timezone)
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
