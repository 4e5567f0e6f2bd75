"""The registered trigger kinds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django_stubs_ext import StrOrPromise

from shop.models import Event
from triggers.base import AtOnce, Entry, TriggerKind

_registry: dict[str, TriggerKind] = {}


def register(kind: type[TriggerKind]) -> type[TriggerKind]:
    """Class decorator. Raises ValueError when another kind has the key."""
    if kind.key in _registry:
        raise ValueError(f"Two trigger kinds have the key {kind.key!r}; give one of them another.")
    _registry[kind.key] = kind()
    return kind


def get(key: str) -> TriggerKind:
    """The kind. Raises KeyError that lists the keys there are."""
    try:
        return _registry[key]
    except KeyError:
        raise KeyError(f"No trigger kind {key!r}; there are {', '.join(sorted(_registry))}.") from None


def forget(key: str) -> None:
    """Takes a kind out again, for tests that register their own."""
    _registry.pop(key, None)


def list_keys() -> list[str]:
    return list(_registry)


def list_kinds() -> list[TriggerKind]:
    return list(_registry.values())


@register
class OrderConfirmation(AtOnce):
    """At once after an order was placed."""

    key = "order_confirmation"
    label = _("Order confirmation")
    event_kinds = frozenset({"order.placed"})
    sentence = _("At once when an order is placed")

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        return super().match(event, settings) if event.order_id else None

    def name_entry(self, event: Event) -> str:
        return order_key(event)


class AbandonedCartSettings(forms.Form):
    delay_minutes = forms.IntegerField(
        label=_("Wait, in minutes"),
        initial=240,
        min_value=15,
        max_value=7 * 24 * 60,
        help_text=_(
            "After the last change of the cart. Sooner than 15 minutes catches people still shopping."
        ),
    )


@register
class AbandonedCart(TriggerKind):
    """Some time after the last change of a cart that was not ordered."""

    key = "abandoned_cart"
    label = _("Abandoned cart")
    event_kinds = frozenset({"cart.updated"})
    settings_form = AbandonedCartSettings
    restarts = True

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        if not event.cart_id:
            return None
        wait = timedelta(minutes=settings["delay_minutes"])
        return Entry(f"cart:{event.cart_id}", event.occurred_at + wait)

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:
        delay: int = settings["delay_minutes"]
        hours, minutes = divmod(delay, 60)
        if minutes:
            text = ngettext("%d minute after a cart was left", "%d minutes after a cart was left", delay)
            return text % delay
        return ngettext("%d hour after a cart was left", "%d hours after a cart was left", hours) % hours


class FollowUpSettings(forms.Form):
    after = forms.ChoiceField(
        label=_("Counted from"),
        initial="delivered",
        choices=[("delivered", _("the delivery")), ("placed", _("the order"))],
    )
    days = forms.IntegerField(label=_("Days"), initial=7, min_value=1, max_value=365)


@register
class PostPurchaseFollowUp(TriggerKind):
    """Days after an order was delivered, or placed where deliveries are not reported."""

    key = "post_purchase_follow_up"
    label = _("Post-purchase follow-up")
    event_kinds = frozenset({"order.placed", "order.delivered"})
    settings_form = FollowUpSettings

    def match(self, event: Event, settings: Mapping[str, Any]) -> Entry | None:
        if not event.order_id or event.kind != f"order.{settings['after']}":
            return None
        return Entry(order_key(event), event.occurred_at + timedelta(days=settings["days"]))

    def describe(self, settings: Mapping[str, Any]) -> StrOrPromise:
        days: int = settings["days"]
        if settings["after"] == "placed":
            return ngettext("%d day after an order", "%d days after an order", days) % days
        return ngettext("%d day after the delivery", "%d days after the delivery", days) % days


@register
class ConsentRequested(AtOnce):
    """At once after somebody asked for mail: the email that asks for the confirmation (double opt-in)."""

    key = "consent_requested"
    label = _("Subscription requested")
    event_kinds = frozenset({"consent.requested"})
    sentence = _("At once when somebody asks for mail, to confirm the address")

    def name_entry(self, event: Event) -> str:
        return f"request:{event.pk}"


def order_key(event: Event) -> str:
    return f"order:{event.order_id}"
