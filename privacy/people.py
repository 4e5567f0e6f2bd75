"""Finding the rows of one person."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.db.models import Q

from audience.suppression import list_spellings as list_domain_spellings
from audience.suppression import normalise_address
from campaigns.models import RenderedMessage
from shop.models import Customer


class PersonNotFoundError(LookupError):
    """Nobody is known under this address or id."""


@dataclass(frozen=True, slots=True)
class Person:
    """Every customer row of one person, and every address they were written to at."""

    customers: tuple[Customer, ...]
    addresses: tuple[str, ...]


def find_person(asked: str) -> Person:
    """By address (all customers who have it) or by the shop's id of a customer. An address that nobody has
    any more still names a person: the provider may have written of it. Raises PersonNotFoundError."""
    wanted = asked.strip()
    found = list(Customer.objects.filter(Q(email__iexact=wanted) | Q(external_id=wanted), erased_at=None))
    found = _add_merged(found)
    addresses = {customer.email for customer in found if customer.email}
    if "@" in wanted:
        addresses.add(wanted)
    if not found and not addresses:
        raise PersonNotFoundError("Nobody has this address or id. Write the whole of it.")
    same = Q(pk__in=[customer.pk for customer in found])
    for address in addresses:
        same |= Q(email__iexact=address) | Q(email__iexact=normalise_address(address))
    everyone = tuple(Customer.objects.filter(same, erased_at=None).order_by("pk"))
    return Person(everyone, tuple(sorted(addresses | _find_former(everyone))))


def _find_former(customers: Sequence[Customer]) -> set[str]:
    """Where they were written to before they changed their address; not what is somebody else's now."""
    mine = [customer.pk for customer in customers]
    sent = RenderedMessage.objects.filter(message__customer__in=mine).exclude(recipient="")
    known = set(sent.values_list("recipient", flat=True))
    others = Customer.objects.filter(erased_at=None).exclude(pk__in=mine)
    same = Q()
    for address in known:
        same |= Q(email__iexact=address)
    taken = others.filter(same).values_list("email", flat=True) if known else ()
    theirs = {normalise_address(address) for address in taken}
    return {address for address in known if normalise_address(address) not in theirs}


def list_spellings(address: str) -> list[bytes]:
    """How a provider may write the address in its JSON: as it is, with an ASCII domain, or escaped; lower."""
    plain = address.strip().lower()
    spellings = {plain, normalise_address(plain), json.dumps(plain)[1:-1].lower()}
    return sorted(spelling.encode() for spelling in spellings)


def list_link_spellings(address: str) -> set[str]:
    """How an address may stand in a URL: as it is, percent-encoded as browsers, forms and libraries do, and
    once more where the URL itself is a parameter of another; case does not matter."""
    plain = {address.strip(), normalise_address(address), *list_domain_spellings(address)}
    once = plain | {quote(each, safe=safe) for each in plain for safe in ("", "@", "+", "@+")}
    return once | {quote(each, safe="") for each in once}


def _add_merged(found: Sequence[Customer]) -> list[Customer]:
    """With all whom the shop merged with one of these."""
    kept = {customer.merged_into_id or customer.pk for customer in found}
    same = Q(pk__in=kept) | Q(merged_into__in=kept)
    return list(Customer.objects.filter(same, erased_at=None).order_by("pk"))


def list_ids(person: Person) -> Sequence[int]:
    return [customer.pk for customer in person.customers]
