"""The engine in one process: no broker, no second service."""

import logging
import signal
from argparse import ArgumentParser
from threading import Event as Flag
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections
from django.utils import timezone

from campaigns.collecting import calm_collector
from campaigns.transports import build_current_transport
from delivery.base import Transport
from triggers.chores import Chores
from triggers.engine import SweepTally, sweep

logger = logging.getLogger(__name__)


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
        chores = Chores()
        calm_collector()
        while not stop.is_set():
            tally = _sweep_or_log(transport, stop)
            if tally is None or tally.is_idle:
                if once and tally is not None:
                    break
                chores.run_due(timezone.now())
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


def _stop_on_signals(stop: Flag) -> None:
    """SIGTERM and Ctrl+C end the loop after the batch in hand; no other batch is held."""

    def ask(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 (the signature of signal handlers)
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
