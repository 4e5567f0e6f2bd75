"""What is decided by hand at one place of the shop, in the words of its page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from dashboard.decision_forms import ComplementForm, DecisionForm, ListingForm, PinForm
from dashboard.formatting import localise_digits
from dashboard.forms import OfferRulesForm
from dashboard.words import find_word
from recommendations.models import ComplementRule, Listing, OfferRules, Pin
from recommendations.models.decisions import WHOLE_SHOP
from recommendations.policy import Policy, read_policies
from recommendations.questions import PLACE

MOST_ROWS = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of decision: its model, its form, and the codes of `words.CHANGE` for adding and removing."""

    model: type[Model]
    form: type[DecisionForm]
    added: str
    removed: str

    def may(self, verb: str) -> str:
        """The permission to `add` or to `delete` one."""
        return f"recommendations.{verb}_{self.model._meta.model_name}"


KINDS: Mapping[str, Kind] = {
    "listing": Kind(Listing, ListingForm, "listed", "unlisted"),
    "pin": Kind(Pin, PinForm, "pinned", "unpinned"),
    "complement": Kind(ComplementRule, ComplementForm, "paired", "unpaired"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of a list: `state` is now, later or over (see `words.DECISION_STATE`)."""

    row: Any
    state: str


@dataclass(frozen=True, slots=True)
class Section:
    """The decisions of a kind at a place, `MOST_ROWS` at most, and the form to add one."""

    kind: str
    decisions: Sequence[Decision]
    has_more: bool
    form: DecisionForm
    may_add: bool
    may_remove: bool


def list_places() -> dict[str, str]:
    """Where suggestions are shown, by the key that decisions name: the whole shop, its pages, campaigns."""
    campaigns = Campaign.objects.order_by("name", "pk").values_list("key", "name")
    return {"": find_word("place", WHOLE_SHOP), PLACE: find_word("place", PLACE), **dict(campaigns)}


def read_rows(kind: str, place: str, query: str = "") -> QuerySet[Any]:
    """The rows of a place, the newest first. Complements hold everywhere, and are searched by `query`."""
    if kind == "complement":
        rows = ComplementRule.objects.select_related("product", "complement").order_by("-pk")
        return rows.filter(_match(query)) if query else rows
    model = Listing if kind == "listing" else Pin
    first = "side" if kind == "listing" else "position"
    return model.objects.filter(place=place).select_related("product").order_by(first, "-pk")


def _match(query: str) -> Q:
    product = Q(product__title__icontains=query) | Q(product__external_id=query)
    complement = Q(complement__title__icontains=query) | Q(complement__external_id=query)
    return product | complement | Q(product_type__icontains=query)


def tell_in_force(place: str) -> dict[str, str]:
    """For each field of the offer rules what holds at the place, and whose word it is. Two queries."""
    rows = {row.place: row for row in OfferRules.objects.filter(place__in={"", place})}
    policy, here, whole = read_policies([place])[place], rows.get(place), rows.get("")
    return {name: _tell_field(name, policy, here, whole) for name in OfferRulesForm.Meta.fields}


def _tell_field(name: str, policy: Policy, here: OfferRules | None, whole: OfferRules | None) -> str:
    value = _write_value(name, getattr(policy, name))
    if _states(here, name):
        return _("In force: %(value)s, as set here") % {"value": value}
    if _states(whole, name):
        return _("In force: %(value)s, as set for the whole shop") % {"value": value}
    return _("In force: %(value)s, as usual") % {"value": value}


def _states(row: OfferRules | None, name: str) -> bool:
    return row is not None and getattr(row, name) not in (None, "")


def _write_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, str):
        return find_word(name, value)
    return localise_digits(f"{value:g}")
