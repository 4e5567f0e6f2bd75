"""The flows that every shop starts with: a confirmation, an abandoned cart, a follow-up."""

from collections.abc import Mapping
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
    """A trigger of that kind, and a campaign of one email from the template of the same name."""

    kind: str
    campaign: str
    trigger: str
    message_class: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    upgrades: int = 0
    topic: str = Topic.NEWS


STANDARD_FLOWS = (
    StandardFlow("order_confirmation", "Order confirmation", "Order placed", _TRANSACTIONAL),
    StandardFlow(
        "abandoned_cart",
        "Abandoned cart",
        "Cart left",
        _MARKETING,
        {"delay_minutes": 240},
        upgrades=2,
        topic=Topic.CARTS,
    ),
    StandardFlow(
        "post_purchase_follow_up",
        "After the delivery",
        "Order delivered",
        _MARKETING,
        {"after": "delivered", "days": 7},
        upgrades=1,
        topic=Topic.FOLLOW_UPS,
    ),
    StandardFlow("consent_requested", "Confirm the subscription", "Subscription requested", _LEGAL),
)


@transaction.atomic
def create_flows(now: datetime, *, holdout_share: float = 0.05) -> list[Trigger]:
    """Publishes the templates and creates the flows that are missing; returns their triggers.

    Of the people of each marketing flow, `holdout_share` get nothing, so that what it earns is known;
    0 for writing to all. Events before `now` enrol nobody. A flow that exists is left as its owner made it.

    Raises:
        campaigns.compiler.CompileError: for a template that does not compile; nothing is created then.
    """
    publish_all(now)
    existing = set(Trigger.objects.values_list("key", flat=True))
    return [_create(flow, holdout_share, now) for flow in STANDARD_FLOWS if _key(flow) not in existing]


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
    campaign, _ = Campaign.objects.get_or_create(key=_key(flow), defaults=about)
    template = EmailTemplate.objects.get(key=flow.kind)
    choices = {"template": template, "complements": 0 if is_legal else 3, "upgrades": flow.upgrades}
    Step.objects.get_or_create(campaign=campaign, position=0, defaults=choices)
    if holdout_share and campaign.experiment is None and campaign.is_marketing:
        campaign.experiment = hold_some_out(campaign.key, campaign.name, now, share=holdout_share)
        campaign.save(update_fields=["experiment"])
    return Trigger.objects.create(
        key=_key(flow),
        name=flow.trigger,
        kind=flow.kind,
        settings=dict(flow.settings),
        campaign=campaign,
        active_from=now,
    )


def _key(flow: StandardFlow) -> str:
    return flow.kind.replace("_", "-")
