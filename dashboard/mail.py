"""An email to look at: rendered again from its row, or read from the preview inbox."""

import json
import re
import zlib
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from campaigns.compiler import CompileError
from campaigns.envelopes import make_envelope
from campaigns.models import PreviewMail, RenderedMessage, TemplateVersion
from campaigns.previews import complete_sample
from campaigns.rendering import NoTracking, RenderedEmail, Renderer, RenderError
from delivery.base import Envelope
from experiments.changes import email_changes

# Looking at an email in the preview inbox must not count as opening it.
_PIXEL = re.compile(r'<img\b[^>]*\bsrc="[^"]*/o/[^"]*"[^>]*>', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ShownMail:
    """`problem` says why there is nothing to show."""

    subject: str = ""
    html: str = ""
    text: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    problem: str = ""


def read_preview(mail: PreviewMail) -> ShownMail:
    """The parts of a message as the preview transport wrote it."""
    try:
        message = message_from_bytes(zlib.decompress(mail.mime), policy=default_policy)
    except zlib.error as error:
        return ShownMail(subject=mail.subject, problem=str(error))
    return ShownMail(
        subject=mail.subject,
        html=_PIXEL.sub("", _read_part(message, "html")),
        text=_read_part(message, "plain"),
        headers=[(name, str(value)) for name, value in message.items()],
    )


def render_again(rendered: RenderedMessage, now: datetime) -> ShownMail:
    """The very email that was sent, from its version, arm, language and context; its links count nothing."""
    changes = rendered.variant.changes if rendered.variant else {}
    try:
        email = _render(
            rendered.version,
            language=rendered.language,
            changes=email_changes(changes),
            context=rendered.context,
            now=now,
        )
    except (RenderError, CompileError) as error:
        return ShownMail(subject=rendered.subject, problem=str(error))
    envelope = make_envelope(
        rendered.message,
        email,
        unsubscribe=rendered.context.get("links", {}).get("unsubscribe", ""),
        has_products=_has_products(rendered.context),
        sender_name=changes.get("sender_name", ""),
    )
    return ShownMail(rendered.subject, email.html, email.text, _list_headers(rendered, envelope))


def read_sample(key: str) -> dict[str, Any]:
    """The sample context of a template.

    Raises:
        OSError: there is no sample.json beside the template.
        ValueError: it is no JSON object; the message says where.
    """
    path = Path(settings.BASE_DIR) / "templates" / "emails" / key / "sample.json"
    sample = json.loads(path.read_text(encoding="utf8"))
    if not isinstance(sample, dict):
        raise ValueError(_("sample.json must hold a JSON object."))
    return complete_sample(sample)


def _render(
    version: TemplateVersion,
    *,
    language: str,
    changes: dict[str, Any],
    context: dict[str, Any],
    now: datetime,
) -> RenderedEmail:
    return Renderer(now=now).render(
        version,
        language=language,
        changes=changes,
        context=context,
        message_id=version.template.key,
        tracking=NoTracking(),
    )


def _has_products(context: dict[str, Any]) -> bool:
    return bool(context.get("upgrades") or context.get("complements"))


def _list_headers(rendered: RenderedMessage, envelope: Envelope) -> list[tuple[str, str]]:
    """As the envelope was made, with the address and the subject as they were then."""
    shown = {
        "From": f"{envelope.from_name} <{envelope.from_email}>",
        "To": rendered.recipient,
        "Reply-To": envelope.reply_to,
        "Subject": rendered.subject,
    }
    return [(name, value) for name, value in (shown | dict(envelope.headers)).items() if value]


def _read_part(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part else ""
