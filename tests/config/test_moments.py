"""What is read from a PostgreSQL is what Django would have read."""

from datetime import UTC, datetime

import pytest
from django.db.backends.postgresql.psycopg_any import BaseTzLoader
from hypothesis import given
from hypothesis import strategies as st
from psycopg import DataError

from config.postgresql.base import MomentLoader

TIMESTAMPTZ = 1184


class DjangosLoader(BaseTzLoader):  # type: ignore[misc]  # Django has no types for it
    timezone = UTC


def write_as_postgresql(moment: datetime) -> str:
    return moment.isoformat(sep=" ").removesuffix("+00:00").rstrip("0" if moment.microsecond else "") + "+00"


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_is_the_one_that_django_reads(moment: datetime) -> None:
    data = write_as_postgresql(moment).encode()
    assert MomentLoader(TIMESTAMPTZ).load(data) == moment == DjangosLoader(TIMESTAMPTZ).load(data)


def test_another_offset_is_left_to_django() -> None:
    data = b"2026-03-01 08:30:00.25+03:30"
    read = MomentLoader(TIMESTAMPTZ).load(data)
    assert read == DjangosLoader(TIMESTAMPTZ).load(data)
    assert read.tzinfo is UTC


@pytest.mark.parametrize("data", [b"infinity", b"10000-01-01 00:00:00+00", b"0044-03-15 12:00:00+00 BC"])
def test_what_no_datetime_can_hold_is_refused_as_ever(data: bytes) -> None:
    with pytest.raises(DataError):
        MomentLoader(TIMESTAMPTZ).load(data)
