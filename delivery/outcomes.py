"""How the answers of the network become outcomes, the same way for every transport."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from delivery.addresses import hide_personal
from delivery.base import Envelope, Outcome, OutcomeKind, Problem

REASON_CHARS_MAX = 40
DETAIL_CHARS_MAX = 255
BATCH_SECONDS = 240  # within the lease of a batch; what is left goes with the next one
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


def judge_valid(
    envelopes: Sequence[Envelope],
    validate: Callable[[Envelope], list[Problem]],
    hand_over: Callable[[list[Envelope]], list[Outcome]],
) -> list[Outcome]:
    """One outcome for each envelope, in order: refusals of our own, and what `hand_over` says of the rest.

    Retries are spread over half a minute, so that a batch does not come back as one wave.
    """
    found = [validate(envelope) for envelope in envelopes]
    valid = [envelope for envelope, problems in zip(envelopes, found, strict=True) if not problems]
    handed = zip(valid, hand_over(valid) if valid else [], strict=True)
    sent = iter([_spread(outcome, envelope) for envelope, outcome in handed])
    return [refuse(problems) if problems else next(sent) for problems in found]


class Breaker:
    """Stops a batch from hammering a provider that is down, or that asked us to wait.

    `verdict` is None while the transport may go on; afterwards it is the outcome of everything left.
    """

    FAILURES_MAX = 3  # in a row: one lost connection is an accident, three are a state

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._failures = 0
        self.verdict: Outcome | None = None

    def note(self, outcome: Outcome) -> None:
        """Learn from an outcome."""
        if outcome.kind is OutcomeKind.ROUTE_DOWN or outcome.reason == "http_429":
            self.verdict = outcome
        elif outcome.kind is OutcomeKind.UNKNOWN or outcome.reason in NETWORK_REASONS:
            self._failures += 1
            if self._failures >= self.FAILURES_MAX and self.verdict is None:
                detail = f"Not tried: {self._failures} failures in a row, the last one {outcome.reason}."
                self.verdict = postpone(self._now, "provider_failing", detail=detail)
        else:
            self._failures = 0


NETWORK_REASONS = frozenset({"connect_failed", "connection_lost", "tls_failed", "timeout", "http_503"})
