"""What the better one adds, as its title and its attributes state it: more of an amount, new features."""

import re

from recommendations.catalogue import title_in
from recommendations.clashes import measure_amounts
from shop.models import Product

MOST = 3
_PLAIN = re.compile(r"[\w .,+/×-]{1,60}")


def find_additions(product: Product, better: Product, *, language: str = "") -> list[tuple[str, str]]:
    """At most three pairs of before and after, such as ("128 GB", "256 GB"); before is "" for what is new.

    Amounts are read from the titles, `attributes.features` (a list of words) from both products. Nothing is
    claimed that neither states.
    """
    before = measure_amounts(title_in(product, language))
    after = measure_amounts(title_in(better, language))
    grown = [
        (before[name][1], after[name][1])
        for name in after
        if name in before and after[name][0] > before[name][0]
    ]
    return [*grown, *(("", feature) for feature in _find_new_features(product, better))][:MOST]


def _find_new_features(product: Product, better: Product) -> list[str]:
    known = {feature.casefold() for feature in _features_of(product)}
    return [feature for feature in _features_of(better) if feature.casefold() not in known]


def _features_of(product: Product) -> list[str]:
    features = product.attributes.get("features")
    found = features if isinstance(features, list) else []
    return [text for feature in found if _PLAIN.fullmatch(text := str(feature).strip())]
