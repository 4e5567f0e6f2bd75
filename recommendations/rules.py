"""The one pipeline: small rules with a name each, asked in order; the first objection is the reason.

Limits (recommendations.limits) hold for everything. Relevance holds for what was learnt: where a person
named the product, that person decided. Diversity looks at what is shown already. `OBJECTIONS` says each code
in words.
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import NamedTuple, TypeAlias

from recommendations import limits
from recommendations.catalogue import type_of
from recommendations.models import Kind
from recommendations.offers import BY_HAND, NEIGHBOURS, Candidate
from recommendations.policy import SameType
from recommendations.situation import Situation
from recommendations.steps_up import says_more
from recommendations.titles import are_variants
from shop.models import Product

Objects: TypeAlias = Callable[[Candidate, Situation], bool]
SURE_RHYTHM = 3


class Rule(NamedTuple):
    """`is_general`: the same for every customer and every order of a place, market and language.

    `kinds` are those that it can object to. It objects only to customers of whom one of `needs` is known.
    """

    code: str
    objects: Objects
    is_relevance: bool = False
    is_general: bool = False
    kinds: frozenset[Kind] = frozenset(Kind)
    needs: tuple[str, ...] = ()


def has_little_support(candidate: Candidate, situation: Situation) -> bool:
    """Upgrades rest on likeness and price, which the build has checked, and may be new to the shop."""
    return candidate.kind == Kind.COMPLEMENT and candidate.support < situation.support_floor


def has_a_low_score(candidate: Candidate, situation: Situation) -> bool:
    """An upgrade's score is its place among its own; how alike it must be, the build has checked."""
    relevance = candidate.score if candidate.relevance is None else candidate.relevance
    is_learnt = candidate.scorer == NEIGHBOURS and candidate.kind == Kind.COMPLEMENT
    return is_learnt and relevance < situation.policy.min_score


def has_no_rhythm(candidate: Candidate, _: Situation) -> bool:
    """Two purchases are a rhythm of what is used up; of anything else it takes three."""
    is_used_up = candidate.product.attributes.get("consumable") is True
    return candidate.kind == Kind.REPEAT and not is_used_up and candidate.support < SURE_RHYTHM


def is_not_due(candidate: Candidate, situation: Situation) -> bool:
    """What was bought three times is no habit if that was years ago, and no need the week after."""
    return candidate.kind == Kind.REPEAT and candidate.product.id not in situation.customer.history.due


def is_no_step_up(candidate: Candidate, situation: Situation) -> bool:
    """Prices move after a build, and a step in one currency may be none in another."""
    if candidate.kind != Kind.UPGRADE or candidate.because_of is None:
        return False
    before, after = situation.price_of(candidate.because_of), situation.price_of(candidate.product)
    if before is None or after is None or before.currency != after.currency:
        return True
    low, high = (Decimal(str(bound)) for bound in situation.policy.price_band)
    return not low * before.amount <= after.amount <= high * before.amount


def says_nothing_more(candidate: Candidate, situation: Situation) -> bool:
    """Another of the series at a higher price, unless customers who own both show that it is a step up."""
    if candidate.kind != Kind.UPGRADE or candidate.because_of is None:
        return False
    is_proved = candidate.support >= situation.policy.proving_owners
    return not is_proved and not says_more(candidate.because_of, candidate.product)


def is_too_dear(candidate: Candidate, situation: Situation) -> bool:
    """A charger goes with a phone, but nobody who wants a charger has asked for a phone."""
    price = situation.price_of(candidate.product)
    if candidate.kind != Kind.COMPLEMENT or price is None:
        return False
    dearest = situation.dearest_anchors.get(price.currency)
    limit = Decimal(str(situation.policy.dearest_complement))
    return dearest is not None and price.amount > limit * dearest


def is_a_substitute(candidate: Candidate, situation: Situation) -> bool:
    """Another one of an anchor's type, unless customers collect that type (see `find_collected_types`)."""
    kind, policy = type_of(candidate.product), situation.policy
    if candidate.kind != Kind.COMPLEMENT or not kind or policy.same_type == SameType.ALWAYS:
        return False
    if policy.same_type == SameType.LEARNT and kind in situation.collected_types:
        return False
    return kind in situation.anchor_types


def is_a_variant_of_an_anchor(candidate: Candidate, situation: Situation) -> bool:
    """The red one is no complement of the pink one, unless two are in the order: then they are collected."""
    if candidate.kind != Kind.COMPLEMENT:
        return False
    designs = sum(_are_variants(candidate.product, anchor) for anchor in situation.anchors)
    return designs == 1


def has_its_type_shown(candidate: Candidate, situation: Situation) -> bool:
    kind = type_of(candidate.product)
    if candidate.kind != Kind.COMPLEMENT or not kind or not situation.policy.is_one_per_type:
        return False
    return kind in situation.complement_types


def has_a_variant_shown(candidate: Candidate, situation: Situation) -> bool:
    return candidate.kind == Kind.COMPLEMENT and any(
        _are_variants(candidate.product, other.product) for other in situation.chosen
    )


def has_no_room(candidate: Candidate, situation: Situation) -> bool:
    if len(situation.chosen) >= situation.policy.most_picks:
        return True
    is_full = situation.taken.get(candidate.kind, 0) >= situation.room[candidate.kind]
    return is_full or candidate.product.id in situation.chosen_keys


_COMPLEMENTS, _UPGRADES = frozenset({Kind.COMPLEMENT}), frozenset({Kind.UPGRADE})
_REPEATS = frozenset({Kind.REPEAT})

RULES: tuple[Rule, ...] = (
    Rule("in_this_order", limits.is_in_this_order),
    Rule("not_active", limits.is_not_active, is_general=True),
    Rule("kept_out", limits.is_kept_out_by_the_shop, is_general=True),
    Rule("excluded", limits.is_excluded, is_general=True),
    Rule("not_included", limits.is_not_included, is_general=True),
    Rule("no_title", limits.has_no_title, is_general=True),
    Rule("no_image", limits.has_no_image, is_general=True),
    Rule("no_price", limits.has_no_price, is_general=True),
    Rule("out_of_stock", limits.is_out_of_stock, is_general=True),
    Rule("not_sold_there", limits.is_not_sold_there, is_general=True),
    Rule("too_young", limits.is_for_older_customers),
    Rule("bought_recently", limits.was_bought_recently, needs=("bought", "bought_parents")),
    Rule("wants_fewer", limits.wants_fewer, needs=("fewer", "fewer_types")),
    Rule("ignored", limits.was_ignored_too_often, needs=("ignored",)),
    Rule("purchase_closed", limits.comes_after_the_purchase, is_general=True, kinds=_UPGRADES),
    Rule("just_bought", limits.replaces_what_was_just_bought, kinds=_UPGRADES),
    Rule("little_support", has_little_support, is_relevance=True, kinds=_COMPLEMENTS),
    Rule("low_score", has_a_low_score, is_relevance=True),
    Rule("no_rhythm", has_no_rhythm, is_relevance=True, kinds=_REPEATS),
    Rule("not_due", is_not_due, is_relevance=True, kinds=_REPEATS),
    Rule("no_step_up", is_no_step_up, is_relevance=True, kinds=_UPGRADES),
    Rule("nothing_more", says_nothing_more, is_relevance=True, kinds=_UPGRADES),
    Rule("too_dear", is_too_dear, is_relevance=True, kinds=_COMPLEMENTS),
    Rule("substitute", is_a_substitute, is_relevance=True, kinds=_COMPLEMENTS),
    Rule("variant_of_anchor", is_a_variant_of_an_anchor, is_relevance=True, kinds=_COMPLEMENTS),
    Rule("type_shown", has_its_type_shown, kinds=_COMPLEMENTS),
    Rule("variant_shown", has_a_variant_shown, kinds=_COMPLEMENTS),
    Rule("no_room", has_no_room),
)

OBJECTIONS: dict[str, str] = {
    "in_this_order": "is in this order or cart already",
    "not_active": "is hidden or retired",
    "kept_out": "the shop keeps it out of suggestions",
    "excluded": "is on the list of what is never shown",
    "not_included": "is not on the list of what may be shown here",
    "no_title": "has no title in the customer's language",
    "no_image": "has no image",
    "no_price": "has no price in the customer's currency",
    "out_of_stock": "is out of stock",
    "not_sold_there": "is not sold in the customer's country",
    "too_young": "is for customers of a certain age, and this one's is unknown or lower",
    "bought_recently": "this customer bought it lately",
    "wants_fewer": "this customer asked for fewer of these",
    "ignored": "this customer was shown it often and never clicked",
    "purchase_closed": "the purchase is closed: a better one comes too late",
    "just_bought": "the customer has just bought one of this type",
    "little_support": "too few orders hold both",
    "low_score": "goes with it too weakly",
    "no_rhythm": "was not bought often enough to be a habit",
    "not_due": "is not due again by this customer's own rhythm",
    "no_step_up": "is not 1.1 to 2 times the price",
    "nothing_more": "does not say what it has more of, and too few customers own both",
    "too_dear": "costs more than 5 times the dearest thing in the order",
    "substitute": "is another one of the same type, not something that goes with it",
    "variant_of_anchor": "is the same thing in another design",
    "type_shown": "one of its type is shown already",
    "variant_shown": "the same thing in another design is shown already",
    "no_room": "better ones have taken the places",
}


def find_objection(candidate: Candidate, situation: Situation) -> str:
    """The code of the first rule that takes the candidate out, "" when it may be shown."""
    is_by_hand = candidate.scorer in BY_HAND
    for rule in RULES:
        if not (is_by_hand and rule.is_relevance) and rule.objects(candidate, situation):
            return rule.code
    return ""


_GENERAL = tuple(rule for rule in RULES if rule.is_general)
# Those that most candidates fail at first.
_OFTEN = ("type_shown", "low_score", "little_support")
_PARTICULAR = tuple(
    sorted((rule for rule in RULES if not rule.is_general), key=lambda rule: rule.code not in _OFTEN)
)
_NEEDS = tuple(dict.fromkeys(fact for rule in _PARTICULAR for fact in rule.needs))
# By kind, and by whether a person named the product.
Asked: TypeAlias = Mapping[tuple[Kind, bool], Sequence[Objects]]


def find_rules(situation: Situation) -> Asked:
    """What `may_be_shown` asks: the rules that can object, to this customer."""
    customer = situation.customer
    return _choose_rules(frozenset(fact for fact in _NEEDS if getattr(customer, fact)))


@cache  # a few sets, each of which is asked for by thousands of orders
def _choose_rules(known: frozenset[str]) -> Asked:
    asked = [rule for rule in _PARTICULAR if not rule.needs or known.intersection(rule.needs)]
    return {
        (kind, is_by_hand): [
            rule.objects for rule in asked if kind in rule.kinds and not (is_by_hand and rule.is_relevance)
        ]
        for kind in Kind
        for is_by_hand in (False, True)
    }


def may_be_shown(candidate: Candidate, situation: Situation, rules: Asked) -> bool:
    """Whether `find_objection` finds none; what is the same for all customers is asked once for them all."""
    product = candidate.product.id, candidate.kind
    objects = situation.common.objects.get(product)
    if objects is None:
        objects = any(rule.objects(candidate, situation) for rule in _GENERAL)
        situation.common.objects[product] = objects
    if objects:
        return False
    for objects_to in rules[candidate.kind, candidate.scorer in BY_HAND]:
        if objects_to(candidate, situation):
            return False
    return True


def count_objections(codes: list[str]) -> list[tuple[str, int]]:
    """How many candidates each rule took out, in the order of the rules, without those that took none."""
    return [(rule.code, found) for rule in RULES if (found := codes.count(rule.code))]


def _are_variants(product: Product, other: Product) -> bool:
    """Two of one parent where the shop says so, and by their titles where it does not."""
    parent, other_parent = product.attributes.get("parent"), other.attributes.get("parent")
    if parent and other_parent:
        return bool(parent == other_parent)
    kind, other_kind = type_of(product), type_of(other)
    same_type = not kind or not other_kind or kind == other_kind
    return are_variants(product.title, other.title, same_type=same_type)
