"""The storm in its short form, from outside, as `make chaos` runs the long one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.environment import make_environment


@pytest.mark.servers
def test_a_dozen_killed_processes_break_no_promise(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--kills", "12", "--seed", "3", "--minutes", "4"]
    ran = subprocess.run(  # noqa: S603 (our own words)
        command, env=make_environment(tmp_path), capture_output=True, text=True, timeout=540, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "every promise was kept" in ran.stdout
