"""What every test shares: a fixed clock, and a database that is thrown away."""

from datetime import UTC, datetime

import pytest

from campaigns.transports import build_current_transport


@pytest.fixture
def now() -> datetime:
    """A Tuesday at noon in London: nobody's quiet hours in Europe."""
    return datetime(2026, 11, 17, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_transport() -> None:
    """The transport is built once a process; a test that changes the settings wants another."""
    build_current_transport.cache_clear()
