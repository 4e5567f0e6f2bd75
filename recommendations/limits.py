"""What may not be shown at all, whoever asked for it: no score, no pin and no person outweighs these."""

from datetime import datetime, timedelta

from recommendations.catalogue import has_title_in, stock_in, type_of
from recommendations.models import Kind
from recommendations.offers import Candidate, Moment
from recommendations.situation import Situation
from shop.models import Product


def is_in_this_order(candidate: Candidate, situation: Situation) -> bool:
    key = candidate.product.id
    return key in situation.exclude or key in situation.anchor_keys


def is_not_active(candidate: Candidate, _: Situation) -> bool:
    return candidate.product.status != Product.Status.ACTIVE


def is_kept_out_by_the_shop(candidate: Candidate, _: Situation) -> bool:
    return candidate.product.attributes.get("recommendable") is False


def is_excluded(candidate: Candidate, situation: Situation) -> bool:
    return situation.lists.excludes(candidate.product)


def is_not_included(candidate: Candidate, situation: Situation) -> bool:
    return situation.lists.leaves_out(candidate.product)


def has_no_title(candidate: Candidate, situation: Situation) -> bool:
    """No name at all, or none in the reader's language where the shop has names in it."""
    if not situation.language:
        return not candidate.product.title
    shop = situation.shop_language
    return not has_title_in(candidate.product, situation.language, shop_language=shop)


def has_no_image(candidate: Candidate, situation: Situation) -> bool:
    return situation.policy.needs_image and not candidate.product.image_url


def has_no_price(candidate: Candidate, situation: Situation) -> bool:
    return situation.price_of(candidate.product) is None


def is_out_of_stock(candidate: Candidate, situation: Situation) -> bool:
    return stock_in(candidate.product, situation.country) == 0  # None where the shop does not track stock


def is_not_sold_there(candidate: Candidate, situation: Situation) -> bool:
    """`attributes.countries` names where a product may be sold; without it, everywhere."""
    countries = candidate.product.attributes.get("countries")
    return isinstance(countries, list) and situation.country not in countries


def is_for_older_customers(candidate: Candidate, situation: Situation) -> bool:
    """`attributes.min_age` against `attributes.born` of the customer; of unknown age is nobody old enough."""
    least = candidate.product.attributes.get("min_age")
    if not isinstance(least, int) or least <= 0:
        return False
    born, today = situation.customer.born, situation.now.date()
    if born is None:
        return True
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day)) < least


def was_bought_recently(candidate: Candidate, situation: Situation) -> bool:
    """The product, or a variant of it. What is used up, and what is due again, may be bought again."""
    attributes = candidate.product.attributes
    if attributes.get("consumable") is True or candidate.kind == Kind.REPEAT:
        return False
    if str(attributes.get("parent", "")) in situation.customer.bought_parents:
        return True
    last = situation.customer.bought.get(candidate.product.id)
    return last is not None and _is_recent(last, situation)


def wants_fewer(candidate: Candidate, situation: Situation) -> bool:
    customer = situation.customer
    return candidate.product.id in customer.fewer or type_of(candidate.product) in customer.fewer_types


def was_ignored_too_often(candidate: Candidate, situation: Situation) -> bool:
    most = situation.policy.most_ignored
    return bool(most) and situation.customer.ignored.get(candidate.product.id, 0) >= most


def comes_after_the_purchase(candidate: Candidate, situation: Situation) -> bool:
    """Before somebody pays, the better one is a choice; afterwards it is a reproach."""
    return candidate.kind == Kind.UPGRADE and situation.moment == Moment.AFTER


def replaces_what_was_just_bought(candidate: Candidate, situation: Situation) -> bool:
    """Nobody who has just bought a phone wants to read of the better one."""
    if candidate.kind != Kind.UPGRADE:
        return False
    last = situation.customer.bought_types.get(type_of(candidate.product))
    return last is not None and _is_recent(last, situation)


def _is_recent(moment: datetime, situation: Situation) -> bool:
    since = situation.now - timedelta(days=situation.policy.rebuy_days)
    return moment > since
