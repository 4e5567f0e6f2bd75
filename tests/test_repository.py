"""What no reader of the code should ever find in it."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def test_no_file_holds_the_marks_of_an_unfinished_merge() -> None:
    if not (ROOT / ".git").exists():
        pytest.skip("This is no git checkout.")
    command = ["git", "grep", "-nIE", r"^(<{7}|>{7}) "]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
    assert found.stdout == ""
