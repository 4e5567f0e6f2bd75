"""What each message was made of, written down before its batch may leave.

A record says what would be said, not that it was: that is the batch's to say. So it is written ahead of
the intent, whose transaction holds locks and stays as short as its checks. On PostgreSQL the rows go in
by COPY, because a statement with five thousand parameters costs more than all the rendering.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
from django.db import connection, transaction
from django.db.models import Model

from campaigns.context import tell_reason
from campaigns.models import Message, MessageProduct, RenderedMessage, SendBatch, TrackedLink
from campaigns.preparation import Prepared
from campaigns.prepared import Record
from recommendations.engine import Pick, keep_rule_book, trace_of


def write_records(batch: SendBatch, prepared: Sequence[Prepared]) -> bool:
    """Writes the record of each message that is to leave, in the place of earlier ones of the batch.

    False, and nothing written, when the lease was lost: another worker's records are the true ones then.
    """
    made = [item for item in prepared if item.rendered]
    with transaction.atomic():
        leased = SendBatch.objects.filter(pk=batch.pk, fence=batch.fence, state=SendBatch.State.LEASED)
        if not leased.select_for_update().exists():
            return False
        drop_records([item.message for item in prepared])
        _write_links({key: url for item in made for key, url in item.urls.items()})
        _insert(RenderedMessage, Record._fields, [item.rendered for item in made if item.rendered])
        _write_products(list(_list_products(made)))
    return True


def drop_records(messages: Sequence[Message]) -> None:
    """For messages that don't leave after all: what was never said is no email of theirs."""
    if messages:
        keys = [message.id for message in messages]
        RenderedMessage.objects.filter(message__in=keys).delete()
        MessageProduct.objects.filter(message__in=keys).delete()


def _write_links(links: dict[bytes, str]) -> None:
    """The same few addresses are in most batches, so that there is rarely one to write."""
    if links:
        found = TrackedLink.objects.filter(key__in=links).values_list("key", flat=True)
        known = {bytes(key) for key in found}
        # In the order of their keys, so that two workers never wait for each other.
        new = [TrackedLink(key=key, url=url) for key, url in sorted(links.items()) if key not in known]
        TrackedLink.objects.bulk_create(new, ignore_conflicts=True)


def _write_products(rows: Sequence[tuple[Any, ...]]) -> None:
    if rows:
        keep_rule_book()
        _insert(MessageProduct, _PRODUCT_COLUMNS, rows)


def _list_products(made: Iterable[Prepared]) -> Iterator[tuple[Any, ...]]:
    """A row for each product of each message; what is the same in many emails is worked out once."""
    known: dict[tuple[int, str, str], tuple[Any, ...]] = {}
    for item in made:
        language, place = item.standing.language, item.message.campaign.key
        for pick in item.shown:
            key = id(pick), language, place
            if key not in known:
                known[key] = _describe(pick, language, place)
            yield item.message.id, *known[key]


_PRODUCT_COLUMNS = (
    "message_id", "product_id", "because_of_id", "kind", "rank", "score", "support", "scorer", "model_id",
    "reason", "trace",
)  # fmt: skip


def _describe(pick: Pick, language: str, place: str) -> tuple[Any, ...]:
    """The columns after the first."""
    return (
        pick.product.id, pick.because_of.id if pick.because_of else None, pick.kind, pick.rank, pick.score,
        pick.support, pick.scorer, pick.model_id, str(tell_reason(pick, language)["text"])[:400],
        trace_of(pick, place=place),
    )  # fmt: skip


def _insert(model: type[Model], names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> None:
    if connection.vendor == "postgresql" and rows:
        _copy(model, names, rows)
    else:
        model._default_manager.bulk_create(model(**dict(zip(names, row, strict=True))) for row in rows)


def _copy(model: type[Model], names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Plain values only; the database gives the keys that it generates. A dict is written as JSON."""
    columns = ", ".join(connection.ops.quote_name(name) for name in names)
    with connection.cursor() as cursor:
        copy: Any = cursor.copy  # of psycopg's cursor, which Django's wraps
        with copy(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({columns}) FROM STDIN") as copied:
            for row in rows:
                copied.write_row([_write_json(value) if type(value) is dict else value for value in row])


def _write_json(value: Any) -> str:
    return orjson.dumps(value).decode()
