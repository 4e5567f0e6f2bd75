from pathlib import Path

import pytest
from pytest_django import Settings

from tests.factories import make_product


@pytest.fixture(autouse=True)
def _collected_static_files(settings: Settings, tmp_path: Path) -> None:
    """WhiteNoise warns about a missing directory, and warnings are errors here."""
    settings.STATIC_ROOT = tmp_path


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    """Where a table goes, in a shop that sells a teapot."""
    make_product(external_id="teapot")
    return tmp_path / "table.csv"
