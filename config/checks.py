"""`manage.py check --deploy` refuses a half-configured production, each time with a hint."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register
from django.http.request import validate_host

from campaigns.transports import build_current_transport
from config.settings import INSECURE_KEY
from delivery.configuration import ConfigurationError
from delivery.outcomes import LONGEST_HAND_OVER

SHORTEST_ADDRESS = 10  # characters; shorter ones are placeholders


@register(Tags.security, deploy=True)
def check_secrets(**_: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == INSECURE_KEY:
        hint = "Set PAIRWELL_SECRET_KEY, or PAIRWELL_SECRET_KEY_FILE, to 50 random characters."
        found.append(Error("The secret key is the demo's.", hint=hint, id="pairwell.E001"))
    if settings.PAIRWELL["LINK_KEY"] == settings.SECRET_KEY:
        hint = "Set PAIRWELL_LINK_KEY, so that the secret key can change and links in mail go on working."
        found.append(
            checks.Warning("Links in emails are signed with the secret key.", hint=hint, id="pairwell.W001")
        )
    if not settings.PAIRWELL["METRICS_TOKEN"]:
        hint = "Set PAIRWELL_METRICS_TOKEN, or keep /metrics from the outside at the proxy."
        found.append(checks.Warning("Anybody can read /metrics.", hint=hint, id="pairwell.W002"))
    return found


@register(deploy=True)
def check_identity(**_: Any) -> list[CheckMessage]:
    return list(_find_sample_values())


def _find_sample_values() -> Iterator[CheckMessage]:
    config = settings.PAIRWELL
    if urlsplit(config["BASE_URL"]).scheme != "https":
        hint = "Set PAIRWELL_BASE_URL to the public https address; RFC 8058 one-click needs it."
        yield Error("Links in emails would not be https.", hint=hint, id="pairwell.E002")
    for name in ("SHOP_NAME", "FROM_EMAIL", "MARKETING_FROM_EMAIL", "SUPPORT_EMAIL", "SHOP_URL"):
        if not config[name] or config[name].endswith((".example", "sample shop")):
            hint = f"Set PAIRWELL_{name} to your own."
            yield Error(f"{name} is empty or the sample shop's.", hint=hint, id="pairwell.E003")
    if "Sample Street" in config["SHOP_ADDRESS"] or len(config["SHOP_ADDRESS"]) < SHORTEST_ADDRESS:
        hint = "Set PAIRWELL_SHOP_ADDRESS: the law of most markets wants a postal address in marketing mail."
        yield Error("SHOP_ADDRESS is no address, or the sample shop's.", hint=hint, id="pairwell.E004")
    host = urlsplit(config["BASE_URL"]).hostname or ""
    if not validate_host(host, settings.ALLOWED_HOSTS):
        hint = f"Add {host} to PAIRWELL_ALLOWED_HOSTS."
        yield Error("Links in emails lead to a host that would refuse them.", hint=hint, id="pairwell.E009")


@register(deploy=True)
def check_transport(**_: Any) -> list[CheckMessage]:
    config = settings.PAIRWELL
    if config["TRANSPORT"] == "preview":
        hint = "Set PAIRWELL_TRANSPORT to smtp, sendgrid or anymail; preview keeps all mail here."
        return [Error("No mail would leave.", hint=hint, id="pairwell.E005")]
    if config["LEASE_SECONDS"] <= LONGEST_HAND_OVER:
        hint = f"Set PAIRWELL_LEASE_SECONDS above {LONGEST_HAND_OVER}."
        return [Error("A batch could be taken over while it is handed over.", hint=hint, id="pairwell.E010")]
    try:
        problems = build_current_transport().check()
    except ConfigurationError as error:
        return [Error(str(error), id="pairwell.E006")]
    found: list[CheckMessage] = [Error(f"{p.field}: {p.message}", id="pairwell.E006") for p in problems]
    if config["TRANSPORT"] == "sendgrid" and not config["SENDGRID_WEBHOOK_KEYS"]:
        hint = "Set SENDGRID_WEBHOOK_KEYS to the public key of the signed event webhook."
        found.append(Error("Bounces and complaints would not come back.", hint=hint, id="pairwell.E007"))
    return found


@register(Tags.database, deploy=True)
def check_database(**_: Any) -> list[CheckMessage]:
    if settings.CELERY_BROKER_URL and settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        hint = "Set DATABASE_URL to PostgreSQL, or run one `run_engine` process without a broker."
        return [Error("Celery workers can't share SQLite.", hint=hint, id="pairwell.E008")]
    return []
