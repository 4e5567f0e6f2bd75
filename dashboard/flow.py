"""A campaign as the marketer thinks of it: what starts it, then a wait, an email, a wait, an email."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from campaigns.models import Campaign, Step
from campaigns.reports import StepFigures, Sums
from dashboard.formatting import localise_digits
from triggers import kinds
from triggers.models import Trigger


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a campaign; `sentence` is empty for a kind that is no longer installed."""

    trigger: Trigger
    sentence: str


@dataclass(frozen=True, slots=True)
class StepCard:
    step: Step
    figures: StepFigures


@dataclass(frozen=True, slots=True)
class CampaignRow:
    campaign: Campaign
    starts: list[Start]
    figures: StepFigures


def describe_trigger(trigger: Trigger) -> Start:
    try:
        kind = kinds.get(trigger.kind)
    except KeyError:
        return Start(trigger, "")
    sentence = str(kind.describe(kind.clean_settings(trigger.settings)))
    return Start(trigger, localise_digits(sentence))


def summarise(campaign: Campaign, figures: Mapping[int, StepFigures]) -> CampaignRow:
    """A campaign with its steps' figures added up. Steps and triggers are read as prefetched."""
    total = StepFigures()
    for step in campaign.steps.all():
        _add(total, figures.get(step.pk, StepFigures()))
    starts = [describe_trigger(trigger) for trigger in campaign.triggers.all()]
    return CampaignRow(campaign, starts, total)


def build_flow(steps: Iterable[Step], figures: Mapping[int, StepFigures]) -> list[StepCard]:
    return [StepCard(step, figures.get(step.pk, StepFigures())) for step in steps]


def _add(total: StepFigures, part: StepFigures) -> None:
    for name in ("sent", "opened", "clicked", "held_out", "not_sent", "orders"):
        setattr(total, name, getattr(total, name) + getattr(part, name))
    total.revenue = _add_sums(total.revenue, part.revenue)


def _add_sums(one: Sums, other: Sums) -> Sums:
    nothing = Decimal(0)
    return {c: one.get(c, nothing) + other.get(c, nothing) for c in one.keys() | other.keys()}
