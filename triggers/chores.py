"""What the engine does besides mail, when none is due: the same as Celery's beat asks for."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from audience.evidence import clear_old_evidence
from audience.provider import build_provider, has_provider
from audience.provider_lists import sync_suppressions
from campaigns.feedback import count_feedback
from campaigns.proofs import clear_old_proofs
from campaigns.rollups import count_due_experiments
from recommendations.building import is_stale, rebuild_neighbours
from recommendations.evaluation_runs import run_evaluation

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Chore:
    """`work` does one bounded part and says whether more is due at once; `sorry` is logged if it fails."""

    every: timedelta
    work: Callable[[datetime], object]
    sorry: str


def _rebuild_stale(now: datetime) -> None:
    """Once a day, whatever the number of engines."""
    if is_stale(now):
        rebuild_neighbours(now)


def _count_experiments(now: datetime) -> None:
    count_due_experiments(now)


def _sync_lists(now: datetime) -> int:
    return sync_suppressions(build_provider(), now) if has_provider() else 0


def _clear_evidence(now: datetime) -> None:
    clear_old_evidence(now)


def _clear_proofs(now: datetime) -> None:
    clear_old_proofs(now)


def _measure(now: datetime) -> None:
    """What somebody asked for in the dashboard."""
    run_evaluation(now)


CHORES = (
    Chore(timedelta(hours=1), _rebuild_stale, "The neighbour tables could not be rebuilt."),
    Chore(timedelta(hours=1), _count_experiments, "The experiments could not be counted."),
    Chore(timedelta(hours=1), count_feedback, "Responses to products could not be counted."),
    Chore(timedelta(seconds=30), _measure, "The recommendations could not be measured."),
    Chore(timedelta(minutes=10), _sync_lists, "SendGrid's lists could not be compared with ours."),
    Chore(timedelta(days=1), _clear_evidence, "Old proofs of consent could not be cleared."),
    Chore(timedelta(days=1), _clear_proofs, "Old proof emails could not be deleted."),
)


class Chores:
    """Remembers when each is due again; a failure is logged and tried again at its next time."""

    def __init__(self, chores: tuple[Chore, ...] = CHORES) -> None:
        self._due: dict[Chore, datetime | None] = dict.fromkeys(chores)

    def run_due(self, now: datetime) -> None:
        """One part of each that is due, so that mail leaves in between; nothing raises."""
        for chore, due in self._due.items():
            if due is None or due <= now:
                self._due[chore] = None if _do(chore, now) else now + chore.every


def _do(chore: Chore, now: datetime) -> bool:
    try:
        return bool(chore.work(now))
    except Exception:
        logger.exception("%s It is tried again later.", chore.sorry)
        return False
