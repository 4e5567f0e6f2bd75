"""The storm: engines that die at every named place in random order, in a world that falls apart."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from delivery.failpoints import PLACES
from tests.chaos.servers import Celery, Nursery
from tests.chaos.sinks import ROUTE_FAULTS
from tests.chaos.waiting import persist, wait_until
from tests.chaos.world import World

ANY_MOMENT = "any moment"
ENGINES = 3
PATIENCE = 15  # seconds by the wall that an engine has to reach its place; then it is killed where it is
SLEEP = (6.0, 12.0)  # seconds by the wall that a stopped process sleeps: past its lease of five
PAUSE = 2.0


@dataclass
class Losses:
    """What was killed where, and what else was done to the world."""

    kills: Counter[str] = field(default_factory=Counter)
    incidents: Counter[str] = field(default_factory=Counter)
    pauses: list[tuple[float, float]] = field(default_factory=list)  # of everything, by the wall

    @property
    def total(self) -> int:
        return sum(self.kills.values())


@dataclass
class Engine:
    pid: int
    place: str
    until: float
    wakes_at: float = 0.0


class Storm:
    """Three engines and a Celery worker at a time by one transport, replaced as they die."""

    def __init__(
        self, world: World, transport: str, losses: Losses, *, nursery: Nursery, chance: random.Random
    ) -> None:
        self._world = world
        self._transport = transport
        self._losses = losses
        self._chance = chance
        self._engines: list[Engine] = []
        self._last = 0  # the engine that outlives the storm
        self._bag: list[str] = []
        self._nursery = nursery
        self._celery = self._start_celery()
        self._counted = 0
        self._resumptions: list[tuple[float, Callable[[], None]]] = []
        self._is_paused = False

    def rage(self, kills: int, deadline: float) -> None:
        """Until so many more were killed, or the time (monotonic) is over."""
        target, told = self._losses.total + kills, 0.0
        incidents = self._plan(self._losses.total, kills)
        while self._losses.total < target and time.monotonic() < deadline:
            self._tend()
            while incidents and incidents[0][0] <= self._losses.total:
                self._cause(*incidents.pop(0)[1:])
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"  {self._transport}: {self._losses.total} kills, "
                      f"{len(self._world.ledger.receipts)} emails received", flush=True)  # fmt: skip
            time.sleep(0.02)

    def end(self) -> None:
        """Who sleeps wakes up; who is armed is killed; one engine and one worker are left that live."""
        for _, resume in self._resumptions:
            persist(resume)
        for engine in self._engines:
            if engine.wakes_at:
                self._nursery.resume(engine.pid)
            else:
                self._kill(engine)
        self._celery.kill()
        self._count_celery()
        self._last = self._nursery.start_engine(self._transport)
        self._celery = Celery(self._world.environments[self._transport], self._world.folder)

    def close(self) -> None:
        """Nothing of this transport runs any more."""
        self._celery.stop()
        for pid in [engine.pid for engine in self._engines] + ([self._last] if self._last else []):
            if self._nursery.state_of(pid) in ("born", "stopped"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def _tend(self) -> None:
        now = time.monotonic()
        for engine in list(self._engines):
            state = self._nursery.state_of(engine.pid)
            if state == "killed":
                self._bury(engine, engine.place)
            elif state == "ended":
                self._engines.remove(engine)
                self._losses.incidents["engine ended by itself"] += 1
            elif state == "stopped":
                self._let_sleep(engine, now)
            elif now > engine.until:
                self._kill(engine)
                self._engines.remove(engine)
        while sum(not engine.wakes_at for engine in self._engines) < ENGINES:
            self._engines.append(self._start_engine(now))
        self._count_celery()
        for due in [due for due in self._resumptions if due[0] <= now]:
            persist(due[1])
            self._resumptions.remove(due)

    def _start_engine(self, now: float) -> Engine:
        self._bag = self._bag or self._chance.sample(PLACES, len(PLACES))
        place = self._bag.pop()
        action = "stop" if self._chance.random() < 0.12 else "kill"
        failpoint = f"{place}:{self._chance.choice((1, 1, 1, 2, 3))}:{action}"
        shift = self._chance.choice((3600.0, -3600.0)) if self._chance.random() < 0.04 else 0.0
        if shift:
            self._losses.incidents[f"an engine's clock {'ahead' if shift > 0 else 'behind'}"] += 1
        pid = self._nursery.start_engine(self._transport, failpoint, shift=shift)
        return Engine(pid, place, now + PATIENCE)

    def _let_sleep(self, engine: Engine, now: float) -> None:
        if not engine.wakes_at:
            engine.wakes_at = now + self._chance.uniform(*SLEEP)
            self._losses.incidents[f"slept past its lease {engine.place}"] += 1
        elif now > engine.wakes_at:
            self._nursery.resume(engine.pid)
            engine.wakes_at, engine.until = 0.0, now + PATIENCE

    def _kill(self, engine: Engine) -> None:
        """Wherever it is; it may just have died at its place."""
        with suppress(ProcessLookupError):
            os.kill(engine.pid, signal.SIGKILL)
        wait_until(lambda: self._nursery.state_of(engine.pid) in ("killed", "ended"), "The end of an engine")
        self._losses.kills[ANY_MOMENT] += 1

    def _bury(self, engine: Engine, place: str) -> None:
        self._engines.remove(engine)
        self._losses.kills[place] += 1

    def _start_celery(self) -> Celery:
        place = f"{self._chance.choice(PLACES)}:{self._chance.choice((2, 3))}"
        return Celery(self._world.environments[self._transport], self._world.folder, place=place)

    def _count_celery(self) -> None:
        died = self._celery.count_deaths()
        if new := died - self._counted:
            self._losses.kills[self._celery.place] += new
            self._losses.incidents["Celery children among the kills"] += new
        self._counted = died

    def _plan(self, done: int, kills: int) -> list[tuple[int, str, Callable[[], None]]]:
        """Incidents by the number of kills at which they happen, spread over the run in random order."""
        world = self._world
        incidents: list[tuple[str, Callable[[], None]]] = [
            ("PostgreSQL crashed", world.database.crash),
            ("broker flushed", world.broker.flush),
            ("broker restarted", world.broker.restart),
            ("Celery worker killed", self._replace_celery),
            ("everything paused", self._pause_everything),
            ("campaign paused", self._pause_campaign),
        ]
        if self._transport == "sendgrid":
            incidents += [(f"route: {name}", self._make_route_fault(name)) for name in ROUTE_FAULTS]
        wanted = max(3, kills // 8)
        incidents *= wanted // len(incidents) + 1
        incidents = self._chance.sample(incidents, wanted)
        step = kills / (len(incidents) + 1)
        return [(done + int(step * (n + 1)), *incident) for n, incident in enumerate(incidents)]

    def _cause(self, name: str, incident: Callable[[], None]) -> None:
        self._losses.incidents[name] += 1
        incident()

    def _make_route_fault(self, name: str) -> Callable[[], None]:
        return lambda: self._world.sendgrid.fail_route(name)

    def _replace_celery(self) -> None:
        self._celery.kill()
        self._count_celery()
        self._losses.kills[ANY_MOMENT] += 1
        self._celery, self._counted = self._start_celery(), 0

    def _pause_everything(self) -> None:
        from django.utils import timezone

        from campaigns.models import Route
        from campaigns.switches import pause_route, resume_route

        if self._is_paused:
            return  # the end of the other pause would end this one, too
        self._is_paused = True
        persist(lambda: pause_route(Route.EVERYTHING, timezone.now()))
        began = time.time()

        def resume() -> None:
            ended = time.time()
            self._is_paused = False
            if resume_route(Route.EVERYTHING):
                self._losses.pauses.append((began, ended))

        self._resumptions.append((time.monotonic() + PAUSE, resume))

    def _pause_campaign(self) -> None:
        from django.utils import timezone

        from campaigns.models import Campaign
        from campaigns.switches import pause_campaign, resume_campaign

        campaign = persist(lambda: self._chance.choice(list(Campaign.objects.order_by("pk"))))
        persist(lambda: pause_campaign(campaign, timezone.now()))
        self._resumptions.append(
            (time.monotonic() + PAUSE, lambda: void(resume_campaign(campaign, timezone.now())))
        )


def void(_: object) -> None:
    """For callbacks whose answer nobody wants."""
