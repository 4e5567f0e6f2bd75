"""One email for everyone in an audience, queued by the database itself: no row passes through Python.

Who may be written to is decided when it is sent, not here: consent, caps and quiet hours belong to sending.
"""

from datetime import datetime
from math import ceil

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, QuerySet

from campaigns.models import Campaign, Message, SendBatch, Step
from campaigns.outbox import PRIORITIES
from shop.models import Customer

CUSTOMERS_AT_ONCE = 50_000  # one statement and one transaction for so many
OCCURRENCE_CHARS_MAX = 100

# The first %s customers (in the order of their keys) go into the first batch, and so on.
_INSERT = """
INSERT INTO campaigns_message (id, step_id, customer_id, occurrence, queued_at, due_at, batch_id, is_closed)
SELECT {new_id}, %s, chosen.id, %s, {moment}, {moment}, batch.id, {no}
FROM (SELECT id, (ROW_NUMBER() OVER (ORDER BY id) - 1) / %s AS place FROM ({audience}) AS wanted) AS chosen
JOIN (
    SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place FROM campaigns_sendbatch WHERE id IN ({batches})
) AS batch ON batch.place = chosen.place
ON CONFLICT (step_id, customer_id, occurrence) DO NOTHING
"""
_DIALECTS = {
    "postgresql": {"new_id": "gen_random_uuid()", "moment": "%s::timestamptz", "no": "FALSE"},
    "sqlite": {"new_id": "lower(hex(randomblob(16)))", "moment": "%s", "no": "0"},
}


def queue_broadcast(
    campaign: Campaign, now: datetime, *, occurrence: str, audience: QuerySet[Customer] | None = None
) -> int:
    """Queues the campaign's first email for everyone in the audience; returns how many messages are new.

    The audience is everyone with an address unless a query narrows it. `occurrence` names the broadcast,
    such as "spring-2026": `one_message_per_step_customer_and_occurrence` makes it idempotent, so that a
    call which was killed half-way is simply made again. What is committed may leave at once. Raises
    ValueError for a campaign without an email and for an occurrence that can't be stored.
    """
    step = campaign.steps.order_by("position").first()
    if step is None:
        raise ValueError(f"The campaign {campaign.key!r} has no email. Add a step to it.")
    if not 0 < len(occurrence) <= OCCURRENCE_CHARS_MAX:
        raise ValueError(f"Name the broadcast in 1 to {OCCURRENCE_CHARS_MAX} characters, such as its date.")
    wanted = (Customer.objects.all() if audience is None else audience).filter(merged_into=None)
    wanted = wanted.exclude(email="").order_by("pk")
    queued, after = 0, 0
    while last := _find_end(wanted.filter(pk__gt=after)):
        queued += _queue_part(wanted.filter(pk__gt=after, pk__lte=last), step, occurrence, now)
        after = last
    return queued


def _find_end(rest: QuerySet[Customer]) -> int | None:
    """The key of the last customer of the next part; None where nobody is left."""
    keys = rest.values_list("pk", flat=True)
    return keys[CUSTOMERS_AT_ONCE - 1 : CUSTOMERS_AT_ONCE].first() or keys.last()


def _queue_part(part: QuerySet[Customer], step: Step, occurrence: str, now: datetime) -> int:
    earlier = Message.objects.filter(step=step, customer=OuterRef("pk"), occurrence=occurrence)
    new = part.exclude(Exists(earlier))
    with transaction.atomic():
        batches = _open_batches(step.campaign, ceil(new.count() / settings.PAIRWELL["BATCH_SIZE"]), now)
        if not batches:
            return 0
        queued = _insert(new, batches, step=step, occurrence=occurrence, now=now)
        # Another call for the same broadcast may have come first.
        SendBatch.objects.filter(pk__in=batches).exclude(
            Exists(Message.objects.filter(batch=OuterRef("pk")))
        ).delete()
    return queued


def _open_batches(campaign: Campaign, number: int, now: datetime) -> list[int]:
    priority = PRIORITIES[Campaign.MessageClass(campaign.message_class)]
    rows = [SendBatch(campaign=campaign, priority=priority, due_at=now) for _ in range(number)]
    return [batch.pk for batch in SendBatch.objects.bulk_create(rows)]


def _insert(
    new: QuerySet[Customer], batches: list[int], *, step: Step, occurrence: str, now: datetime
) -> int:
    audience, values = new.order_by().values("id").query.sql_with_params()
    statement = _INSERT.format(
        **_DIALECTS[connection.vendor], audience=audience, batches=", ".join(["%s"] * len(batches))
    )
    moment = connection.ops.adapt_datetimefield_value(now)
    size = settings.PAIRWELL["BATCH_SIZE"]
    with connection.cursor() as cursor:
        cursor.execute(statement, [step.pk, occurrence, moment, moment, size, *values, *batches])
        return int(cursor.rowcount)
