"""Structured logs: one JSON object a line, with no personal data in it."""

import json
import logging
import re
from datetime import UTC, datetime

_SECRETS = re.compile(
    r"[\w.+'-]+@[\w-]+\.[\w.-]+"  # addresses
    r"|SG\.[\w.-]+"  # SendGrid keys
    r"|(?<=/[upco]/)[\w-]{20,}"  # signed links: whoever reads the log must not leave for somebody
    r"|(?<=Bearer )[^\s\"]+"
    r"|(?<=://)[^/\s:@\"]+:[^/\s@\"]+(?=@)",  # passwords in URLs
    re.ASCII,
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}


def redact(text: str) -> str:
    """The text with addresses, keys and passwords replaced by [redacted]."""
    return _SECRETS.sub("[redacted]", text)


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
        return redact(json.dumps(entry | fields, default=str, ensure_ascii=False))
