"""What makes a dearer product the wrong one."""

from typing import Any

import pytest

from recommendations.clashes import find_clash


def clash(title: str, other: str) -> str:
    return find_clash(title, other, {}, other_attributes={})


@pytest.mark.parametrize(
    ("title", "other", "name"),
    [
        ("30th Birthday Banner", "40th Birthday Banner", "anniversary"),
        ("Teenager Banner", "40th Birthday Teenager Banner", "anniversary"),
        ("Puzzle Age 3-5", "Puzzle Age 6-8", "age"),
        ("AutoArt 1:43 Coupe", "AutoArt 1:18 Coupe", "scale"),
        ("Running Shoe EU 38", "Running Shoe Pro EU 40", "size"),
        ("Linen Shirt XL", "Linen Shirt XXL", "size"),
        ("Linen Shirt M", "Linen Shirt L", "letter"),
        ('Letter "U" Key Ring', 'Letter "C" Key Ring', "letter"),
        ("کفش دویدن سایز 38", "کفش دویدن سایز 40", "size"),
        ("Leather Belt for Men", "Leather Belt for Women", "for whom"),
        ("Case for Phone 14", "Leather Case for Phone 15", "for what"),
        ("Чехол для телефона 14", "Кожаный чехол для телефона 15", "for what"),
        ("Lens Filter 52mm", "Lens Filter Pro 67mm", "dimension"),
        ("Laptop 16 GB 512 GB", "Laptop 8 GB 1 TB", "bytes"),
        ("Set of 6 Bowls", "Set of 4 Bowls Deluxe", "pieces"),
        ("Phone 15", "Phone 14 Pro", "generation of phone"),
        ("Scented Graphite Pencils", "Scented Pencil Case", "accessory"),
        ("گوشی نوا", "قاب گوشی نوا", "accessory"),
        ("Red Dragon Hand Puppet", "Enchanted Green Dragon Hand Puppet", "colour"),
        ("Pearl White Lamp 8 W", "Walnut Lamp Blue 8 W", "colour"),
    ],
)
def test_another_age_size_fit_or_a_smaller_amount_is_no_better_one(title: str, other: str, name: str) -> None:
    assert clash(title, other) == name


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Phone 15 128 GB", "Phone 15 256 GB"),
        ("Laptop 8 GB 512 GB", "Laptop 16 GB 1 TB"),
        ("Phone 14", "Phone 15 Pro"),
        ("Set of 3 Bowls", "Set of 6 Bowls"),
        ("Case for Phone 15", "Leather Case for Phone 15"),
        ("Power Bank 10000 mAh", "Power Bank 20000 mAh"),
        ("گوشی ۱۲۸ گیگابایت", "گوشی ۲۵۶ گیگابایت"),
        ("Small Popcorn Holder", "Large Popcorn Holder"),
        ("Phone 15 128 GB Black", "Phone 15 256 GB Blue"),
        ("Red Dragon Hand Puppet", "Enchanted Red and Gold Dragon Hand Puppet"),
        ("Pencil Case", "Leather Pencil Cases"),
        ("Steel Watch", "Steel Watch with Leather Strap"),
    ],
)
def test_more_of_the_same_is_a_better_one(title: str, other: str) -> None:
    assert clash(title, other) == ""


@pytest.mark.parametrize(
    ("attributes", "other", "name"),
    [
        ({"ecosystem": "Apple"}, {"ecosystem": "Android"}, "ecosystem"),
        ({"brand": "Sona"}, {"brand": "Tavi"}, "brand"),
        ({"compatible_with": ["P14", "P15"]}, {"compatible_with": ["P15"]}, "compatible_with"),
        ({"size": "M"}, {"size": "L"}, "size"),
        ({"brand": "Sona"}, {"brand": " sona "}, ""),
        ({"compatible_with": ["P14", "P15"]}, {"compatible_with": ["P15", "P14"]}, ""),
        ({"brand": "Sona"}, {}, ""),
    ],
)
def test_stated_attributes_must_agree(attributes: dict[str, Any], other: dict[str, Any], name: str) -> None:
    assert find_clash("Thing", "Thing Plus", attributes, other_attributes=other) == name
