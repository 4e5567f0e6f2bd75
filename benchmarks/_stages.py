"""Where an email's time goes, and what the write-ahead log gets, stage by stage of the engine."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from cProfile import Profile
from pstats import Stats
from statistics import median
from time import process_time
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from benchmarks._mailing import Shop
from benchmarks._sink import Sink
from campaigns import preparation
from campaigns.batch_rendering import render_batch
from campaigns.composition import compose_emails
from campaigns.context import build_context
from campaigns.leasing import claim_batch
from campaigns.outcomes import record_outcomes
from campaigns.preparation import prepare_batch
from campaigns.records import write_records
from campaigns.sending import commit_intent
from delivery.sendgrid import SendGridTransport
from recommendations.choosing import choose
from recommendations.engine import recommend
from recommendations.facts import read_facts

EMAILS = 3_000
PROFILED = 500
AT_SEND = ("claim", "intent", "outcomes")


class _Meter:
    def __init__(self) -> None:
        self.cpu = Counter[str]()
        self.wal = defaultdict[str, list[int]](list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        written, cpu = _read_wal(), process_time()
        yield
        self.cpu[name] += process_time() - cpu  # type: ignore[assignment]  # counters count seconds as well
        self.wal[name].append(_read_wal() - written)

    def log_of(self, name: str) -> float:
        """Bytes of log an email: the median of the batches, as the server's own housekeeping logs, too."""
        return median(self.wal[name]) / int(settings.PAIRWELL["BATCH_SIZE"])


def measure(shop: Shop, sink: Sink) -> tuple[str, dict[str, float]]:
    """A table of the stages, and the bytes of log an email at send and for its record."""
    shop.queue(EMAILS)
    transport = SendGridTransport("SG.benchmark", sink.url)
    _send_one(shop, transport, _Meter())  # the first touch of a page after a checkpoint logs all of it
    meter, sent = _Meter(), 0
    while count := _send_one(shop, transport, meter):
        sent += count
    shares = _profile_batch(shop, transport)
    lines = [f"\n{'stage':14}{'CPU µs each':>12}{'log bytes each':>16}"]
    for name in meter.cpu:
        lines.append(f"{name:14}{1e6 * meter.cpu[name] / sent:12.1f}{meter.log_of(name):16.1f}")
    lines.append(
        "\nOf a batch, under a profiler, which makes calls look dearer than they are; parts overlap:"
    )
    lines += [f"  {name:40}{share:6.0%}" for name, share in shares]
    return "\n".join(lines), {
        "wal_bytes_per_mail": sum(meter.log_of(name) for name in AT_SEND),
        "wal_bytes_per_record": meter.log_of("record"),
    }


def _send_one(shop: Shop, transport: SendGridTransport, meter: _Meter) -> int:
    """One batch, by the functions that `send_due` calls."""
    with meter.stage("claim"):
        claim = claim_batch(transport.name, shop.now)
    if claim is None:
        return 0
    with meter.stage("prepare"):
        prepared = prepare_batch(claim.batch, transport, shop.now)
    with meter.stage("record"):
        write_records(claim.batch, prepared)
    with meter.stage("intent"):
        leaving = commit_intent(claim.batch, prepared, shop.now, route=transport.name) or []
    with meter.stage("hand over"):
        outcomes = transport.send([item.envelope for item in leaving if item.envelope], now=shop.now)
    with meter.stage("outcomes"):
        tally = record_outcomes(claim.batch, [item.message for item in leaving], outcomes, shop.now)
    return tally.accepted


PARTS: dict[str, Callable[..., Any]] = {
    "read messages, customers, orders": preparation._read_messages,
    "judge: consent, caps, hours, arms": preparation._judge_all,
    "recommend": recommend,
    "  read the facts of shop and customers": read_facts,
    "  choose": choose,
    "compose": compose_emails,
    "  build contexts and their links": build_context,
    "  render": render_batch,
    "  validate": SendGridTransport.validate,
    "write the records": write_records,
    "commit the intent, all checked again": commit_intent,
    "hand over": SendGridTransport.send,
    "everything read from the database": QuerySet._fetch_all,
}


def _profile_batch(shop: Shop, transport: SendGridTransport) -> list[tuple[str, float]]:
    """What its parts take of a batch, from the claim to the outcomes."""
    shop.queue(PROFILED)
    profile = Profile(process_time)
    profile.runcall(_send_one, shop, transport, _Meter())
    # By file, line and name of each function; seconds with all that it calls stand fourth.
    stats: dict[Any, Any] = vars(Stats(profile))["stats"]
    whole = stats[_find(_send_one)][3]
    return [(name, stats[_find(part)][3] / whole) for name, part in PARTS.items() if _find(part) in stats]


def _find(function: Callable[..., Any]) -> tuple[str, int, str]:
    code = function.__code__
    return code.co_filename, code.co_firstlineno, code.co_name


def _read_wal() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        return int(cursor.fetchone()[0])
