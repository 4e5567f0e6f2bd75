"""What every test shares: a fixed clock, and a database that is thrown away."""

from datetime import UTC, datetime

import pytest


@pytest.fixture
def now() -> datetime:
    """A Tuesday at noon in London: nobody's quiet hours in Europe."""
    return datetime(2026, 11, 17, 12, 0, tzinfo=UTC)
