"""How people say no in the middle of the storm: to the shop, by one click, at the provider, for ever."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.utils import timezone

from delivery.delivery_id import DELIVERY_ARG
from tests.chaos.site import Site
from tests.chaos.waiting import persist
from tests.servers.sendgrid_webhook import EventSigner, make_event

TO_THE_SHOP = ("event", "one click", "erased")
# SendGrid's event, and what else it says.
BY_PROVIDER: dict[str, tuple[str, dict[str, Any]]] = {
    "unsubscribed": ("group_unsubscribe", {}),
    "complained": ("spamreport", {}),
    "dropped": ("dropped", {"reason": "Unsubscribed Address"}),
    "bounced": ("bounce", {}),
}
WAYS = (*TO_THE_SHOP, *BY_PROVIDER)
OF_ALL_MAIL = ("erased", "bounced")
# Nobody says no by it: it counts when it was made sense of, and the database notes that moment.
COUNTS_LATER = ("bounced",)


@dataclass(frozen=True)
class Noes:
    """Says them. `find_email` is the delivery id of a confirmation that the address has got, if it has."""

    site: Site
    signer: EventSigner
    post_event: Callable[[dict[str, Any]], None]
    find_email: Callable[[str], str | None]
    chance: random.Random

    def say(self, way: str, *, customer: str, address: str, withdrawal: dict[str, Any]) -> None:
        """Returns when the engine has confirmed that it heard."""
        if way == "event":
            self.post_event(withdrawal)
        elif way == "erased":
            _erase(address)
        elif way == "one click":
            self._click_once(customer)
        else:
            self._tell_by_provider(way, address)

    def _click_once(self, customer: str) -> None:
        from audience.links import unsubscribe_url
        from shop.models import Customer

        row = persist(lambda: Customer.objects.get(external_id=customer))
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        link = urlsplit(unsubscribe_url(row.uuid, uuid4())).path
        self.site.post(link, b"List-Unsubscribe=One-Click", form)

    def _tell_by_provider(self, way: str, address: str) -> None:
        """About the confirmation that just came, or an email of last year of which no row is left."""
        kind, extras = BY_PROVIDER[way]
        told_of = self.find_email(address) or str(uuid4())
        email = {"personalizations": [{"to": [{"email": address}], "custom_args": {DELIVERY_ARG: told_of}}]}
        event = make_event(email, kind, at=timezone.now(), **extras)
        headers, body = self.signer.sign([event], at=timezone.now())
        for _ in range(2 if self.chance.random() < 0.2 else 1):
            self.site.post("/hooks/sendgrid", body, headers)


def _erase(address: str) -> None:
    from privacy.erasure import erase_person
    from privacy.people import find_person

    persist(lambda: erase_person(find_person(address), timezone.now()))
