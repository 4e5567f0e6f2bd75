"""Titles: what is another design of the same thing, and what is alike."""

import pytest

from recommendations.titles import are_variants, tfidf_matrix


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("Red Retrospot Bag", "Pink Retrospot Bag"),
        ("Jumbo Bag Red Retrospot", "Jumbo Bag Pink Polkadot"),
        ("Set of 4 Rose Candle in Bowl", "Set of 6 Pink Flower Candles in Bowl"),
        ("کیف چرمی قرمز", "کیف چرمی سرمه‌ای"),
        ("حقيبة جلد أحمر", "حقيبة جلد أسود"),
        ("תיק עור שחור", "תיק עור חום"),
        ("Кожаная сумка красная", "Кожаная сумка чёрная"),
    ],
)
def test_another_colour_or_size_is_the_same_thing(title: str, other: str) -> None:
    assert are_variants(title, other, same_type=True)
    assert are_variants(other, title, same_type=True)


@pytest.mark.parametrize(
    ("title", "other", "same_type"),
    [
        ("Phone X1", "Case for Phone X1", False),
        ("Red Retrospot Cake Stand", "Red Retrospot Paper Napkins", True),
        ("Coffee Grinder", "Coffee Beans", False),
        ("چای سیاه", "قوری چینی", True),
    ],
)
def test_what_goes_with_a_thing_is_not_the_same_thing(title: str, other: str, same_type: bool) -> None:
    assert not are_variants(title, other, same_type=same_type)


def test_a_title_of_nothing_but_colours_still_has_a_family() -> None:
    assert not are_variants("Pink", "Blue", same_type=True)


def test_likeness_is_1_for_the_same_words_and_0_for_none_in_common() -> None:
    titles = tfidf_matrix(["steel kettle", "kettle steel", "paper lamp", ""])
    alike = (titles @ titles.T).toarray()
    assert alike[0, 1] == pytest.approx(1.0)
    assert alike[0, 2] == alike[3, 3] == 0.0


def test_a_colour_in_common_makes_no_two_things_alike() -> None:
    titles = tfidf_matrix(["pink steel kettle", "pink paper lamp"])
    assert (titles @ titles.T).toarray()[0, 1] == 0.0


def test_a_rare_word_in_common_says_more_than_a_frequent_one() -> None:
    titles = tfidf_matrix(["laptop aurora", "laptop bold", "tablet aurora", "laptop cedar", "laptop dune"])
    alike = (titles @ titles.T).toarray()
    assert alike[0, 2] > alike[0, 1]
