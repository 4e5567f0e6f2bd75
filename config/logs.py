"""Structured logs: one JSON object a line, with no personal data in it."""

import json
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime

# An address is whatever stands around an @, in any script: letters, marks, joiners. Better too much redacted
# than a part of a name left.
_LOCAL = r"[^\s@<>()\[\],;:\\\"«»“”„]{1,250}"
_DOMAIN = r"[^\s@<>()\[\]{},;:|=/\\\"'«»“”„‘’،؛]{1,250}"
_SECRETS = re.compile(
    rf"{_LOCAL}(?:@|＠|%40){_DOMAIN}[.。．｡]{_DOMAIN}"  # addresses
    r'|"[^"\n]{1,64}"@[^\s"]+'  # addresses with a quoted name
    r"|SG\.[\w.-]+"  # SendGrid keys
    r"|(?<=/[upcoy]/)[\w-]{20,}"  # signed links: whoever reads the log must not leave for somebody
    r"|(?<=Bearer )[^\s\"]+"
    r"|(?<=://)[^/\s:@\"]+:[^/\s@\"]+(?=@)"  # passwords in URLs
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def redact(text: str) -> str:
    """The text with addresses, keys and passwords replaced by [redacted]."""
    return _SECRETS.sub("[redacted]", text)


def redact_all(value: object) -> object:
    """The value as JSON can hold it, with every text in it redacted, however deep it lies."""
    match value:
        case None | bool() | int() | float():
            return value
        case Mapping():
            return {redact(str(key)): redact_all(part) for key, part in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redact_all(part) for part in value]
    return redact(str(value))


class JsonFormatter(logging.Formatter):
    """Writes time, level, logger, message, and whatever was passed as `extra`, all redacted."""

    def format(self, record: logging.LogRecord) -> str:
        fields = {k: v for k, v in record.__dict__.items() if k not in _STANDARD and not k.startswith("_")}
        entry: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(redact_all(entry | fields), ensure_ascii=False)
