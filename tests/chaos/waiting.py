"""Waiting for conditions, and trying again what a server that restarts refused."""

import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from django.db import InterfaceError, OperationalError, connection

T = TypeVar("T")


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Raises TimeoutError, saying what did not happen."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(0.05)


def persist(call: Callable[[], T], seconds: float = 60) -> T:
    """What the call returns, once the database is there again. The call may be made more than once."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return call()
        except (OperationalError, InterfaceError, psycopg.OperationalError):
            if time.monotonic() > deadline:
                raise
            connection.close()
            time.sleep(0.1)
