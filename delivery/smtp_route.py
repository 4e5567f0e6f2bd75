"""The address of an SMTP server, read from one setting."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from delivery.configuration import ConfigurationError, is_loopback

SETTING = "PAIRWELL_SMTP_URL"
_FORM = "Write smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465."


@dataclass(frozen=True, slots=True)
class SmtpRoute:
    """Where and how to connect. `tls` is "starttls", "implicit" or "none"."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = field(default="", repr=False)


def parse_smtp_url(url: str) -> SmtpRoute:
    """The route of a URL; ``?tls=none`` only for a loopback host. Raises ConfigurationError."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError(SETTING, "The address can't be read.", mend=_FORM) from None
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
        raise ConfigurationError(SETTING, "This is not an SMTP address.", mend=_FORM)
    tls = "implicit" if parts.scheme == "smtps" else "starttls"
    if options := parse_qs(parts.query):
        if options != {"tls": ["none"]} or tls == "implicit":
            raise ConfigurationError(SETTING, "The only option is ?tls=none, for smtp://.", mend=_FORM)
        if not is_loopback(parts.hostname):
            problem = "?tls=none would send mail in clear text."
            raise ConfigurationError(SETTING, problem, mend="Use it for 127.0.0.1 only; remove it here.")
        tls = "none"
    return SmtpRoute(
        host=parts.hostname,
        port=port or (465 if tls == "implicit" else 587),
        tls=tls,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
