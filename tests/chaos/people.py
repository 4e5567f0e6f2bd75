"""Customers who order, leave carts, and say no in the middle of it: what is due, as the shop knows it."""

import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from tests.chaos.noes import BY_PROVIDER, OF_ALL_MAIL, WAYS, Noes
from tests.chaos.sinks import CURSED, Ledger
from tests.chaos.site import Site
from tests.chaos.waiting import persist
from tests.servers.sendgrid_webhook import EventSigner

ORDERS, OFFERS = "orders@shop.example", "hello@shop.example"
AT_ONCE = 20
REGULARS = 0.15  # who buy and then leave a cart; most say no at the provider, in answer to the confirmation


@dataclass
class Person:
    """Somebody to whom exactly one email is due from `sender`, unless they say no before it leaves.

    A regular is two of these, with the same number and address.
    """

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
        signer: EventSigner,
        ledger: Ledger,
        chance: random.Random,
        count_open: Callable[[], int],
        backlog: int,
    ) -> None:
        """While fewer than `backlog` rows are open, more people come."""
        self.known: list[Person] = []
        self._ledger = ledger
        self._noes = Noes(site, signer, lambda event: self._post([event]), self._find_confirmation, chance)
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
        start = self.known[-1].number + 1 if self.known else 0
        people = [person for offset in range(AT_ONCE) for person in self._make(start + offset)]
        self._post([event for person in people for event in self._make_events(person)])
        self.known += people

    def _make(self, number: int) -> list[Person]:
        if self._chance.random() < REGULARS:
            return self._make_regular(number)
        buys = self._chance.random() < 0.5
        curse = f"-{CURSED}" if buys and self._chance.random() < 0.02 else ""
        person = Person(number, f"person-{number}{curse}@buyer.example", ORDERS if buys else OFFERS)
        if self._chance.random() < (0.06 if buys else 0.35):
            person.way = "erased" if buys else self._chance.choice(WAYS)
            person.says_no_at = time.time() + self._chance.uniform(0, 8 if buys else 30)
        return [person]

    def _make_regular(self, number: int) -> list[Person]:
        buys, leaves_cart = (Person(number, f"person-{number}@buyer.example", s) for s in (ORDERS, OFFERS))
        if self._chance.random() < 0.8:
            leaves_cart.way = self._chance.choice(list(BY_PROVIDER))
            leaves_cart.says_no_at = time.time() + self._chance.uniform(0, 30)
        return [buys, leaves_cart]

    def _make_events(self, person: Person) -> list[dict[str, Any]]:
        basket = {
            "id": f"basket-{person.number}-{person.sender}",
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

    def _leave(self, person: Person) -> None:
        withdrawal = self._make_event(person, "consent.withdrawn")
        self._noes.say(person.way, customer=person.external_id, address=person.email, withdrawal=withdrawal)
        for twin in self.known:
            if twin.number == person.number and (twin is person or person.way in OF_ALL_MAIL):
                twin.way, twin.said_no_at = person.way, time.time()

    def _find_confirmation(self, address: str) -> str | None:
        with self._ledger.lock:
            came = ((r.recipient, r.sender, r.delivery_id) for r in self._ledger.receipts)
            return next((pk for to, by, pk in came if (to, by) == (address, ORDERS)), None)
