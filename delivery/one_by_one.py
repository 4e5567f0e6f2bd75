"""Handing over one email after the other over a kept connection, each within its time whatever happens.

A timeout of a socket bounds one operation, and a server that sends a byte now and then outlasts any number
of them. So each email is handed over in a thread of its own that is left alone when its time is over.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from contextvars import copy_context
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.outcomes import (
    LONGEST_HAND_OVER,
    MESSAGE_SECONDS,
    Breaker,
    fail,
    judge_bug,
    judge_valid,
    postpone,
)
from delivery.validation import find_problems

T = TypeVar("T")

GOODBYE_SECONDS = 5
# What a single operation may take of an email's time: so it ends by itself and can say what it was doing.
OPERATION_SHARE = 0.9


class RouteError(Exception):
    """The server and we don't come together; `outcome` holds for every envelope left."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class TimeIsOverError(Exception):
    """A call took longer than it may; it goes on in its thread, and nobody listens any more."""


class Line(ABC):
    """A connection to a provider, opened when it is needed and kept for the batch.

    `may_have_left` says whether the provider might have all of the current email.
    """

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.may_have_left = False
        self.is_over = False
        self._lock = threading.Lock()

    @abstractmethod
    def hand_over(self, envelope: Envelope) -> Outcome:
        """What became of it; calls `let_leave` before its last bytes.

        Raises RouteError for what concerns all the others, too. After any other exception, which counts
        as a bug, nothing of the connection is left open.
        """

    @abstractmethod
    def close(self) -> None:
        """Say goodbye and let go."""

    @abstractmethod
    def interrupt(self) -> None:
        """Wake up whoever waits in `hand_over`, if there is a way. Called from another thread."""

    def let_leave(self) -> None:
        """From here on the email may have left. Raises TimeIsOverError if it was given up meanwhile."""
        with self._lock:
            if self.is_over:
                raise TimeIsOverError
            self.may_have_left = True

    def give_up(self) -> Outcome:
        """What to say of the current email, whose time is over; the line can't be used any more.

        What had not left by now never will, so that nothing which is due again leaves twice.
        """
        with self._lock:
            self.is_over = True
        self.interrupt()
        if self.may_have_left:
            return fail(
                OutcomeKind.UNKNOWN, "timeout_after_bytes", "The email was out, its receipt never came."
            )
        return postpone(self.now, "timeout", detail="Its time was over before the email was complete.")


class OneByOneTransport(ABC):
    """What the transports that hand over one email at a time have in common."""

    def __init__(self, *, timeout: float) -> None:
        self._timeout = min(timeout, MESSAGE_SECONDS)

    def validate(self, envelope: Envelope) -> list[Problem]:
        return find_problems(envelope)

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        return judge_valid(envelopes, self.validate, lambda valid: self._send_all(valid, now), now=now)

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        """Neither SMTP nor Anymail can be asked."""
        del delivery_ids
        return None

    @abstractmethod
    def _open_line(self, now: datetime) -> Line:
        """A fresh line that has not connected yet."""

    def _send_all(self, envelopes: list[Envelope], now: datetime) -> list[Outcome]:
        ends_at = time.monotonic() + LONGEST_HAND_OVER
        breaker, outcomes = Breaker(now), list[Outcome]()
        line: Line | None = None
        for envelope in envelopes:
            outcome = breaker.ask()
            if outcome is None:
                line = line or self._open_line(now)
                outcome, is_usable = self._hand_over(line, envelope, breaker=breaker, now=now)
                line = line if is_usable else None
            outcomes.append(outcome)
        if line:
            _say_goodbye(line, min(GOODBYE_SECONDS, self._timeout, ends_at - time.monotonic()))
        return outcomes

    def _hand_over(
        self, line: Line, envelope: Envelope, *, breaker: Breaker, now: datetime
    ) -> tuple[Outcome, bool]:
        """The outcome, noted, and whether the line can still be used."""
        is_usable, line.may_have_left = False, False
        verdict: Outcome | None = None
        try:
            outcome = call_within(self._timeout, lambda: line.hand_over(envelope))
            is_usable = True
        except TimeIsOverError:
            outcome = line.give_up()
        except RouteError as error:
            outcome = verdict = error.outcome
        except Exception as error:  # noqa: BLE001 it must not cost the others of the batch their outcomes
            outcome = judge_bug(error, now=now, may_have_left=line.may_have_left)
            line.give_up()
        breaker.note(outcome)
        breaker.verdict = verdict or breaker.verdict
        return outcome, is_usable


def _say_goodbye(line: Line, seconds: float) -> None:
    try:
        call_within(seconds, line.close)
    except Exception:  # noqa: BLE001 all outcomes are known, and a goodbye changes none
        line.give_up()


def call_within(seconds: float, call: Callable[[], T]) -> T:
    """What the call returns or raises, or TimeIsOverError after so many seconds."""
    future = Future[T]()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 it is raised where somebody waits
            future.set_exception(error)

    # A daemon, unlike the threads of an executor: one that hangs must not keep the process from ending.
    threading.Thread(target=copy_context().run, args=(run,), daemon=True).start()
    if not wait([future], timeout=max(seconds, 0)).done:
        raise TimeIsOverError
    return future.result()
