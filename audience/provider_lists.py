"""Keeping our suppressions and SendGrid's lists in step, page by page.

Ours decides when mail is sent; theirs is a second net. Who is missing there stays suppressed here, and who
came back there does not come back here: only the customer's own words to the shop end a no.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from django.db import transaction
from django.db.models import QuerySet

from audience.models import ProviderList, Suppression
from audience.suppression import No, hash_address, list_hashes, suppress_all
from delivery.addresses import AddressError, to_ascii_address
from delivery.sendgrid_lists import LISTS, PAGE, Listed, ListsUnavailableError, SendGridLists
from shop.models import Customer

logger = logging.getLogger(__name__)

OURS = "ours"  # the row of what is told rather than read
EVERY = timedelta(days=1)
PAGES_AT_ONCE = 20
_LEASE = timedelta(minutes=5)  # much longer than a request may last
_AFTER_TROUBLE = timedelta(hours=1)
# A provider may write something down some time after it happened.
_OVERLAP = timedelta(days=1)

_Scope, _Reason = Suppression.Scope, Suppression.Reason
_MEANING = {
    "bounces": (_Scope.ALL, _Reason.BOUNCED),
    "invalid_emails": (_Scope.ALL, _Reason.BOUNCED),
    "spam_reports": (_Scope.MARKETING, _Reason.COMPLAINED),
    "unsubscribes": (_Scope.MARKETING, _Reason.UNSUBSCRIBED),
    "groups": (_Scope.MARKETING, _Reason.UNSUBSCRIBED),
}
# A block is about one email or one day. Five emails in a row that were not taken suppress, by their events.


@dataclass(frozen=True, slots=True)
class Provider:
    """The lists to keep in step; without an unsubscribe group a no to marketing alone stays with us."""

    lists: SendGridLists
    group: int = 0


def sync_suppressions(provider: Provider, now: datetime, *, pages: int = PAGES_AT_ONCE) -> int:
    """Takes up to so many pages of what is due, and returns how many; 0 means that nothing is.

    A page is read and kept, or told and noted, as a whole; whoever is killed meanwhile costs nothing, and
    two at once take different lists. Where SendGrid can't be asked, its list waits until the time that it
    named, else an hour, with the reason in its row.
    """
    ProviderList.objects.bulk_create(
        [ProviderList(name=name, due_at=now) for name in (*LISTS, OURS)], ignore_conflicts=True
    )
    for taken in range(pages):
        row = _claim(now)
        if row is None:
            return taken
        _take_page(row, provider, now)
    return pages


def ask_for_all(now: datetime) -> None:
    """Makes every list due; one that SendGrid asked to leave alone for a while is tried as well."""
    ProviderList.objects.update(due_at=now)


def _claim(now: datetime) -> ProviderList | None:
    for row in ProviderList.objects.filter(due_at__lte=now).order_by("due_at", "pk"):
        same = ProviderList.objects.filter(pk=row.pk, due_at=row.due_at)
        row.due_at = now + _LEASE
        if same.update(due_at=row.due_at):
            return row
    return None


@dataclass(frozen=True, slots=True)
class _Taken:
    """A page that was read or told. `keep` writes it down, after the network and in a short transaction."""

    position: int
    entries: int
    is_last: bool
    keep: Callable[[], object]


def _take_page(row: ProviderList, provider: Provider, now: datetime) -> None:
    claimed = row.due_at
    if row.until is None:
        row.until, row.position, row.entries = now, 0, 0
    try:
        taken = (_tell if row.name == OURS else _read)(row, provider, now)
    except ListsUnavailableError as error:
        _put_off(row, error, now)
        _save(row, claimed)
        return
    with transaction.atomic():
        taken.keep()
        _move_on(row, taken, now)
        _save(row, claimed)


def _move_on(row: ProviderList, taken: _Taken, now: datetime) -> None:
    row.position, row.entries = taken.position, row.entries + taken.entries
    row.problem, row.due_at = "", now
    if taken.is_last and row.until:
        row.since, row.until, row.position = row.until - _OVERLAP, None, 0
        row.due_at, row.finished_at = now + EVERY, now


def _put_off(row: ProviderList, error: ListsUnavailableError, now: datetime) -> None:
    outcome = error.outcome
    row.problem = f"{outcome.reason}: {outcome.detail}"[:255]
    row.due_at = outcome.retry_at or now + _AFTER_TROUBLE
    logger.warning("SendGrid's list %s waits: %s", row.name, row.problem)


_SAVED = ("due_at", "since", "until", "position", "entries", "finished_at", "problem")


def _save(row: ProviderList, claimed: datetime) -> None:
    """Unless the claim ran out and somebody else has it: then theirs counts."""
    mine = ProviderList.objects.filter(pk=row.pk, due_at=claimed)
    mine.update(**{name: getattr(row, name) for name in _SAVED})


def _read(row: ProviderList, provider: Provider, now: datetime) -> _Taken:
    """One page of theirs, to be kept in our list."""
    until = row.until or now
    page = provider.lists.read(row.name, since=row.since, until=until, offset=row.position, now=now)
    return _Taken(row.position + page.size, page.size, page.is_last, partial(_keep, page.entries, row.name))


def _keep(entries: Sequence[Listed], name: str) -> None:
    if name not in _MEANING:
        return
    scope, reason = _MEANING[name]
    for start in range(0, len(entries), PAGE):
        part = entries[start : start + PAGE]
        echoes = _find_echoes(part)
        suppress_all(
            [
                No(e.address, scope, reason, e.listed_at, f"SendGrid's list {name}", is_settled=True)
                for e in part
                if hash_address(e.address) not in echoes
            ]
        )


def _find_echoes(entries: Iterable[Listed]) -> set[str]:
    """Those whom the shop itself put on our list: theirs says it because we told them."""
    hashes = {hash_address(entry.address) for entry in entries}
    own = Suppression.objects.filter(address_hash__in=hashes, reason=_Reason.MANUAL)
    return set(own.exclude(settled_at=None).values_list("address_hash", flat=True))


def _tell(row: ProviderList, provider: Provider, now: datetime) -> _Taken:
    """One page of customers, of whom those are told whom the shop put on our list.

    Our list holds no addresses. So the customers are gone through, and only while somebody is to be told.
    """
    waiting = _find_untold(provider)
    if not waiting.exists():
        return _Taken(0, 0, True, lambda: None)
    rest = Customer.objects.filter(pk__gt=row.position).order_by("pk")
    customers = list(rest.values_list("pk", "email")[:PAGE])
    owners = {key: email for _pk, email in customers if email for key in list_hashes(email)}
    found = list(waiting.filter(address_hash__in=owners))
    for scope, told in groupby(sorted(found, key=_scope_of), key=_scope_of):
        group = provider.group if scope == _Scope.MARKETING else 0
        _add([owners[suppression.address_hash] for suppression in told], provider, group, now)
    is_last = len(customers) < PAGE
    # Of those who are left at the end no customer has the address; if one comes, our list decides.
    settled = waiting.filter(created_at__lte=row.until or now) if is_last else Suppression.objects.none()
    keys = [suppression.pk for suppression in found]
    position = customers[-1][0] if customers else 0
    return _Taken(position, len(found), is_last, partial(_settle, keys, settled, now))


def _find_untold(provider: Provider) -> QuerySet[Suppression]:
    scopes = [_Scope.ALL, _Scope.MARKETING] if provider.group else [_Scope.ALL]
    return Suppression.objects.filter(settled_at=None, reason=_Reason.MANUAL, scope__in=scopes)


def _scope_of(suppression: Suppression) -> str:
    return suppression.scope


def _add(addresses: Iterable[str], provider: Provider, group: int, now: datetime) -> None:
    """Without those that no mail could reach: SendGrid would refuse all the others with them."""
    mailable = sorted({plain for address in addresses if (plain := _read_mailable(address))})
    if mailable:
        provider.lists.add(mailable, group=group, now=now)


def _read_mailable(address: str) -> str:
    try:
        return to_ascii_address(address)
    except AddressError:
        return ""


def _settle(told: Sequence[int], ownerless: QuerySet[Suppression], now: datetime) -> None:
    Suppression.objects.filter(pk__in=told).update(settled_at=now)
    ownerless.update(settled_at=now)
