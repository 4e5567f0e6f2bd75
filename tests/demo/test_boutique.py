"""The boutique is complete in five languages and ready for anybody's tests."""

import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from pytest_django import DjangoAssertNumQueries

from audience.models import ConsentEntry
from demo.boutique.catalogue import LANGUAGES, list_prices, price_in, read_people, read_products
from demo.boutique.days import DEEDS, tell_boutique
from demo.boutique.history import make_up_history
from demo.boutique.loading import load_boutique
from demo.elements import occurred_at
from demo.pictures import DIRECTORY
from shop.models import Order, OrderLine, Product

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
SCRIPTS = {"en": r"[A-Za-z]", "fa": r"[آ-ی]", "ar": r"[ء-ي]", "he": r"[א-ת]", "ru": r"[А-Яа-я]"}
CURRENCIES = {"EUR", "USD", "IRR", "AED", "ILS", "RUB", "SAR"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_product_has_a_title_in_the_script_of_the_language(language: str) -> None:
    for product in read_products():
        assert re.search(SCRIPTS[language], product[language]), product["id"]


def test_persian_titles_use_persian_letters() -> None:
    assert not [product["fa"] for product in read_products() if re.search("[يكة]", product["fa"])]


def test_every_product_has_a_price_in_every_currency() -> None:
    for product in read_products():
        prices = list_prices(product)
        assert set(prices) == CURRENCIES
        assert all(re.fullmatch(r"\d+\.\d\d", price) and float(price) > 0 for price in prices.values())


def test_every_product_has_a_drawing() -> None:
    for product in read_products():
        assert (DIRECTORY / f"{product['picture']}-{product['tint']}.png").is_file()


def test_what_costs_more_of_a_kind_stays_within_twice_the_price() -> None:
    prices: dict[str, list[float]] = {}
    for product in read_products():
        prices.setdefault(product["type"], []).append(float(product["gbp"]))
    pairs = {kind: sorted(two) for kind, two in prices.items() if len(two) == 2}
    assert {"phone", "laptop", "coat", "earbuds", "charger", "shoes", "novel"} <= set(pairs)
    assert all(1.1 <= dearer / cheaper <= 2 for cheaper, dearer in pairs.values())


def test_people_of_all_five_languages_have_names_in_their_script() -> None:
    assert {person["language"] for person in read_people()} == set(LANGUAGES)
    assert all(re.search(SCRIPTS[person["language"]], person["name"]) for person in read_people())


def test_people_pay_in_a_currency_that_the_boutique_has() -> None:
    assert all(price_in("bq-phone", person["currency"]) > 0 for person in read_people())


def test_phone_and_case_are_bought_together_often_enough_to_be_learned() -> None:
    together: Counter[frozenset[str]] = Counter()
    for order in make_up_history(NOW):
        together.update(frozenset(pair) for pair in combinations(order.products, 2))
    for pair in [("bq-phone", "bq-case"), ("bq-laptop", "bq-mouse"), ("bq-shoes", "bq-polish")]:
        assert together[frozenset(pair)] >= 5


def test_the_made_up_past_ends_before_now() -> None:
    orders = list(make_up_history(NOW))
    assert len(orders) == 220
    assert NOW - timedelta(days=181) < min(order.placed_at for order in orders)
    assert max(order.placed_at for order in orders) < NOW


@pytest.mark.parametrize("language", LANGUAGES)
def test_somebody_of_every_language_orders_and_somebody_leaves_a_cart(language: str) -> None:
    speakers = {person["id"] for person in read_people() if person["language"] == language}
    does = {deed.does for deed in DEEDS if deed.who in speakers}
    assert {"order", "cart"} <= does


def test_the_live_days_of_the_boutique_lie_within_a_fortnight() -> None:
    told = tell_boutique(NOW)
    placed = [occurred_at(event) for event in told if event["kind"] in {"order.placed", "cart.updated"}]
    midnight = NOW.replace(hour=0)
    assert midnight - timedelta(hours=6) < min(placed)
    assert max(placed) < midnight + timedelta(days=14, hours=6)
    assert len({event["id"] for event in told}) == len(told)


@pytest.mark.django_db
def test_loading_writes_products_people_consents_and_orders_marked_as_made_up() -> None:
    boutique = load_boutique(NOW)
    assert Product.objects.get(external_id="bq-phone").titles["fa"] == "گوشی هوشمند نوا ۱۲، ۱۲۸ گیگابایت"
    assert boutique.speaker_of("he").name == "נועה לוי"
    assert ConsentEntry.objects.count() == len(read_people())
    assert Order.objects.filter(attributes__is_made_up=True, customer=None).count() == 220
    assert OrderLine.objects.count() > 400


@pytest.mark.django_db
def test_loading_takes_the_same_few_queries_however_much_there_is(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    with django_assert_max_num_queries(25):
        load_boutique(NOW)


@pytest.mark.django_db
def test_a_language_that_nobody_reads_is_an_error_that_names_the_others() -> None:
    with pytest.raises(KeyError, match="en, fa, ar, he, ru"):
        load_boutique(NOW).speaker_of("tr")
