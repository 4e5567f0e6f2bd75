"""Titles, shelves, pictures and countries."""

import struct

import pytest

from demo.countries import COUNTRIES, find_country
from demo.drawings import PICTURES
from demo.pictures import DIRECTORY, TINTS, choose_picture, draw
from demo.retail.categories import find_shelf, read_shelves
from demo.retail.titles import tidy_title


@pytest.mark.parametrize(
    ("description", "title"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "White Hanging Heart T-Light Holder"),
        ("SET OF 3 CAKE TINS PANTRY DESIGN ", "Set of 3 Cake Tins Pantry Design"),
        ("S/4 CACTI CANDLES", "Set of 4 Cacti Candles"),
        ("BAG 500g SWIRLY MARBLES", "Bag 500g Swirly Marbles"),
        ("THE KING GIFT BAG 25x24x12cm", "The King Gift Bag 25x24x12cm"),
        ("CHILDREN'S APRON DOLLY GIRL", "Children's Apron Dolly Girl"),
        ("PACK OF 12 LONDON TISSUES ", "Pack of 12 London Tissues"),
        ("WOODEN BOX, ASSTD LED LIGHTS", "Wooden Box, Assorted LED Lights"),
    ],
)
def test_a_shouted_description_becomes_a_shop_s_title(description: str, title: str) -> None:
    assert tidy_title(description) == title


@pytest.mark.parametrize(
    ("title", "product_type"),
    [
        ("White Hanging Heart T-Light Holder", "candle holder"),
        ("Jumbo Bag Red Retrospot", "jumbo bag"),
        ("Spaceboy Lunch Box", "lunch box"),
        ("Lunch Bag Red Retrospot", "lunch bag"),
        ("Party Bunting", "bunting"),
        ("Pack of 72 Retrospot Cake Cases", "cake case"),
        ("Set of 10 Christmas Mugs", "Christmas decoration"),
        ("Alarm Clock Bakelike Red", "clock"),
        ("Regency Cakestand 3 Tier", "cake stand"),
    ],
)
def test_the_name_tells_the_product_type(title: str, product_type: str) -> None:
    assert find_shelf(title).product_type == product_type


def test_a_name_that_no_rule_knows_is_a_gift_of_its_last_word() -> None:
    shelf = find_shelf("Blue Geisha Girl 12")
    assert (shelf.product_type, shelf.category, shelf.is_known) == ("girl", "Gifts", False)


def test_every_shelf_has_a_drawing_in_every_tint() -> None:
    for shelf, _ in read_shelves():
        for tint in TINTS:
            assert (DIRECTORY / f"{shelf.picture}-{tint}.png").is_file()


def test_the_shipped_drawings_are_the_ones_that_the_code_draws() -> None:
    assert (DIRECTORY / "mug-blue.png").read_bytes() == draw("mug", "blue")
    assert len(list(DIRECTORY.glob("*.png"))) == len(PICTURES) * len(TINTS)


def test_a_drawing_is_a_square_png_of_eight_bit_colour() -> None:
    png = draw("bag", "rose")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">IIBB", png[16:26]) == (320, 320, 8, 2)


def test_a_red_thing_gets_a_red_drawing() -> None:
    assert choose_picture("mug", "Red Retrospot Mug", "21071") == "demo/products/mug-coral.png"


def test_a_thing_without_a_colour_gets_the_same_drawing_every_time() -> None:
    assert choose_picture("bag", "Lunch Bag", "1") == choose_picture("bag", "Lunch Bag", "1")


@pytest.mark.parametrize(("name", "code", "language"), [
    ("Israel", "IL", "he"), ("United Arab Emirates", "AE", "ar"), ("Lebanon", "LB", "ar"),
    ("Germany", "DE", "de"), ("Belgium", "BE", "fr"), ("EIRE", "IE", "en"), ("Atlantis", "", "en"),
])  # fmt: skip
def test_the_country_tells_the_language(name: str, code: str, language: str) -> None:
    assert find_country(name)[:2] == (code, language)


def test_every_country_has_a_two_letter_code_or_none() -> None:
    assert {len(country.code) for country in COUNTRIES.values()} == {0, 2}
