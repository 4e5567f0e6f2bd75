"""History goes in as facts; the live days stay out of it."""

import pytest
from pytest_django import DjangoAssertNumQueries

from audience.models import ConsentEntry
from demo.dates import Calendar
from demo.loading import MOST_EVENT_LINES, Shelved, load_history, shelve
from shop.models import Customer, Event, Order, OrderLine, Product, Refund
from tests.demo.conftest import LAST_DAY, make_line, prepare_lines

pytestmark = pytest.mark.django_db


def test_history_becomes_facts_without_events(small_shop: Shelved) -> None:
    loaded = load_history(small_shop)
    assert (loaded.orders, loaded.guest_orders, loaded.lines, loaded.refunds) == (3, 1, 3, 1)
    assert (Order.objects.count(), OrderLine.objects.count(), Refund.objects.count()) == (3, 3, 1)
    assert Event.objects.count() == 0


def test_orders_of_the_live_days_are_not_in_the_history(small_shop: Shelved) -> None:
    load_history(small_shop)
    assert not Order.objects.filter(placed_at__gte=small_shop.calendar.live_from).exists()
    assert not Customer.objects.filter(external_id__startswith="customer-200").exists()


def test_a_customer_has_a_made_up_address_no_name_and_the_country_s_language(small_shop: Shelved) -> None:
    load_history(small_shop)
    customer = Customer.objects.get(external_id="customer-12680")
    assert (customer.email, customer.name) == ("customer-12680@example.com", "")
    assert (customer.country, customer.language, customer.timezone) == ("IL", "he", "Asia/Jerusalem")


def test_a_guest_order_has_no_customer_and_keeps_its_country(small_shop: Shelved) -> None:
    load_history(small_shop)
    order = Order.objects.get(external_id="500003")
    assert order.customer is None
    assert order.attributes == {"country": "GB"}


def test_a_product_has_title_type_price_and_a_picture_with_an_absolute_address(small_shop: Shelved) -> None:
    load_history(small_shop)
    product = Product.objects.get(external_id="85123A")
    assert (product.title, product.product_type) == ("White Hanging Heart T-Light Holder", "candle holder")
    assert (str(product.price), product.currency) == ("2.55", "GBP")
    assert product.image_url.startswith("http://127.0.0.1:8000/static/demo/products/candle-")


def test_every_known_customer_has_said_something_about_marketing(small_shop: Shelved) -> None:
    load_history(small_shop)
    assert set(ConsentEntry.objects.values_list("customer", flat=True)) == set(
        Customer.objects.values_list("pk", flat=True)
    )


def test_a_large_basket_is_marked(calendar: Calendar) -> None:
    early = LAST_DAY.replace(day=1, month=11)
    lines = [make_line("500001", time=early, code=f"{n:05}") for n in range(101)]
    load_history(shelve(prepare_lines(*lines, make_line("500002", time=LAST_DAY)), calendar))
    assert Order.objects.get(external_id="500001").attributes["basket"] == "large"


def test_an_order_too_large_for_an_event_is_loaded_as_a_fact(calendar: Calendar) -> None:
    lines = [make_line("500001", time=LAST_DAY, code=f"{n:05}") for n in range(MOST_EVENT_LINES + 1)]
    loaded = load_history(shelve(prepare_lines(*lines), calendar))
    assert (loaded.orders, loaded.large_orders) == (1, 1)


def test_loading_takes_a_fixed_number_of_queries(
    small_shop: Shelved, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(25):
        load_history(small_shop)
