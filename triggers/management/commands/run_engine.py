"""The engine in one process: no broker, no second service."""

import logging
import signal
from argparse import ArgumentParser
from datetime import timedelta
from threading import Event as Flag
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from campaigns.feedback import count_feedback
from campaigns.rollups import count_due_experiments
from campaigns.transports import build_current_transport
from delivery.base import Transport
from recommendations.building import is_stale, rebuild_neighbours
from triggers.engine import SweepTally, sweep

logger = logging.getLogger(__name__)
LOOK_EVERY = timedelta(hours=1)


class Command(BaseCommand):
    help = "Takes events, waits, messages and doubts as they come due, until it is told to stop."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--poll", type=float, default=1.0, help="Seconds to rest when nothing is due")
        parser.add_argument("--once", action="store_true", help="Stop when nothing is due any more")

    def handle(self, *, poll: float, once: bool, **_: Any) -> None:
        stop = Flag()
        _stop_on_signals(stop)
        transport = build_current_transport()
        self.stdout.write(f"Pairwell's engine runs; mail leaves by {transport.name}. Ctrl+C stops it.")
        look_again = timezone.now()
        while not stop.is_set():
            tally = _sweep_or_log(transport, stop)
            if tally is None or tally.is_idle:
                if once and tally is not None:
                    break
                if timezone.now() >= look_again:
                    look_again = timezone.now() + LOOK_EVERY
                    _learn_or_log()
                    _count_or_log()
                    _count_responses_or_log()
                stop.wait(poll)
        self.stdout.write("Stopped; nothing was left half done.")


def _sweep_or_log(transport: Transport, stop: Flag) -> SweepTally | None:
    """One sweep. A failure is logged and tried again: one bad row must not stop the shop's mail."""
    close_old_connections()
    try:
        tally = sweep(timezone.now(), transport, clock=timezone.now, should_stop=stop.is_set)
    except Exception:
        logger.exception("The sweep failed and will be tried again.")
        return None
    if not tally.is_idle:
        logger.info(
            "swept", extra={"events": tally.events, "advanced": tally.advanced, **vars(tally.messages)}
        )
    return tally


def _learn_or_log() -> None:
    """Learns once a day what goes together, as Celery's beat does; only when no mail is due."""
    try:
        if is_stale(timezone.now()):
            rebuild_neighbours(timezone.now())
    except Exception:
        logger.exception("The neighbour tables could not be rebuilt; the old ones stay.")


def _count_or_log() -> None:
    """Adds up what the people of experiments did, and looks at it, as Celery's beat does."""
    try:
        count_due_experiments(timezone.now())
    except Exception:
        logger.exception("The experiments could not be counted; they will be in the next hour.")


def _count_responses_or_log() -> None:
    """What customers made of the products they were shown, as Celery's beat counts it."""
    try:
        while count_feedback(timezone.now()):
            pass
    except Exception:
        logger.exception("Responses to products could not be counted; they will be in the next hour.")


def _stop_on_signals(stop: Flag) -> None:
    """SIGTERM and Ctrl+C end the loop after the batch in hand; no other batch is held."""

    def ask(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of signal handlers)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
