"""Back-tests that people asked for: the row is the job, and one worker takes it."""

from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from recommendations.evaluation import evaluate
from recommendations.models import EvaluationRun
from recommendations.order_files import OrderFileError
from recommendations.recorded_sales import read_recorded_sales

ABANDONED_AFTER = timedelta(hours=1)  # a worker that died leaves its run to the next


def ask_for_evaluation(now: datetime) -> EvaluationRun:
    """The run that is open already, or a new one."""
    try:
        with transaction.atomic():
            return EvaluationRun.objects.create(asked_at=now)
    except IntegrityError:
        return EvaluationRun.objects.get(finished_at=None)


def run_evaluation(now: datetime) -> EvaluationRun | None:
    """Take the open run, measure on the recorded orders, keep the report or why there is none.

    None where nothing is asked for, or another worker has it.
    """
    free = Q(taken_at=None) | Q(taken_at__lt=now - ABANDONED_AFTER)
    waiting = EvaluationRun.objects.filter(free, finished_at=None)
    run = waiting.first()
    if run is None or not waiting.filter(pk=run.pk).update(taken_at=now):
        return None
    run.taken_at = now
    return _finish(run, now)


def store_report(report: dict[str, Any], now: datetime) -> EvaluationRun:
    """Keep a report that was measured elsewhere, on the recorded orders all the same."""
    return EvaluationRun.objects.create(asked_at=now, taken_at=now, finished_at=now, report=report)


def read_latest() -> EvaluationRun | None:
    """The newest run that is finished."""
    return EvaluationRun.objects.exclude(finished_at=None).order_by("-finished_at", "-pk").first()


def _finish(run: EvaluationRun, now: datetime) -> EvaluationRun:
    try:
        run.report, run.refusal = evaluate(read_recorded_sales()), ""
    except OrderFileError as error:
        run.refusal = str(error)
    run.finished_at = now
    run.save(update_fields=["report", "refusal", "taken_at", "finished_at"])
    return run
