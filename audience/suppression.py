"""Addresses that get no mail, remembered as keyed hashes so that a "no" outlives the erased customer."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import idna
from django.db import transaction

from audience.keys import list_secrets, make_tag
from audience.models import Suppression


def hash_address(address: str, secret: str | None = None) -> str:
    """64 hex digits of a keyed HMAC-SHA-256: equal for spellings that differ in case, Unicode form,
    invisible characters, or in how the domain is written (bücher.de, xn--bcher-kva.de)."""
    return make_tag("suppression", normalise_address(address).encode(), secret).hex()


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


def list_spellings(address: str) -> set[str]:
    """How a row may spell the same mailbox, in lower case: as given, and with its domain either way."""
    normalised = normalise_address(address)
    local, at, domain = normalised.rpartition("@")
    try:
        return {address.strip().lower(), normalised, f"{local}{at}{idna.decode(domain)}"}
    except idna.IDNAError:
        return {address.strip().lower(), normalised}


@dataclass(frozen=True, slots=True, repr=False)
class No:
    """One address that gets no more mail of a scope; never printed, because of the address.

    `is_settled`: there is nobody to be told, for instance because the provider said it.
    """

    address: str
    scope: str
    reason: str
    said_at: datetime
    detail: str = ""
    is_settled: bool = False
    known_hash: str = ""  # instead of the address, where only its hash is known

    @property
    def address_hash(self) -> str:
        return self.known_hash or hash_address(self.address)


def suppress(address: str, *, scope: str, reason: str, detail: str = "", now: datetime) -> bool:
    """True if the address was not suppressed in this scope before.

    A repeat renews the reason and the time, so that a complaint after a new consent counts again;
    what the shop itself put there stays.
    """
    return suppress_all([No(address, scope, reason, now, detail)]) == 1


@transaction.atomic
def suppress_all(nos: Sequence[No]) -> int:
    """How many were not suppressed in their scope before; repeats as in `suppress`, the newest counts.

    At most four statements, however many. Two at once leave one row each.
    """
    newest = {(no.address_hash, no.scope): no for no in sorted(nos, key=lambda no: no.said_at)}
    ordered = sorted(newest)
    rows = Suppression.objects.filter(address_hash__in={key for key, _scope in ordered}).order_by(
        "address_hash"
    )
    known = {(row.address_hash, row.scope): row for row in rows.select_for_update()}
    fresh = [_make_row(key, newest[key]) for key in ordered if key not in known]
    Suppression.objects.bulk_create(fresh, ignore_conflicts=True)
    renewed = [_renew(known[key], newest[key]) for key in ordered if key in known]
    Suppression.objects.bulk_update([row for row in renewed if row], ["reason", "detail", "created_at"])
    return len(fresh)


def _make_row(key: tuple[str, str], no: No) -> Suppression:
    return Suppression(
        address_hash=key[0],
        scope=key[1],
        reason=no.reason,
        detail=no.detail[:255],
        created_at=no.said_at,
        settled_at=no.said_at if no.is_settled else None,
    )


def _renew(row: Suppression, no: No) -> Suppression | None:
    if row.created_at >= no.said_at or row.reason == Suppression.Reason.MANUAL:
        return None
    row.reason, row.detail, row.created_at = no.reason, no.detail[:255], no.said_at
    return row
