"""One sweep does everything that is due. `run_engine` and the Celery tasks both go through here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from audience.consent import apply_consent_events
from campaigns.outbox import gather_due
from campaigns.outcomes import Tally
from campaigns.proofs import send_proofs
from campaigns.recovery import resolve_doubts
from campaigns.sending import Clock, send_due
from campaigns.trials import decide_trials
from campaigns.visits import score_visits
from campaigns.webhooks import process_payloads
from delivery.base import Transport
from triggers.flows import advance_enrolments, enrol_events

# Bounds one sweep, so that mail leaves while a flood of events is still coming in.
MAX_ROUNDS = 20
# So that an order of this moment is enrolled, and its confirmation goes next, while a broadcast leaves.
BATCHES_A_SWEEP = 4


@dataclass
class SweepTally:
    """What one sweep did: events read, enrolments advanced, and messages by outcome."""

    events: int = 0
    advanced: int = 0
    payloads: int = 0
    doubts: int = 0
    messages: Tally = field(default_factory=Tally)

    @property
    def is_idle(self) -> bool:
        return not (self.events or self.advanced or self.payloads or self.doubts or self.messages.batches)


def sweep(
    now: datetime,
    transport: Transport,
    *,
    clock: Clock | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> SweepTally:
    """Takes consents and provider news first, then events, waits, messages and doubts.

    May be called by any number of workers at once, and be killed anywhere: what is not finished is
    found by the next sweep. A live engine passes its clock; without one, time stands still at `now`. Once
    `should_stop` says so, no further batch is claimed.
    """
    tell_time = clock or (lambda: now)
    tally = SweepTally()
    apply_consent_events(now)
    tally.payloads = process_payloads(now)
    tally.events = take_events(now)
    tally.advanced = take_steps(now)
    decide_trials(now)
    gather_due(now)
    tally.messages = send_due(now, transport, clock=tell_time, limit=BATCHES_A_SWEEP, should_stop=should_stop)
    send_proofs(tell_time(), transport)
    score_visits(tell_time())
    tally.doubts = resolve_doubts(tell_time(), transport)
    return tally


def take_events(now: datetime) -> int:
    return _repeat(enrol_events, now)


def take_steps(now: datetime) -> int:
    return _repeat(advance_enrolments, now)


def _repeat(take_batch: Callable[[datetime], int], now: datetime) -> int:
    total = 0
    for _ in range(MAX_ROUNDS):
        taken = take_batch(now)
        total += taken
        if not taken:
            break
    return total
