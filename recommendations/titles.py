"""Titles as words: TF-IDF to find products of one line, families to tell a variant from another product."""

import re
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy import sparse

WORD = re.compile(r"[^\W_]+(?:[.,/:]\d+)*")

# Words in which variants of one product differ, in the languages of our shops.
_COLOUR_TEXT = """
red pink blue green white black yellow orange purple violet grey gray silver gold golden brown beige ivory
cream turquoise navy teal lilac mint rose amber clear multicolour multicolor assorted charcoal graphite
midnight starlight khaki burgundy coral sapphire emerald ruby
lavender aqua champagne peach plum
قرمز صورتی آبی سبز سفید مشکی سیاه زرد نارنجی بنفش خاکستری طوسی نقره‌ای طلایی قهوه‌ای بژ کرم سرمه‌ای
فیروزه‌ای رنگ
أحمر وردي أزرق أخضر أبيض أسود أصفر برتقالي بنفسجي رمادي فضي ذهبي بني بيج كحلي لون
אדום אדומה ורוד ורודה כחול כחולה ירוק ירוקה לבן לבנה שחור שחורה צהוב צהובה כתום סגול סגולה אפור אפורה
כסף זהב חום חומה קרם טורקיז צבע
красный красная красное розовый розовая розовое синий синяя синее голубой голубая зелёный зелёная зеленый
зеленая белый белая белое чёрный чёрная чёрное черный черная черное жёлтый жёлтая желтый желтая оранжевый
фиолетовый серый серая серое серебристый золотой золотистый коричневый бежевый бежевая цвет
"""
_PATTERN_TEXT = """
polkadot spot spots spotty dotty stripe stripes striped paisley tartan gingham checked plain patterned
metallic pearl pearlescent
"""
_SIZE_TEXT = """
small medium large mini big tiny jumbo giant midi maxi xs s m l xl xxl xxxl size set pack of the a an and
with in for
کوچک متوسط بزرگ سایز با و صغير وسط كبير مقاس مع קטן קטנה בינוני גדול גדולה מידה עם
маленький маленькая средний большой большая размер с и для
"""
COLOUR_WORDS = frozenset(_COLOUR_TEXT.replace("\u200c", "").split())
DESIGN_WORDS = COLOUR_WORDS | frozenset(_PATTERN_TEXT.split())
VARIANT_WORDS = DESIGN_WORDS | frozenset(_SIZE_TEXT.split())
SAME_LINE = 0.4
SAME_LINE_ACROSS_TYPES = 0.8


@lru_cache(maxsize=100_000)
def split_words(title: str) -> tuple[str, ...]:
    """Lower-case words and numbers, ratios and decimals in one piece ("1:18", "2.5")."""
    return tuple(WORD.findall(title.replace("\u200c", "").casefold()))


@lru_cache(maxsize=100_000)
def family_words(title: str) -> frozenset[str]:
    """What is left of a title without colours, sizes and numbers; all of it where nothing would be."""
    words = split_words(title)
    core = frozenset(_singular(word) for word in words if word not in VARIANT_WORDS and not word[0].isdigit())
    return core or frozenset(words)


def _singular(word: str) -> str:
    """English only, and rough: candles and candle are one family, glass and dress stay whole."""
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


@lru_cache(maxsize=100_000)
def are_variants(title: str, other: str, *, same_type: bool) -> bool:
    """Whether two titles name one product in two designs ("Red Retrospot Bag", "Pink Polkadot Bag").

    `same_type` is whether the products may be of one type. Where the types are known to differ a shared
    name is natural: a phone and its case.
    """
    left, right = family_words(title), family_words(other)
    shared = len(left & right) / max(len(left | right), 1)
    return shared >= (SAME_LINE if same_type else SAME_LINE_ACROSS_TYPES)


def differ_in_design_only(title: str, other: str) -> bool:
    """Whether nothing but colours and patterns tells two titles apart: the dearer is no better one."""
    difference = frozenset(split_words(title)) ^ frozenset(split_words(other))
    return difference <= DESIGN_WORDS


def tfidf_matrix(titles: Sequence[str]) -> "sparse.csr_array[np.float64]":
    """Titles by words, rows of length 1: `row @ row` is the cosine. A word counts once; smoothed idf.

    Colours, sizes and numbers are left out: being pink makes no two things alike.
    """
    vocabulary: dict[str, int] = {}
    words = [sorted(family_words(title)) for title in titles]
    columns = [vocabulary.setdefault(word, len(vocabulary)) for row in words for word in row]
    rows = np.repeat(np.arange(len(titles)), [len(row) for row in words])
    found = np.bincount(columns, minlength=len(vocabulary)) if columns else np.zeros(len(vocabulary))
    idf = np.log((1.0 + len(titles)) / (1.0 + found)) + 1.0
    values = idf[columns] if columns else np.zeros(0)
    matrix = sparse.csr_array((values, (rows, columns)), shape=(len(titles), len(vocabulary)))
    return normalise_rows(matrix)


def normalise_rows(matrix: "sparse.csr_array[np.float64]") -> "sparse.csr_array[np.float64]":
    """The matrix with every row that is not empty scaled to length 1."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return sparse.csr_array(sparse.diags_array(scale) @ matrix)
