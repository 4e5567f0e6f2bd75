import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def empty_memory() -> None:
    """Answers are kept for a minute, and the next test has the same keys."""
    cache.clear()
