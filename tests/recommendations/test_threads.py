"""Work that is shared out comes back in its order, and is never far ahead of whoever takes it."""

import pytest

from recommendations.threads import THREADS, map_ahead


def test_results_come_in_the_order_of_the_items() -> None:
    assert list(map_ahead(lambda number: number * number, range(20))) == [n * n for n in range(20)]


def test_nothing_is_worked_out_that_lies_far_ahead() -> None:
    taken: list[int] = []

    def note(number: int) -> int:
        taken.append(number)
        return number

    results = map_ahead(note, range(100))
    assert [next(results), next(results)] == [0, 1]
    assert len(taken) <= 2 + THREADS
    results.close()


def test_what_fails_fails_where_the_result_is_taken() -> None:
    results = map_ahead(lambda number: 1 // number, [1, 0])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
