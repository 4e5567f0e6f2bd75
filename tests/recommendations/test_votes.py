"""The say of several anchors, added up in plain Python or in arrays: the same either way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommendations import neighbours
from recommendations.neighbours import Neighbours, add_votes

SCORES = st.integers(1, 64).map(lambda number: number / 64)  # exact, so that sums are equal in any order
ROWS = st.dictionaries(st.integers(1, 12), st.tuples(SCORES, st.integers(1, 99)), min_size=1, max_size=12)


@given(st.dictionaries(st.integers(1, 6), ROWS, max_size=4))
def test_few_rows_are_added_up_like_many(rows_by_anchor: dict[int, dict[int, tuple[float, int]]]) -> None:
    tables = {
        anchor: Neighbours(
            np.array(list(rows), dtype=np.int64),
            np.array([score for score, _ in rows.values()]),
            np.array([support for _, support in rows.values()], dtype=np.int64),
        )
        for anchor, rows in rows_by_anchor.items()
    }
    few = add_votes(tables)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(neighbours, "FEW", -1)
        assert add_votes(tables) == few
