"""What events do to the log: once per id, the good beside the bad, few queries."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shop.ingest import EventRefused, record_event, record_events, record_history
from shop.models import Event, Order, OrderLine
from shop.schemas import KINDS
from tests.factories import NOW, make_product
from tests.shop.elements import AT, cart, event, line, order, placed, product, record

pytestmark = pytest.mark.django_db


def test_an_order_posted_twice_is_recorded_once() -> None:
    make_product(external_id="teapot")
    assert [receipt.status for receipt in record(placed()) + record(placed())] == ["recorded", "known"]
    assert (Event.objects.count(), Order.objects.count(), OrderLine.objects.count()) == (1, 1, 1)


def test_an_event_twice_in_one_batch_is_recorded_once() -> None:
    make_product(external_id="teapot")
    assert [receipt.status for receipt in record(placed(), placed())] == ["recorded", "known"]


def test_the_order_of_names_makes_no_other_event() -> None:
    make_product(external_id="teapot")
    record(placed())
    [receipt] = record(dict(reversed(placed().items())))
    assert receipt.status == "known"


@pytest.mark.parametrize("together", [True, False])
def test_the_same_id_with_other_content_is_refused(*, together: bool) -> None:
    make_product(external_id="teapot")
    first, second = placed(), placed(lines=[line(quantity=2)])
    receipt = record(first, second)[1] if together else (record(first), record(second))[1][0]
    assert (receipt.status, receipt.errors[0].path) == ("refused", "id")
    assert "other content" in receipt.errors[0].message
    assert OrderLine.objects.get().quantity == 1


def test_the_same_id_from_another_source_is_another_event() -> None:
    make_product(external_id="teapot")
    record(placed())
    assert record(placed(), source="till")[0].status == "recorded"
    assert Event.objects.count() == 2


def test_receipts_come_in_the_order_of_the_elements() -> None:
    make_product(external_id="teapot")
    receipts = record(placed("a"), "nonsense", placed("b"), {"id": "c"})
    assert [(r.index, r.status, r.id) for r in receipts] == [
        (0, "recorded", "a"),
        (1, "refused", ""),
        (2, "recorded", "b"),
        (3, "refused", "c"),
    ]


def test_an_event_keeps_ids_but_no_personal_data() -> None:
    record(event("customer.updated", customer={"id": "sara", "email": "sara@buyer.example", "name": "Sara"}))
    recorded = Event.objects.get()
    assert recorded.payload["customer"] == {"id": "sara"}
    assert recorded.customer is not None
    assert recorded.customer.email == "sara@buyer.example"


def test_history_makes_facts_and_no_events() -> None:
    make_product(external_id="teapot")
    record_history([placed()], now=NOW)
    record_history([placed()], now=NOW)
    assert (Event.objects.count(), Order.objects.count(), OrderLine.objects.count()) == (0, 1, 1)


def test_a_django_shop_records_an_event_in_its_own_process() -> None:
    moment = NOW - timedelta(hours=1)
    receipt = record_event("product.updated", id="p-1", occurred_at=moment, product=product(), now=NOW)
    assert (receipt.status, Event.objects.get().source) == ("recorded", "django")


def test_a_django_shop_hears_why_its_event_was_refused() -> None:
    with pytest.raises(EventRefused, match=r"order\.lines\[0\]\.product: The product 'teapot' is unknown"):
        record_event("order.placed", id="1", occurred_at=NOW, order=order(), now=NOW)


def test_more_than_a_batch_is_taken_piece_by_piece() -> None:
    make_product(external_id="teapot")
    receipts = record(
        *(event("product.viewed", number=n, customer={"id": n % 7}, product="teapot") for n in range(1001))
    )
    assert {receipt.status for receipt in receipts} == {"recorded"}
    assert receipts[-1].index == 1000


def _mixed_batch(size: int, tag: str) -> list[dict[str, Any]]:
    def one(number: int) -> dict[str, Any]:
        key, customer = f"{tag}{number}", {"id": f"{tag}c{number}", "language": "fa"}
        if number % 3 == 0:
            return event("cart.updated", number=key, customer=customer, cart=cart(key))
        if number % 3 == 1:
            return event(
                "order.placed", number=key, customer=customer, order=order(key, lines=[line(product(key))])
            )
        return event("order.delivered", number=key, order={"id": f"{tag}{number - 1}"})

    return [one(number) for number in range(size)]


def _count_statements(size: int, tag: str) -> int:
    """Statements of one batch; a bulk statement cut into pieces for the database counts once."""
    elements = _mixed_batch(size, tag)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert {r.status for r in record_events(elements, source="api", now=NOW)} == {"recorded"}
        assert {r.status for r in record_events(elements, source="api", now=NOW)} == {"known"}
    heads = [query["sql"][:40] for query in queries.captured_queries if "SAVEPOINT" not in query["sql"]]
    return sum(before != after for before, after in zip(["", *heads], heads, strict=False))


def test_two_hundred_events_take_as_many_statements_as_ten() -> None:
    make_product(external_id="teapot")
    assert _count_statements(200, "b") == _count_statements(10, "a")


def test_changing_two_hundred_known_customers_takes_as_many_statements_as_ten() -> None:
    def change(size: int, tag: str) -> int:
        for name in ("first", "second"):
            elements = [
                event(
                    "customer.updated", number=f"{tag}{name}{n}", customer={"id": f"{tag}{n}", "name": name}
                )
                for n in range(size)
            ]
            with CaptureQueriesContext(connection) as queries:
                record(*elements)
        heads = [query["sql"][:40] for query in queries.captured_queries]
        return sum(before != after for before, after in zip(["", *heads], heads, strict=False))

    assert change(200, "b") == change(10, "a")


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from([AT, "teapot", *KINDS]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_parts = st.fixed_dictionaries(
    {"id": _json, "kind": st.sampled_from(KINDS), "occurred_at": st.just(AT) | _json},
    optional={
        "customer": _json
        | st.fixed_dictionaries({"id": _json}, optional={"email": _json, "language": _json}),
        "order": _json
        | st.fixed_dictionaries(
            {
                "id": _json,
                "currency": st.just("GBP"),
                "lines": st.lists(st.builds(line, _json, quantity=_json), max_size=2),
            }
        ),
        "cart": _json,
        "product": _json,
        "refund": _json,
        "consent": _json,
    },
)


@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_json | _parts, max_size=4))
def test_any_json_gets_one_receipt_per_element_and_never_raises(elements: list[Any]) -> None:
    receipts = record_events(elements, source="api", now=NOW)
    assert [receipt.index for receipt in receipts] == list(range(len(elements)))
    assert all(bool(receipt.errors) == (receipt.status == "refused") for receipt in receipts)
