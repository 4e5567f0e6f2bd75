"""An email to look at: rendered again from its row, from a template's sample, or read from the preview inbox."""

import json
import re
import zlib
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as default_policy
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist

from campaigns.compiler import CompileError
from campaigns.models import PreviewMail, RenderedMessage, TemplateVersion
from campaigns.rendering import Renderer

# Looking at an email must not count as opening it.
_PIXEL = re.compile(r'<img\b[^>]*\b(?:width="1"[^>]*height="1"|height="1"[^>]*width="1")[^>]*>', re.IGNORECASE)


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
        parsed = message_from_bytes(zlib.decompress(mail.mime), policy=default_policy)
    except zlib.error as error:
        return ShownMail(subject=mail.subject, problem=str(error))
    message = cast("EmailMessage", parsed)
    return ShownMail(
        subject=mail.subject,
        html=_PIXEL.sub("", _read_part(message, "html")),
        text=_read_part(message, "plain"),
        headers=[(name, str(value)) for name, value in message.items()],
    )
