"""The garbage collector of a long-running process: rarer, and still at work."""

import gc
from collections.abc import Iterator
from weakref import ref

import pytest

from campaigns.collecting import calm_collector


class Node:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def usual_collector() -> Iterator[None]:
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_is_loaded_is_set_aside_and_cycles_made_later_are_still_found() -> None:
    calm_collector()
    assert gc.get_freeze_count() > 10_000
    lost = ref(Node())
    _kept = [[number] for number in range(2 * gc.get_threshold()[0])]
    assert lost() is None
