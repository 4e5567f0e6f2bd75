"""A campaign as the marketer thinks of it: what starts it, then a wait, an email, a wait, an email."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Step
from campaigns.reports import StepFigures, Sums
from dashboard.formatting import localise_digits
from triggers import kinds
from triggers.base import TriggerKind
from triggers.models import Trigger


@dataclass(frozen=True, slots=True)
class Start:
    """What starts a campaign; where nothing can, `sentence` is empty and `problem` says why."""

    trigger: Trigger
    sentence: str = ""
    problem: str = ""


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
    """In words, whatever is stored: settings can be older than the code, and a kind can be gone."""
    kind = find_kind(trigger)
    if kind is None:
        problem = _("The kind “%(kind)s” is not installed, so nobody enters. A developer has to install it.")
        return Start(trigger, problem=problem % {"kind": trigger.kind})
    try:
        sentence = str(kind.describe(kind.clean_settings(trigger.settings)))
    except ValidationError as error:
        return Start(trigger, problem=_tell_problem(kind, error))
    return Start(trigger, localise_digits(sentence))


def find_kind(trigger: Trigger) -> TriggerKind | None:
    """None where the code that knew it is no longer installed."""
    try:
        return kinds.get(trigger.kind)
    except KeyError:
        return None


def _tell_problem(kind: TriggerKind, error: ValidationError) -> str:
    if hasattr(error, "error_dict"):
        fields = kind.settings_form.base_fields
        labels = {name: str(fields[name].label or name) for name in error.message_dict if name in fields}
        told = [f"{labels.get(n, n)}: {' '.join(said)}" for n, said in error.message_dict.items()]
    else:
        told = error.messages
    problem = _("The settings are wrong, so nobody enters until they are mended. %(problems)s")
    return problem % {"problems": localise_digits(" ".join(told))}


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
