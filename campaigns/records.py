"""What each message was made of, written down before its batch may leave.

A record says what would be said, not that it was: that is the batch's to say. So it is written ahead of
the intent, whose transaction holds locks and stays as short as its checks. On PostgreSQL the rows go in
by COPY, because a statement with five thousand parameters costs more than all the rendering.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import JSONField, Model

from campaigns.context import tell_reason
from campaigns.models import Message, MessageProduct, RenderedMessage, SendBatch, TrackedLink
from campaigns.preparation import Prepared
from recommendations.engine import trace_of


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
        _insert(RenderedMessage, [item.rendered for item in made if item.rendered])
        _insert(MessageProduct, [row for item in made for row in _make_product_rows(item)])
    return True


def drop_records(messages: Sequence[Message]) -> None:
    """For messages that don't leave after all: what was never said is no email of theirs."""
    if messages:
        RenderedMessage.objects.filter(message__in=messages).delete()
        MessageProduct.objects.filter(message__in=messages).delete()


def _write_links(links: dict[bytes, str]) -> None:
    """The same few addresses are in most batches, so that there is rarely one to write."""
    if links:
        found = TrackedLink.objects.filter(key__in=links).values_list("key", flat=True)
        known = {bytes(key) for key in found}
        new = [TrackedLink(key=key, url=url) for key, url in links.items() if key not in known]
        TrackedLink.objects.bulk_create(new, ignore_conflicts=True)


def _make_product_rows(item: Prepared) -> Iterable[MessageProduct]:
    for pick in item.shown:
        yield MessageProduct(
            message=item.message,
            product=pick.product,
            because_of=pick.because_of,
            kind=pick.kind,
            rank=pick.rank,
            score=pick.score,
            support=pick.support,
            scorer=pick.scorer,
            model_id=pick.model_id,
            reason=str(tell_reason(pick, item.standing.language)["text"])[:400],
            trace=trace_of(pick, place=item.message.step.campaign.key),
        )


def _insert(model: type[Model], rows: Sequence[Model]) -> None:
    if connection.vendor == "postgresql" and rows:
        _copy(model, rows)
    else:
        model._default_manager.bulk_create(rows)


def _copy(model: type[Model], rows: Sequence[Model]) -> None:
    """Plain values only, as they are in the instances; the database gives the keys that it generates."""
    from psycopg.types.json import Jsonb

    fields = [field for field in model._meta.concrete_fields if not field.db_returning]
    names = ", ".join(connection.ops.quote_name(str(field.column)) for field in fields)
    columns = [(field.attname, isinstance(field, JSONField)) for field in fields]
    with connection.cursor() as cursor:
        copy: Any = cursor.copy  # of psycopg's cursor, which Django's wraps
        with copy(f"COPY {connection.ops.quote_name(model._meta.db_table)} ({names}) FROM STDIN") as copied:
            for row in rows:
                values = [(getattr(row, name), is_json) for name, is_json in columns]
                copied.write_row([Jsonb(value) if is_json else value for value, is_json in values])
