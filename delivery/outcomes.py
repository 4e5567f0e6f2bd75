"""How the answers of the network become outcomes, the same way for every transport."""

import logging
import time
import traceback
import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from delivery.addresses import hide_personal
from delivery.base import Envelope, Outcome, OutcomeKind, Problem

logger = logging.getLogger(__name__)

REASON_CHARS_MAX = 40
DETAIL_CHARS_MAX = 255
BATCH_SECONDS = 240  # afterwards no email of the batch is begun; what is left goes with the next one
MESSAGE_SECONDS = 30  # for one email with everything it needs, from looking up the server to its answer
LONGEST_HAND_OVER = BATCH_SECONDS + MESSAGE_SECONDS  # seconds; the lease of a batch has to be longer
RETRY_SECONDS = 60
WAIT_MAX = timedelta(minutes=15)

_PERMANENT = frozenset({400, 413, 415, 422})
_ROUTE = frozenset({401, 403, 404, 405, 407, 410})


def fail(kind: OutcomeKind, reason: str, detail: str = "") -> Outcome:
    """An outcome cut to what a row can hold, without addresses or keys."""
    shown = hide_personal(detail[: 4 * DETAIL_CHARS_MAX])[:DETAIL_CHARS_MAX]
    return Outcome(kind, reason[:REASON_CHARS_MAX], shown)


def refuse(problems: Sequence[Problem]) -> Outcome:
    """The rejection of an envelope by our own checks, naming every field."""
    detail = "; ".join(f"{problem.field}: {problem.message}" for problem in problems)
    return fail(OutcomeKind.REJECTED, "invalid", detail)


def postpone(now: datetime, reason: str, *, detail: str = "", at: datetime | None = None) -> Outcome:
    """A retry, at `at` kept between a second and a quarter of an hour from now, else in a minute."""
    wanted = at or now + timedelta(seconds=RETRY_SECONDS)
    due = min(max(wanted, now + timedelta(seconds=1)), now + WAIT_MAX)
    outcome = fail(OutcomeKind.RETRY, reason, detail)
    return Outcome(outcome.kind, outcome.reason, outcome.detail, retry_at=due)


def _spread(outcome: Outcome, envelope: Envelope) -> Outcome:
    """The same retry up to 30 seconds later, by a hash of the id."""
    if outcome.retry_at is None:
        return outcome
    seconds = zlib.crc32(envelope.delivery_id.bytes) % 30_000 / 1000
    due = outcome.retry_at + timedelta(seconds=seconds)
    return Outcome(outcome.kind, outcome.reason, outcome.detail, outcome.provider_id, due)


def judge_status(status: int, headers: Mapping[str, str], *, detail: str, now: datetime) -> Outcome:
    """What an HTTP answer other than success means. 5xx but 503 leaves the fate of the email unknown."""
    if status in _PERMANENT:
        return fail(OutcomeKind.REJECTED, f"http_{status}", detail)
    if status in _ROUTE or 300 <= status < 400:
        return fail(OutcomeKind.ROUTE_DOWN, f"http_{status}", detail)
    if status in (408, 429, 503):
        return postpone(now, f"http_{status}", detail=detail, at=_read_wait(headers, now))
    if 400 <= status < 500:
        return fail(OutcomeKind.REJECTED, f"http_{status}", detail)
    return fail(OutcomeKind.UNKNOWN, f"http_{status}", detail)


def _read_wait(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When the provider wants to be asked again: X-RateLimit-Reset (Unix seconds) or Retry-After."""
    lowered = {name.lower(): value.strip() for name, value in headers.items()}
    reset, after = lowered.get("x-ratelimit-reset", ""), lowered.get("retry-after", "")
    try:
        if reset:
            return datetime.fromtimestamp(int(reset), UTC)
        if after.isdigit():
            return now + timedelta(seconds=min(int(after), WAIT_MAX.total_seconds()))
        return parsedate_to_datetime(after).astimezone(UTC) if after else None
    except (ValueError, OverflowError, OSError):
        return None


def judge_bug(error: Exception, *, now: datetime, may_have_left: bool) -> Outcome:
    """An exception that nobody foresaw: unknown if bytes may have left, else again in a quarter of an hour.

    Logged by its type and place alone, because its text may hold an address.
    """
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    logger.error("An email could not be handed over: %s at %s", type(error).__name__, place)
    detail = f"An error of ours, or of an extension: {type(error).__name__} at {place}."
    if may_have_left:
        return fail(OutcomeKind.UNKNOWN, "error", detail)
    return postpone(now, "error", detail=detail, at=now + WAIT_MAX)


def judge_each(
    envelopes: Sequence[Envelope], hand_over: Callable[[Envelope], Outcome], *, now: datetime
) -> list[Outcome]:
    """What `hand_over` says of each; an exception of one leaves that one unknown and spares the others."""
    outcomes = []
    for envelope in envelopes:
        try:
            outcomes.append(hand_over(envelope))
        except Exception as error:  # noqa: BLE001 whatever it is, the others have outcomes
            outcomes.append(judge_bug(error, now=now, may_have_left=True))
    return outcomes


def judge_valid(
    envelopes: Sequence[Envelope],
    validate: Callable[[Envelope], list[Problem]],
    hand_over: Callable[[list[Envelope]], list[Outcome]],
    *,
    now: datetime,
) -> list[Outcome]:
    """One outcome for each envelope, in order: refusals of our own, and what `hand_over` says of the rest.

    Retries are spread over half a minute, so that a batch does not come back as one wave. Raises nothing:
    what `validate` can't judge is due again, and if `hand_over` raises, nobody knows what became of its
    envelopes.
    """
    judged = [_judge_before(envelope, validate, now) for envelope in envelopes]
    valid = [envelope for envelope, outcome in zip(envelopes, judged, strict=True) if outcome is None]
    try:
        handed = list(zip(valid, hand_over(valid) if valid else [], strict=True))
    except Exception as error:  # noqa: BLE001 a transport of somebody else's may raise anything
        handed = [(envelope, judge_bug(error, now=now, may_have_left=True)) for envelope in valid]
    sent = iter([_spread(outcome, envelope) for envelope, outcome in handed])
    return [outcome or next(sent) for outcome in judged]


def _judge_before(
    envelope: Envelope, validate: Callable[[Envelope], list[Problem]], now: datetime
) -> Outcome | None:
    """Why the envelope does not leave, or None."""
    try:
        problems = validate(envelope)
    except Exception as error:  # noqa: BLE001 the same
        return judge_bug(error, now=now, may_have_left=False)
    return refuse(problems) if problems else None


class Breaker:
    """Stops a batch from hammering a provider that is down or asked us to wait, and from lasting too long.

    `verdict` is None while the transport may go on; afterwards it is the outcome of everything left. The
    time of the batch, BATCH_SECONDS, begins with the breaker.
    """

    FAILURES_MAX = 3  # in a row: one lost connection is an accident, three are a state

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._failures = 0
        self._ends_at = time.monotonic() + BATCH_SECONDS
        self.verdict: Outcome | None = None

    def ask(self) -> Outcome | None:
        """None if one more email may be begun, else the outcome of everything left."""
        if self.verdict is None and time.monotonic() > self._ends_at:
            self.verdict = postpone(self._now, "batch_time_over")
        return self.verdict

    def note(self, outcome: Outcome) -> None:
        """Learn from an outcome."""
        if outcome.kind is OutcomeKind.ROUTE_DOWN or outcome.reason == "http_429":
            if outcome.kind is OutcomeKind.ROUTE_DOWN and self.verdict is None:
                logger.error("No mail leaves: %s. Check the account and the settings.", outcome.reason)
            self.verdict = outcome
        elif outcome.kind is OutcomeKind.UNKNOWN or outcome.reason in NETWORK_REASONS:
            self._failures += 1
            if self._failures >= self.FAILURES_MAX and self.verdict is None:
                detail = f"Not tried: {self._failures} failures in a row, the last one {outcome.reason}."
                self.verdict = postpone(self._now, "provider_failing", detail=detail)
        else:
            self._failures = 0


NETWORK_REASONS = frozenset({"connect_failed", "connection_lost", "tls_failed", "timeout", "http_503"})
