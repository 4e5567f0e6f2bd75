"""Long lists of keys in a query."""

from uuid import uuid4

import pytest
from django.db import connection

from campaigns.models import Message
from shop.key_lists import LONG
from shop.models import Customer, Order
from tests.factories import make_customer, make_order

pytestmark = pytest.mark.django_db
ABSENT = range(1_000_000, 1_000_000 + LONG)


def test_keys_are_found_among_many_by_column_and_by_relation() -> None:
    customer = make_customer()
    order = make_order(customer)
    assert list(Customer.objects.filter(pk__in=[*ABSENT, customer.pk])) == [customer]
    assert list(Order.objects.filter(customer__in={*ABSENT, customer.pk})) == [order]
    assert list(Order.objects.exclude(customer__in=[*ABSENT, customer.pk])) == []


def test_texts_with_any_signs_are_found_among_many() -> None:
    for name in ("plain1", 'a"b,{}', "null", "پارسی"):
        make_customer(external_id=name)
        others = [f"x{number}" for number in ABSENT]
        assert Customer.objects.filter(external_id__in=[*others, name]).count() == 1


def test_nothing_and_none_find_nothing() -> None:
    make_order(None)
    assert not Order.objects.filter(customer__in=[None] * 2 * LONG).exists()
    assert not Order.objects.filter(customer__in=[*ABSENT, None]).exists()
    assert not Message.objects.filter(pk__in=[uuid4() for _ in ABSENT]).exists()


def test_on_postgresql_many_keys_are_one_parameter() -> None:
    _, parameters = Customer.objects.filter(pk__in=list(ABSENT)).query.sql_with_params()
    assert len(parameters) == (1 if connection.vendor == "postgresql" else LONG)
