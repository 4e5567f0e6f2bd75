"""SendGrid's news of what it took: signed, late, doubled, out of order, and some before its own answer."""

import heapq
import random
import threading
import time
from typing import Any

from django.utils import timezone

from tests.chaos.site import Site
from tests.servers.sendgrid_server import Accepted
from tests.servers.sendgrid_webhook import EventSigner, make_event

PATH = "/hooks/sendgrid"
AT_ONCE = 40  # events in a post


class News:
    """Posts the events of accepted emails from a thread of its own, until `finish`."""

    def __init__(self, site: Site, signer: EventSigner, chance: random.Random) -> None:
        self._site = site
        self._signer = signer
        self._chance = chance
        self._waiting: list[tuple[float, int, dict[str, Any]]] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.posted = self.doubled = self.early = 0
        self.problem: Exception | None = None

    def start(self) -> None:
        self._thread.start()

    def take(self, emails: list[Accepted]) -> None:
        """Called before the client has its answer. Of a quarter nobody ever hears anything."""
        with self._lock:
            for email in emails:
                if (draw := self._chance.random()) < 0.75:
                    self._schedule(email, wait=0.0 if draw < 0.1 else self._chance.uniform(0.5, 12))
                    self.early += draw < 0.1
        if any(due[0] <= time.time() for due in self._waiting[:1]) and self._chance.random() < 0.5:
            time.sleep(0.4)  # so that what is due at once overtakes the answer

    def finish(self, seconds: float) -> None:
        """Posts all that still waits, at once. Raises what went wrong in the thread."""
        self._over.set()
        self._thread.join(seconds)
        if self.problem or self._thread.is_alive():
            raise self.problem or TimeoutError("The news could not be posted.")

    def _schedule(self, email: Accepted, *, wait: float) -> None:
        events = [make_event(email.body, kind, at=timezone.now(), message_id=email.message_id)
                  for kind in ("processed", "delivered")]  # fmt: skip
        if self._chance.random() < 0.3:
            events += self._chance.choices(events, k=2)
            self.doubled += 2
        for event in events:
            due = time.time() + wait + (self._chance.uniform(0, 3) if wait else 0)
            heapq.heappush(self._waiting, (due, self._chance.getrandbits(60), event))

    def _run(self) -> None:
        try:
            while not (self._over.is_set() and not self._waiting):
                if events := self._take_due():
                    self._post(events)
                else:
                    self._over.wait(0.1)
        except Exception as error:  # noqa: BLE001 (raised again by `finish`)
            self.problem = error

    def _take_due(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        with self._lock:
            while self._waiting and len(events) < AT_ONCE:
                if self._waiting[0][0] > time.time() and not self._over.is_set():
                    break
                events.append(heapq.heappop(self._waiting)[2])
        self._chance.shuffle(events)
        return events

    def _post(self, events: list[dict[str, Any]]) -> None:
        headers, body = self._signer.sign(events, at=timezone.now())
        for _ in range(2 if self._chance.random() < 0.1 else 1):
            self._site.post(PATH, body, headers)
        self.posted += len(events)
