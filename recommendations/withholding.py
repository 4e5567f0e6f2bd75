"""Who gets no suggestions: those who said so, and those whom an app above keeps for comparison.

An app above registers a function in its AppConfig.ready(); this one can't look up at experiments.
"""

from collections.abc import Callable, Collection
from datetime import datetime

from audience.consent import read_standings
from shop.models import Customer

NO_SUGGESTIONS = "no_suggestions"

# From the keys of customers to the reason code of each one who is to get none.
Reader = Callable[[Collection[int], datetime], dict[int, str]]
_readers: list[Reader] = []


def register_reader(reader: Reader) -> None:
    """Ask this one too. Registering it twice is once."""
    if reader not in _readers:
        _readers.append(reader)


def find_withheld(customers: Collection[Customer], now: datetime) -> dict[int, str]:
    """The reason code of each customer who gets no suggestions; the others are absent. Queries do not grow
    with the customers."""
    people = list(customers)
    withheld: dict[int, str] = {}
    for reader in _readers:
        withheld |= reader([customer.pk for customer in people], now)
    standings = read_standings(people, now)
    refused = {pk: NO_SUGGESTIONS for pk, standing in standings.items() if standing.no_suggestions}
    return withheld | refused
