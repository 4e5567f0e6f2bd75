from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def _collected_static_files(settings: Settings, tmp_path: Path) -> None:
    """WhiteNoise warns about a missing directory, and warnings are errors here."""
    settings.STATIC_ROOT = tmp_path
