"""SendGrid's rules on what all recipients of a request share: bodies, files, labels and settings."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from delivery.base import Problem
from delivery.validation import explain_unsafe_header

Body = Mapping[str, Any]

MESSAGE_BYTES_MAX = 30 * 1024 * 1024
CATEGORIES_MAX = 10
CATEGORY_CHARS_MAX = 255
GROUPS_MAX = 25
TOP_LEVEL_KEYS = frozenset(
    [
        "personalizations",
        "from",
        "reply_to",
        "reply_to_list",
        "subject",
        "content",
        "attachments",
        "template_id",
        "headers",
        "categories",
        "custom_args",
        "send_at",
        "batch_id",
        "asm",
        "ip_pool_name",
        "mail_settings",
        "tracking_settings",
    ]
)
_TYPE_ORDER = {"text/plain": 0, "text/html": 2}  # everything between, such as text/x-amp-html, is 1
_FORBIDDEN_IN_TYPE = re.compile(r"[;,\r\n]")
_API_KEY = re.compile(r"SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}")


def _check_keys(body: Body) -> Iterator[Problem]:
    for key in sorted(set(body) - TOP_LEVEL_KEYS):
        yield Problem(key, "SendGrid knows no such field and would ignore it. Remove it.")


def _check_content(body: Body) -> Iterator[Problem]:
    blocks = body.get("content") or []
    if not blocks and not body.get("template_id"):
        yield Problem("content", "There is neither content nor a template.")
    kinds = [str(block.get("type", "")) for block in blocks]
    ranks = [_rank(kind, kinds) for kind in kinds]
    if ranks != sorted(ranks):
        yield Problem("content", "Order must be text/plain, text/html, then others. Swap them.")
    for index, block in enumerate(blocks):
        value = block.get("value")
        if not kinds[index] or _FORBIDDEN_IN_TYPE.search(kinds[index]):
            yield Problem(f"content[{index}].type", "A plain MIME type without ; , or line breaks.")
        if not isinstance(value, str) or not value:
            yield Problem(f"content[{index}].value", "At least one character is needed.")
        elif _API_KEY.search(value):
            yield Problem(
                f"content[{index}].value", "The content holds a SendGrid key. Remove and revoke it."
            )


def _rank(kind: str, kinds: list[str]) -> int:
    """AMP stands between text and HTML; any other kind comes last."""
    if kind == "text/x-amp-html" and "text/html" in kinds:
        return 1
    return _TYPE_ORDER.get(kind, 3)


def _check_attachments(body: Body) -> Iterator[Problem]:
    for index, attachment in enumerate(body.get("attachments") or []):
        field = f"attachments[{index}]"
        if not attachment.get("filename"):
            yield Problem(f"{field}.filename", "The file needs a name.")
        for part in ("filename", "type", "content_id"):
            if _FORBIDDEN_IN_TYPE.search(str(attachment.get(part) or "")):
                yield Problem(f"{field}.{part}", "No ; , or line breaks.")
        if attachment.get("disposition", "attachment") not in ("inline", "attachment"):
            yield Problem(f"{field}.disposition", 'Must be "inline" or "attachment".')
        if not _is_base64(attachment.get("content")):
            yield Problem(f"{field}.content", "Must be base64 of at least one byte.")


def _is_base64(content: object) -> bool:
    try:
        return isinstance(content, str) and bool(base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError):
        return False


def _check_categories(body: Body) -> Iterator[Problem]:
    categories = body.get("categories") or []
    if len(categories) > CATEGORIES_MAX:
        yield Problem("categories", f"At most {CATEGORIES_MAX}.")
    if len({str(category) for category in categories}) < len(categories):
        yield Problem("categories", "A category is there twice. Keep one.")
    for index, category in enumerate(categories):
        field = f"categories[{index}]"
        if not isinstance(category, str) or not 0 < len(category) <= CATEGORY_CHARS_MAX:
            yield Problem(field, f"A string of 1 to {CATEGORY_CHARS_MAX} characters.")
        elif not category.isascii() or explain_unsafe_header(category):
            yield Problem(field, "Printable ASCII only. Use the key of the campaign.")
        elif "@" in category:
            yield Problem(field, "Looks like an address. Categories are kept for ever: nothing personal.")


def _check_groups(body: Body) -> Iterator[Problem]:
    asm = body.get("asm")
    if asm is None:
        return
    if not isinstance(asm.get("group_id"), int) or isinstance(asm.get("group_id"), bool):
        yield Problem("asm.group_id", "Must be the integer id of an unsubscribe group.")
    if len(asm.get("groups_to_display") or []) > GROUPS_MAX:
        yield Problem("asm.groups_to_display", f"At most {GROUPS_MAX}.")


def _check_settings(body: Body) -> Iterator[Problem]:
    for family in ("mail_settings", "tracking_settings"):
        for name, setting in (body.get(family) or {}).items():
            if not isinstance(setting.get("enable"), bool):
                yield Problem(f"{family}.{name}.enable", "Must be true or false, not a string.")
    settings = body.get("mail_settings") or {}
    bypasses = [name for name in settings if name.startswith("bypass_")]
    if "bypass_list_management" in bypasses and len(bypasses) > 1:
        yield Problem("mail_settings.bypass_list_management", "Not together with another bypass.")
    if (settings.get("sandbox_mode") or {}).get("enable"):
        yield Problem("mail_settings.sandbox_mode", "The sandbox sends nothing. Use the preview transport.")


def _check_pool(body: Body) -> Iterator[Problem]:
    pool = body.get("ip_pool_name")
    if pool is not None and not 2 <= len(str(pool)) <= 64:
        yield Problem("ip_pool_name", "2 to 64 characters.")


def _check_size(body: Body) -> Iterator[Problem]:
    parts = [*(body.get("content") or []), *(body.get("attachments") or [])]
    texts = (str(part.get("value") or part.get("content") or "") for part in parts)
    total = sum(len(text.encode(errors="replace")) for text in texts)
    if total > MESSAGE_BYTES_MAX:
        yield Problem("content", f"{total:,} bytes with files; at most {MESSAGE_BYTES_MAX:,}.")


MESSAGE_RULES: tuple[Callable[[Body], Iterator[Problem]], ...] = (
    _check_keys,
    _check_content,
    _check_attachments,
    _check_categories,
    _check_groups,
    _check_settings,
    _check_pool,
    _check_size,
)
