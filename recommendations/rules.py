"""What may be shown: small rules with a name each, asked in order; the first objection is the reason.

A rule is hard: no score outweighs it. `OBJECTIONS` says each code in words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from recommendations.catalogue import Price, own_price, price_in, type_of
from recommendations.models import Kind
from recommendations.offers import NEIGHBOURS, Candidate
from recommendations.policy import Policy
from recommendations.titles import are_variants
from shop.models import Product


@dataclass
class Situation:
    """What the rules know of one request. `chosen` grows while candidates are taken, best first."""

    policy: Policy
    anchors: tuple[Product, ...]
    exclude: frozenset[int]
    currency: str  # "" where each product is shown in its own
    support_floor: int
    collected_types: frozenset[str]
    bought: frozenset[int]
    bought_types: frozenset[str]
    room: dict[Kind, int]
    chosen: list[Candidate] = field(default_factory=list)

    def price_of(self, product: Product) -> Price | None:
        return price_in(product, self.currency) if self.currency else own_price(product)

    def chosen_complements(self) -> list[Candidate]:
        return [candidate for candidate in self.chosen if candidate.kind == Kind.COMPLEMENT]


Rule: TypeAlias = Callable[[Candidate, Situation], bool]


def is_in_this_order(candidate: Candidate, situation: Situation) -> bool:
    key = candidate.product.pk
    return key in situation.exclude or any(anchor.pk == key for anchor in situation.anchors)


def is_not_active(candidate: Candidate, _: Situation) -> bool:
    return candidate.product.status != Product.Status.ACTIVE


def is_kept_out_by_the_shop(candidate: Candidate, _: Situation) -> bool:
    return candidate.product.attributes.get("recommendable") is False


def has_no_price(candidate: Candidate, situation: Situation) -> bool:
    return situation.price_of(candidate.product) is None


def is_out_of_stock(candidate: Candidate, _: Situation) -> bool:
    return candidate.product.stock == 0  # empty where the shop does not track stock


def was_bought_recently(candidate: Candidate, situation: Situation) -> bool:
    consumable = candidate.product.attributes.get("consumable") is True
    return candidate.product.pk in situation.bought and not consumable


def has_little_support(candidate: Candidate, situation: Situation) -> bool:
    """Upgrades rest on likeness and price, which the build has checked, and may be new to the shop."""
    return candidate.kind == Kind.COMPLEMENT and candidate.support < situation.support_floor


def has_a_low_score(candidate: Candidate, situation: Situation) -> bool:
    return candidate.scorer == NEIGHBOURS and candidate.score < situation.policy.min_score


def replaces_what_was_just_bought(candidate: Candidate, situation: Situation) -> bool:
    """Nobody who has just bought a phone wants to read of the better one."""
    return candidate.kind == Kind.UPGRADE and type_of(candidate.product) in situation.bought_types


def is_no_step_up(candidate: Candidate, situation: Situation) -> bool:
    """Prices move after a build, and a step in one currency may be none in another."""
    if candidate.kind != Kind.UPGRADE or candidate.because_of is None:
        return False
    before, after = situation.price_of(candidate.because_of), situation.price_of(candidate.product)
    if before is None or after is None or before.currency != after.currency:
        return True
    low, high = (Decimal(str(bound)) for bound in situation.policy.price_band)
    return not low * before.amount <= after.amount <= high * before.amount


def is_too_dear(candidate: Candidate, situation: Situation) -> bool:
    """A charger goes with a phone, but nobody who wants a charger has asked for a phone."""
    price = situation.price_of(candidate.product)
    if candidate.kind != Kind.COMPLEMENT or price is None:
        return False
    paid = [p for anchor in situation.anchors if (p := situation.price_of(anchor))]
    amounts = [p.amount for p in paid if p.currency == price.currency]
    limit = Decimal(str(situation.policy.dearest_complement))
    return bool(amounts) and price.amount > limit * max(amounts)


def is_a_substitute(candidate: Candidate, situation: Situation) -> bool:
    """Another one of an anchor's type, unless customers collect that type (see `find_collected_types`)."""
    kind = type_of(candidate.product)
    if candidate.kind != Kind.COMPLEMENT or not kind or kind in situation.collected_types:
        return False
    return any(type_of(anchor) == kind for anchor in situation.anchors)


def is_a_variant_of_an_anchor(candidate: Candidate, situation: Situation) -> bool:
    """The red one is no complement of the pink one, unless two are in the order: then they are collected."""
    if candidate.kind != Kind.COMPLEMENT:
        return False
    designs = sum(_are_variants(candidate.product, anchor) for anchor in situation.anchors)
    return designs == 1


def has_its_type_shown(candidate: Candidate, situation: Situation) -> bool:
    kind = type_of(candidate.product)
    if candidate.kind != Kind.COMPLEMENT or not kind:
        return False
    return any(type_of(other.product) == kind for other in situation.chosen_complements())


def has_a_variant_shown(candidate: Candidate, situation: Situation) -> bool:
    return candidate.kind == Kind.COMPLEMENT and any(
        _are_variants(candidate.product, other.product) for other in situation.chosen
    )


def has_no_room(candidate: Candidate, situation: Situation) -> bool:
    if len(situation.chosen) >= situation.policy.most_picks:
        return True
    taken = sum(other.kind == candidate.kind for other in situation.chosen)
    return taken >= situation.room[candidate.kind] or any(
        other.product.pk == candidate.product.pk for other in situation.chosen
    )


RULES: tuple[tuple[str, Rule], ...] = (
    ("in_this_order", is_in_this_order),
    ("not_active", is_not_active),
    ("kept_out", is_kept_out_by_the_shop),
    ("no_price", has_no_price),
    ("out_of_stock", is_out_of_stock),
    ("bought_recently", was_bought_recently),
    ("little_support", has_little_support),
    ("low_score", has_a_low_score),
    ("just_bought", replaces_what_was_just_bought),
    ("no_step_up", is_no_step_up),
    ("too_dear", is_too_dear),
    ("substitute", is_a_substitute),
    ("variant_of_anchor", is_a_variant_of_an_anchor),
    ("type_shown", has_its_type_shown),
    ("variant_shown", has_a_variant_shown),
    ("no_room", has_no_room),
)

OBJECTIONS: dict[str, str] = {
    "in_this_order": "is in this order or cart already",
    "not_active": "is hidden or retired",
    "kept_out": "the shop keeps it out of suggestions",
    "no_price": "has no price in the customer's currency",
    "out_of_stock": "is out of stock",
    "bought_recently": "this customer bought it lately",
    "little_support": "too few orders hold both",
    "low_score": "goes with it too weakly",
    "just_bought": "the customer has just bought one of this type",
    "no_step_up": "is not 1.1 to 2 times the price",
    "too_dear": "costs more than 5 times the dearest thing in the order",
    "substitute": "is another one of the same type, not something that goes with it",
    "variant_of_anchor": "is the same thing in another design",
    "type_shown": "one of its type is shown already",
    "variant_shown": "the same thing in another design is shown already",
    "no_room": "better ones have taken the places",
}


def find_objection(candidate: Candidate, situation: Situation) -> str:
    """The code of the first rule that takes the candidate out, "" when it may be shown."""
    return next((code for code, objects in RULES if objects(candidate, situation)), "")


def _are_variants(product: Product, other: Product) -> bool:
    kind, other_kind = type_of(product), type_of(other)
    same_type = not kind or not other_kind or kind == other_kind
    return are_variants(product.title, other.title, same_type=same_type)
