"""The pages are served without a collectstatic before."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def collected_static_files(settings: Settings, tmp_path: Path) -> None:
    """An empty folder: WhiteNoise warns of a missing one, and a warning fails a test."""
    settings.STATIC_ROOT = tmp_path
