"""Counting queries, to show that their number does not grow with the batch."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def count_statements() -> Iterator[list[str]]:
    """The statements of the block, in a list that is filled when the block ends.

    SQLite takes at most 999 parameters, so Django cuts one bulk statement into pieces there. Such pieces
    follow each other with the same beginning, and count as the one statement that they are.
    """
    statements: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield statements
    beginnings = (query["sql"][:60] for query in captured.captured_queries)
    statements.extend(beginning for beginning, _ in groupby(beginnings))
