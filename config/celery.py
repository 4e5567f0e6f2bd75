"""Celery for shops past one process: workers do what `run_engine` does, through the same functions.

Tasks are doorbells. They carry no state that is not in a row, so losing or doubling one is harmless,
and nothing is ever scheduled with an ETA.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init
from kombu import Queue

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("pairwell")
app.config_from_object("django.conf:settings", namespace="CELERY")


@worker_process_init.connect
def _prepare_process(**_: Any) -> None:
    """In each process of a worker, after its fork."""
    from campaigns.collecting import calm_collector  # Django is set up by now

    calm_collector()


app.conf.task_ignore_result = True
app.conf.task_acks_late = True
app.conf.worker_prefetch_multiplier = 1
app.conf.broker_connection_retry_on_startup = True
app.autodiscover_tasks()
# A queue of its own for what may take minutes: a broadcast must not keep new orders from being seen.
app.conf.task_queues = (Queue("celery"), Queue("send"))
app.conf.task_default_queue = "celery"
app.conf.task_routes = {"campaigns.tasks.send": {"queue": "send"}}
# A ring that finds nobody home is dropped: the next one does the same work.
app.conf.beat_schedule = {
    "advance": {"task": "triggers.tasks.advance", "schedule": 2.0, "options": {"expires": 10}},
    "send": {"task": "campaigns.tasks.send", "schedule": 2.0, "options": {"expires": 10}},
    "settle": {"task": "campaigns.tasks.settle", "schedule": 5.0, "options": {"expires": 20}},
    "count experiments": {
        "task": "campaigns.tasks.count_experiments",
        "schedule": 3600.0,
        "options": {"expires": 600},
    },
    "count responses": {
        "task": "campaigns.tasks.count_responses",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "measure recommendations": {
        "task": "recommendations.tasks.run_evaluation_task",
        "schedule": 60.0,
        "options": {"expires": 50},
    },
    "rebuild neighbours": {
        "task": "recommendations.tasks.rebuild_neighbours_task",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    "keep lists in step": {
        "task": "triggers.tasks.keep_lists_in_step",
        "schedule": 600.0,
        "options": {"expires": 600},
    },
    "clear proofs": {
        "task": "triggers.tasks.clear_proofs",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
    "clear evidence": {
        "task": "triggers.tasks.clear_evidence",
        "schedule": 24 * 3600.0,
        "options": {"expires": 3600},
    },
}
