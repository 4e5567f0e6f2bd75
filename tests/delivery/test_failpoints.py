"""Places at which a test lets the process die: off by default, exact when asked for."""

import os
import signal
import subprocess
import sys

import pytest

from delivery import failpoints
from delivery.failpoints import PLACES, Failpoint, reach

PROGRAM = "from delivery.failpoints import reach\nfor n in range(3):\n    reach('after_claim')\n    print(n)"


def run(**variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-u", "-c", PROGRAM]
    return subprocess.run(  # noqa: S603 (our own words)
        command, capture_output=True, text=True, timeout=30, env={**os.environ, **variables}, check=False
    )


def test_nothing_happens_unless_it_was_asked_for() -> None:
    assert failpoints._armed is None
    for place in PLACES:
        reach(place)


def test_a_process_dies_at_the_place_that_was_named() -> None:
    died = run(PAIRWELL_FAILPOINT="after_claim:2")
    assert died.returncode == -signal.SIGKILL
    assert died.stdout.split() == ["0"]


def test_another_place_is_passed() -> None:
    assert run(PAIRWELL_FAILPOINT="before_send").stdout.split() == ["0", "1", "2"]


@pytest.mark.parametrize("wanted", ["after_lunch", "after_claim:x", "after_claim:1:explode", ":"])
def test_a_place_that_does_not_exist_is_refused_with_those_that_do(wanted: str) -> None:
    with pytest.raises(ValueError, match="after_claim, before_intent"):
        Failpoint(wanted)
