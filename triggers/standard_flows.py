"""The flows that every shop starts with, and those that it may add: one for every email that ships."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from audience.models import Topic
from campaigns.models import Campaign, EmailTemplate, Step
from campaigns.templates_store import publish_all
from experiments.running import hold_some_out
from triggers.models import Trigger

_TRANSACTIONAL, _MARKETING = Campaign.MessageClass.TRANSACTIONAL, Campaign.MessageClass.MARKETING
_LEGAL = Campaign.MessageClass.LEGAL


@dataclass(frozen=True)
class StandardFlow:
    """A trigger of that kind, and a campaign that sends `emails`: templates, each so many hours after the
    one before. Without them it is one email, from the template of the kind's name. `step` is what they show.
    """

    kind: str
    campaign: str
    trigger: str
    message_class: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    topic: str = Topic.NEWS
    name: str = ""
    emails: tuple[tuple[int, str], ...] = ()
    step: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> str:
        return (self.name or self.kind).replace("_", "-")


STANDARD_FLOWS = (
    StandardFlow("order_confirmation", "Order confirmation", "Order placed", _TRANSACTIONAL),
    StandardFlow(
        "abandoned_cart",
        "Abandoned cart",
        "Cart left",
        _MARKETING,
        {"delay_minutes": 240},
        topic=Topic.CARTS,
        step={"upgrades": 2},
    ),
    StandardFlow(
        "post_purchase_follow_up",
        "After the delivery",
        "Order delivered",
        _MARKETING,
        {"after": "delivered", "days": 7},
        topic=Topic.FOLLOW_UPS,
        step={"upgrades": 1},
    ),
    StandardFlow("consent_requested", "Confirm the subscription", "Subscription requested", _LEGAL),
)


def _after(
    days: int, name: str, campaign: str, trigger: str, *, counted: str = "delivered", **step: Any
) -> StandardFlow:
    """A flow so many days after the delivery, or after what `counted` names; `step` is what it shows."""
    return StandardFlow(
        "post_purchase_follow_up", campaign, trigger, _MARKETING, {"after": counted, "days": days}, name=name,
        emails=((0, name),), topic=Topic.FOLLOW_UPS, step={"complements": 0, **step},
    )  # fmt: skip


_ORDERED, _SUGGESTED = Step.Products.ORDERED, Step.Products.SUGGESTED
_SERIES = ((0, "abandoned_cart"), (24, "abandoned_cart_help"), (72, "abandoned_cart_last"))
# Made only when they are asked for by name: `create_flows welcome win_back`.
MORE_FLOWS = (
    StandardFlow("shipping_notice", "Shipping notice", "Order shipped", _TRANSACTIONAL),
    StandardFlow(
        "abandoned_cart",
        "Abandoned cart, three emails",
        "Cart left, three emails",
        _MARKETING,
        {"delay_minutes": 240},
        topic=Topic.CARTS,
        name="abandoned_cart_series",
        emails=_SERIES,
        step={"upgrades": 2},
    ),
    StandardFlow("browse_reminder", "Looked at, not bought", "Product looked at", _MARKETING, {"hours": 24}),
    _after(21, "review_request", "Review request", "In use for a while", products=_ORDERED),
    _after(30, "bundle_offer", "What belongs together", "Weeks after the delivery", shows_bundle=True),
    _after(120, "upgrade_offer", "The next one up", "Long after the delivery", upgrades=1),
    _after(30, "replenishment", "Time for more", "It may be used up", counted="placed", repeats=3,
           products=_SUGGESTED),
    _after(90, "offer_feedback", "Do our suggestions suit you?", "Some time after an order", counted="placed",
           complements=3, products=_SUGGESTED),
    StandardFlow("welcome", "Welcome", "Agreed to hear from us", _MARKETING, step={"products": _SUGGESTED}),
    StandardFlow("win_back", "It has been a while", "No order for long", _MARKETING, {"days": 180}),
    StandardFlow("birthday", "Birthday or anniversary", "Birthday or anniversary", _MARKETING),
    StandardFlow("back_in_stock", "Back in stock", "Back in stock", _MARKETING, step={"complements": 0}),
    StandardFlow("price_drop", "It costs less now", "Price reduced", _MARKETING, step={"complements": 0}),
    StandardFlow("referral", "Pass it on", "Link to pass on", _MARKETING, step={"complements": 0}),
)  # fmt: skip
FLOWS = {flow.key.replace("-", "_"): flow for flow in (*STANDARD_FLOWS, *MORE_FLOWS)}


@transaction.atomic
def create_flows(now: datetime, *, holdout_share: float = 0.05, names: Sequence[str] = ()) -> list[Trigger]:
    """Publishes the templates and creates the flows that are missing; returns their triggers.

    `names` are some of `FLOWS`; without them it creates the standard ones.

    Of the people of each marketing flow, `holdout_share` get nothing, so that what it earns is known;
    0 for writing to all. Events before `now` enrol nobody. A flow that exists is left as its owner made it.

    Raises:
        KeyError: for a flow that there is not.
        campaigns.compiler.CompileError: for a template that does not compile; nothing is created then.
    """
    wanted = [FLOWS[name] for name in names] or STANDARD_FLOWS
    publish_all(now)
    existing = set(Trigger.objects.values_list("key", flat=True))
    return [_create(flow, holdout_share, now) for flow in wanted if flow.key not in existing]


def _create(flow: StandardFlow, holdout_share: float, now: datetime) -> Trigger:
    is_legal = flow.message_class == _LEGAL
    about = {
        "name": flow.campaign,
        "message_class": flow.message_class,
        "topic": flow.topic,
        # Who only confirms an address has agreed to nothing yet, to being watched least of all.
        "track_opens": not is_legal,
        "track_clicks": not is_legal,
    }
    campaign, _ = Campaign.objects.get_or_create(key=flow.key, defaults=about)
    for position, (hours, key) in enumerate(flow.emails or ((0, flow.kind),)):
        template = EmailTemplate.objects.get(key=key)
        shown = {"complements": 0 if is_legal else 3, **flow.step}
        choices = {**shown, "template": template, "delay_hours": hours}
        Step.objects.get_or_create(campaign=campaign, position=position, defaults=choices)
    if holdout_share and campaign.experiment is None and campaign.is_marketing:
        campaign.experiment = hold_some_out(campaign.key, campaign.name, now, share=holdout_share)
        campaign.save(update_fields=["experiment"])
    return Trigger.objects.create(
        key=flow.key,
        name=flow.trigger,
        kind=flow.kind,
        settings=dict(flow.settings),
        campaign=campaign,
        active_from=now,
    )
