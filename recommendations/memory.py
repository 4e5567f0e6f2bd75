"""How much memory a piece of work takes at its peak."""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_STATUS = Path("/proc/self/status")


@dataclass
class Memory:
    """Megabytes: what the process held before, and its peak since."""

    start: float
    peak: float = 0.0

    @property
    def above_start(self) -> float:
        return max(self.peak - self.start, 0.0)


@contextmanager
def watch_memory() -> Iterator[Memory]:
    """The peak of the process while the block runs. Where the kernel cannot set its mark back (any but Linux)
    the peak is that of the process so far."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    memory = Memory(_read("VmRSS"))
    try:
        yield memory
    finally:
        memory.peak = _read("VmHWM")


def _read(name: str) -> float:
    if not _STATUS.exists():
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
    lines = _STATUS.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))
