"""Addresses that get no mail, remembered as keyed hashes so that a "no" outlives the erased customer."""

import hashlib
import hmac
import unicodedata
from datetime import datetime

import idna

from audience.keys import derive_key, list_secrets
from audience.models import Suppression


def hash_address(address: str, secret: str | None = None) -> str:
    """64 hex digits of a keyed HMAC-SHA-256: equal for spellings that differ in case, Unicode form,
    invisible characters, or in how the domain is written (bücher.de, xn--bcher-kva.de)."""
    normal = normalise_address(address).encode()
    return hmac.new(derive_key("suppression", secret), normal, hashlib.sha256).hexdigest()


def list_hashes(address: str) -> list[str]:
    """The hash under the key of now and those under former ones, which old rows still carry."""
    return [hash_address(address, secret) for secret in list_secrets()]


def normalise_address(address: str) -> str:
    """One spelling for all that reach the same mailbox. Dots and +tags stay: they may be other people's."""
    if address.isascii():
        return address.strip().rstrip(".").lower()
    visible = "".join(c for c in address if unicodedata.category(c) != "Cf").strip().rstrip(".")
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", visible).casefold())
    local, at, domain = folded.rpartition("@")
    try:
        return f"{local}{at}{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError:
        return folded


def suppress(address: str, *, scope: str, reason: str, detail: str = "", now: datetime) -> bool:
    """True if the address was not suppressed in this scope before.

    A repeat renews the reason and the time, so that a complaint after a new consent counts again;
    what the shop itself put there stays.
    """
    facts = {"reason": reason, "detail": detail[:255], "created_at": now}
    row, is_new = Suppression.objects.get_or_create(
        address_hash=hash_address(address), scope=scope, defaults=facts
    )
    if not is_new:
        older = Suppression.objects.filter(pk=row.pk, created_at__lt=now)
        older.exclude(reason=Suppression.Reason.MANUAL).update(**facts)
    return is_new
