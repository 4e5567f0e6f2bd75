"""Customers who order, leave carts, and say no in the middle of it: what is due, as the shop knows it."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.utils import timezone

from tests.chaos.sinks import CURSED
from tests.chaos.site import Site
from tests.chaos.waiting import persist

ORDERS, OFFERS = "orders@shop.example", "hello@shop.example"
AT_ONCE = 20
WAYS = ("event", "one click", "erased")


@dataclass
class Person:
    """Somebody to whom exactly one email is due from `sender`, unless they say no before it leaves."""

    number: int
    email: str
    sender: str
    way: str = ""  # how they say no, if they do
    says_no_at: float = 0.0
    said_no_at: float = 0.0  # when the shop had confirmed it

    @property
    def external_id(self) -> str:
        return f"person-{self.number}"


class People:
    """Posts what they do over HTTP from a thread of its own, as long as `stop` was not called."""

    def __init__(
        self,
        site: Site,
        api_key: str,
        *,
        chance: random.Random,
        count_open: Callable[[], int],
        backlog: int,
    ) -> None:
        """While fewer than `backlog` rows are open, more people come."""
        self.known: list[Person] = []
        self._site = site
        self._headers = {"Authorization": f"Bearer {api_key}", "Content-Type": "application/json"}
        self._chance = chance
        self._count_open = count_open
        self._backlog = backlog
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.problem: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Nobody comes any more; who wanted to say no has said it. Raises what went wrong."""
        self._stopped.set()
        self._thread.join(240)
        if self.problem or self._thread.is_alive():
            raise self.problem or TimeoutError("The shop could not post everything.")

    def _run(self) -> None:
        try:
            while not self._stopped.is_set():
                if persist(self._count_open) < self._backlog:
                    self._come()
                self._say_no(until=time.time())
                self._stopped.wait(0.2)
            self._say_no(until=float("inf"))
        except Exception as error:  # noqa: BLE001 (raised again by `stop`)
            self.problem = error

    def _come(self) -> None:
        people = [self._make(len(self.known) + offset) for offset in range(AT_ONCE)]
        events = [event for person in people for event in self._make_events(person)]
        self._post(events)
        self.known += people

    def _make(self, number: int) -> Person:
        buys = self._chance.random() < 0.5
        curse = f"-{CURSED}" if buys and self._chance.random() < 0.02 else ""
        person = Person(number, f"person-{number}{curse}@buyer.example", ORDERS if buys else OFFERS)
        if self._chance.random() < (0.06 if buys else 0.35):
            person.way = "erased" if buys else self._chance.choice(WAYS)
            person.says_no_at = time.time() + self._chance.uniform(0, 8 if buys else 30)
        return person

    def _make_events(self, person: Person) -> list[dict[str, Any]]:
        basket = {
            "id": f"basket-{person.number}",
            "currency": "GBP",
            "lines": [{"product": "kettle", "quantity": 1, "unit_price": "40.00"}],
        }
        if person.sender == ORDERS:
            return [self._make_event(person, "order.placed", order=basket)]
        consent = {"basis": "explicit", "text": "Write to me"}
        agreed = self._make_event(person, "consent.granted", consent=consent)
        return [agreed, self._make_event(person, "cart.updated", cart=basket)]

    def _make_event(self, person: Person, kind: str, **parts: Any) -> dict[str, Any]:
        language = ("en", "fa", "he", "ru", "ar")[person.number % 5]
        customer = {"id": person.external_id, "email": person.email, "name": f"Quendolyn {person.number}"}
        return {
            "id": f"{kind}-{person.number}",
            "kind": kind,
            "occurred_at": timezone.now().isoformat(),
            "customer": {**customer, "language": language},
            **parts,
        }

    def _post(self, events: list[dict[str, Any]]) -> None:
        receipts = json.loads(self._site.post("/api/v1/events", json.dumps(events).encode(), self._headers))
        if receipts["refused"]:
            raise RuntimeError(f"The shop's own events were refused: {receipts['receipts'][:3]}")

    def _say_no(self, until: float) -> None:
        for person in self.known:
            if person.way and not person.said_no_at and person.says_no_at <= until:
                self._leave(person)
                person.said_no_at = time.time()

    def _leave(self, person: Person) -> None:
        from audience.links import unsubscribe_url
        from privacy.erasure import erase_person
        from privacy.people import find_person
        from shop.models import Customer

        if person.way == "event":
            self._post([self._make_event(person, "consent.withdrawn")])
        elif person.way == "erased":
            persist(lambda: erase_person(find_person(person.email), timezone.now()))
        else:
            customer = persist(lambda: Customer.objects.get(external_id=person.external_id))
            link = urlsplit(unsubscribe_url(customer.uuid, uuid4())).path
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            self._site.post(link, b"List-Unsubscribe=One-Click", form)
