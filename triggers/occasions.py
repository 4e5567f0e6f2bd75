"""Kinds about what a shop tells of one customer: looks, wishes, prices, birthdays, links to pass on."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from shop.models import Event
from triggers.base import AtOnce, Entry, TriggerKind
from triggers.kinds import order_key, register


@register
class OrderShipped(AtOnce):
    """At once when a parcel left; an order of two parcels has two notices."""

    key = "shipping_notice"
    label = _("Order shipped")
    event_kinds = frozenset({"order.shipped"})
    sentence = _("At once when a parcel of an order has left")


@register
class Welcome(AtOnce):
    """At once after somebody agreed to hear from the shop, once in a lifetime."""

    key = "welcome"
    label = _("Welcome")
    event_kinds = frozenset({"consent.granted"})
    sentence = _("At once when somebody has agreed to hear from you, only the first time")

    def name_entry(self, event: Event) -> str:
        return f"customer:{event.customer_id}"


class AboutProduct(AtOnce):
    """At once when something is told of a product that the customer cares for, unless they ordered since."""

    ends_with_order = True

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        return super().match(event, settings) if event.product_id else None


@register
class BackInStock(AboutProduct):
    key = "back_in_stock"
    label = _("Back in stock")
    event_kinds = frozenset({"product.back_in_stock"})
    sentence = _("At once when something is back that the customer asked for")


@register
class PriceDrop(AboutProduct):
    key = "price_drop"
    label = _("Price reduced")
    event_kinds = frozenset({"product.price_reduced"})
    sentence = _("At once when something costs less that the customer looked at")


@register
class Occasion(AtOnce):
    """On a birthday, or on the day on which somebody became a customer."""

    key = "birthday"
    label = _("Birthday or anniversary")
    event_kinds = frozenset({"customer.occasion"})
    sentence = _("On the customer's birthday or anniversary")


@register
class ReferralOffered(AtOnce):
    key = "referral"
    label = _("Link to pass on")
    event_kinds = frozenset({"referral.offered"})
    sentence = _("At once when the shop has made a link for the customer to pass on")


class BrowseSettings(forms.Form):
    hours = forms.IntegerField(
        label=_("Hours after the last look"), initial=24, min_value=2, max_value=14 * 24
    )


@register
class BrowseReminder(TriggerKind):
    """Some hours after the last look at a product, unless the customer ordered meanwhile."""

    key = "browse_reminder"
    label = _("Looked at, not bought")
    event_kinds = frozenset({"product.viewed"})
    settings_form = BrowseSettings
    restarts = True
    ends_with_order = True

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        if not event.product_id:
            return None
        return Entry(f"product:{event.product_id}", event.occurred_at + timedelta(hours=settings["hours"]))

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:
        hours: int = settings["hours"]
        text = ngettext("%d hour after a look at a product", "%d hours after a look at a product", hours)
        return text % hours


class WinBackSettings(forms.Form):
    days = forms.IntegerField(label=_("Days without an order"), initial=180, min_value=14, max_value=1095)


@register
class WinBack(TriggerKind):
    """Long after the last order: every order starts a wait of its own, and the next one ends it."""

    key = "win_back"
    label = _("No order for long")
    event_kinds = frozenset({"order.placed"})
    settings_form = WinBackSettings
    ends_with_order = True

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        if not event.order_id:
            return None
        return Entry(order_key(event), event.occurred_at + timedelta(days=settings["days"]))

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:
        days: int = settings["days"]
        return ngettext("%d day without an order", "%d days without an order", days) % days
