"""A clock that all processes of a run share, sixty times as fast as the wall's.

So a run keeps the leases, pauses and waiting times that a shop has: five minutes pass in five seconds. The
three numbers of the clock lie in a small mapped file; whoever sets it on sets it on for everybody, and one
process alone can be made to go wrong (`shift`).
"""

import mmap
import os
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone

VARIABLE = "PAIRWELL_CHAOS_CLOCK"
SPEED = 60
START = datetime(2026, 11, 17, 8, 5, tzinfo=UTC)  # the shop's quiet hours are just over
_LAYOUT = struct.Struct("dd")  # the wall's time at the start, and what to add to it


class FastClock:
    """Tells the time of the run from a file that `create` wrote."""

    def __init__(self, path: Path) -> None:
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _LAYOUT.size)
        self._shift = 0.0

    @staticmethod
    def create(path: Path) -> None:
        path.write_bytes(_LAYOUT.pack(time.time(), START.timestamp()))

    def now(self) -> datetime:
        began, start = _LAYOUT.unpack(self._memory[:])
        seconds = start + (time.time() - began) * SPEED + self._shift
        return datetime.fromtimestamp(seconds, UTC)

    def shift(self, seconds: float) -> None:
        """From now on this process alone is so many seconds ahead, or behind."""
        self._shift += seconds

    def set_on(self, by: timedelta) -> None:
        """The whole world is that much later."""
        began, start = _LAYOUT.unpack(self._memory[:])
        self._memory[:] = _LAYOUT.pack(began, start + by.total_seconds())


def install() -> FastClock:
    """Makes Django tell the time of the clock that the environment names."""
    clock = FastClock(Path(os.environ[VARIABLE]))
    timezone.now = clock.now
    return clock
