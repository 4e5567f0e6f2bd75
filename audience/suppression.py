"""Addresses that get no mail, remembered as keyed hashes so that a "no" outlives the erased customer."""

import hashlib
import hmac
import unicodedata
from datetime import datetime

from audience.keys import derive_key
from audience.models import Suppression


def hash_address(address: str) -> str:
    """64 hex digits of a keyed HMAC-SHA-256: equal for spellings that differ in case or Unicode form."""
    folded = unicodedata.normalize("NFC", address.strip()).casefold()
    normal = unicodedata.normalize("NFC", folded).encode()
    return hmac.new(derive_key("suppression"), normal, hashlib.sha256).hexdigest()


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
