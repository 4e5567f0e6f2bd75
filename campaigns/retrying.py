"""Writing again what the database rolled back: deadlocks, serialization failures, a lost connection.

Only for writes that decide by compare-and-set, so that doing them twice does them once.
"""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")
TRIES = 4
FIRST_PAUSE = 0.2  # seconds; doubles, so that a database that restarts has three seconds

logger = logging.getLogger(__name__)


def retry_write(write: Callable[[], T], *, pause: Callable[[float], None] = time.sleep) -> T:
    """What `write` returns; tried up to four times where the database, not the data, is at fault.

    Raises the last error, and within a transaction of the caller's the first one: that one is lost already.
    """
    for number in range(TRIES - 1):
        try:
            return write()
        except (OperationalError, InterfaceError) as error:
            if connection.in_atomic_block:
                raise
            logger.warning("A write is tried again: %s", type(error).__name__)
            connection.close_if_unusable_or_obsolete()
            pause(FIRST_PAUSE * 2**number)
    return write()
