"""A report that somebody asked for: made once, kept, and honest where there is nothing to measure."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from recommendations.evaluation_runs import ask_for_evaluation, read_latest, run_evaluation
from recommendations.models import EvaluationRun
from tests.recommendations.shops import NOW, make_customer, make_order, make_product

pytestmark = pytest.mark.django_db


def sell_for_two_months() -> None:
    cup, saucer, customer = make_product("Cup"), make_product("Saucer"), make_customer()
    for days in range(60):
        make_order([cup, saucer], customer=customer, days_ago=days)


def test_what_was_asked_for_is_measured_once_and_kept() -> None:
    sell_for_two_months()
    asked = ask_for_evaluation(NOW)
    run = run_evaluation(NOW)
    assert run == asked
    assert run is not None
    assert run.report["tasks"]["single"]["engine"]["hit_rate@3"] == 1.0
    assert read_latest() == run
    assert run_evaluation(NOW) is None


def test_asking_twice_is_asking_once() -> None:
    assert ask_for_evaluation(NOW) == ask_for_evaluation(NOW + timedelta(minutes=1))
    assert EvaluationRun.objects.count() == 1


def test_a_shop_without_orders_is_told_why_there_is_no_report() -> None:
    ask_for_evaluation(NOW)
    run = run_evaluation(NOW)
    assert run is not None
    assert run.report == {}
    assert "no orders" in run.refusal


def test_another_workers_run_is_left_alone_until_that_worker_must_have_died() -> None:
    sell_for_two_months()
    EvaluationRun.objects.create(asked_at=NOW, taken_at=NOW)
    assert run_evaluation(NOW + timedelta(minutes=59)) is None
    assert run_evaluation(NOW + timedelta(minutes=61)) is not None


def test_the_command_stores_reports_of_recorded_orders_only(tmp_path: Path) -> None:
    sell_for_two_months()
    call_command("evaluate_recommendations", "--store", stdout=StringIO(), stderr=StringIO())
    latest = read_latest()
    assert latest is not None
    assert latest.report["train_orders"] > 0
    with pytest.raises(CommandError, match="leave out --orders"):
        call_command("evaluate_recommendations", "--store", "--orders", str(tmp_path / "orders.csv"))
