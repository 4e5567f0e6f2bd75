"""The demo never empties a database that may hold a real shop."""

from datetime import UTC, datetime

import pytest
from django.db import connection

from demo import resetting
from demo.boutique.loading import load_boutique
from demo.resetting import ResetRefusedError, check_reset, empty_tables, is_empty
from shop.models import Customer

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def meet_a_stranger() -> None:
    Customer.objects.create(external_id="c-17", created_at=NOW)


def test_an_empty_database_may_be_used_wherever_it_is() -> None:
    check_reset(is_forced=False)


def test_a_database_with_real_customers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resetting, "is_own_sqlite", lambda: True)
    meet_a_stranger()
    with pytest.raises(ResetRefusedError, match="customers that the demo didn't make"):
        check_reset(is_forced=False)


def test_a_filled_database_elsewhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resetting, "is_own_sqlite", lambda: False)
    load_boutique(NOW)
    with pytest.raises(ResetRefusedError, match="DATABASE_URL"):
        check_reset(is_forced=False)


def test_whoever_says_reset_means_it() -> None:
    meet_a_stranger()
    check_reset(is_forced=True)


def test_the_demo_s_own_database_may_be_filled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resetting, "is_own_sqlite", lambda: True)
    load_boutique(NOW)
    check_reset(is_forced=False)


def test_the_test_database_counts_as_own_only_on_sqlite() -> None:
    assert resetting.is_own_sqlite() == (connection.vendor == "sqlite")


@pytest.mark.django_db(transaction=True)
def test_emptying_leaves_nothing_and_a_second_load_works() -> None:
    load_boutique(NOW)
    empty_tables()
    assert is_empty()
    assert load_boutique(NOW).customers
