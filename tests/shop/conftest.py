from pathlib import Path

import pytest

from tests.factories import make_product


@pytest.fixture
def file(db: None, tmp_path: Path) -> Path:
    """Where a table goes, in a shop that sells a teapot."""
    make_product(external_id="teapot")
    return tmp_path / "table.csv"
