"""One event loop a process, in a thread of its own: connections outlive the batch that opened them."""

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_running: tuple[int, asyncio.AbstractEventLoop] | None = None  # with the process that it runs in


def run_in_background(work: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns or raises, run on the loop of this process while the caller waits."""
    return asyncio.run_coroutine_threadsafe(work, find_loop()).result()


def find_loop() -> asyncio.AbstractEventLoop:
    """The loop, started if there is none yet, or if the one there was belongs to the parent of a fork."""
    global _running
    with _lock:
        if _running is None or _running[0] != os.getpid():
            loop = asyncio.new_event_loop()
            # A daemon: nothing that hangs on the network may keep the process from ending.
            threading.Thread(target=loop.run_forever, name="pairwell-network", daemon=True).start()
            _running = os.getpid(), loop
        return _running[1]
