"""Which variant each message gets, and what that changes about it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from campaigns.models import Message
from experiments.assignment import assign, assign_global_holdout, find_rolled_out
from experiments.models import Assignment, Experiment, Variant
from recommendations.offers import KNOWN_SCORERS, NEIGHBOURS


@dataclass(frozen=True, slots=True)
class Arm:
    """What was drawn for a message's customer. Neither of both: nothing is tried on them.

    `variant` without an assignment is what was rolled out to everybody.
    """

    assignment: Assignment | None = None
    variant: Variant | None = None

    @property
    def is_held_out(self) -> bool:
        return self.assignment is not None and self.variant is None

    @property
    def changes(self) -> Mapping[str, Any]:
        return self.variant.changes if self.variant else {}


NOTHING_TRIED = Arm()


def deal_arms(messages: Sequence[Message], now: datetime) -> dict[UUID, Arm]:
    """The arm of each message that could leave, with `step__campaign__experiment__rolled_out` read along.

    Whoever the global holdout spares is in no other experiment. A fixed number of queries an experiment.
    """
    marketed = {m.customer_id: m.customer for m in messages if m.campaign.is_marketing}
    spared = assign_global_holdout(list(marketed.values()), now)
    arms: dict[UUID, Arm] = {}
    groups: dict[Experiment, list[Message]] = defaultdict(list)
    for message in messages:
        experiment = message.campaign.experiment
        if message.campaign.is_marketing and message.customer_id in spared:
            arms[message.id] = Arm(spared[message.customer_id])
        elif experiment and experiment.status == Experiment.Status.RUNNING:
            groups[experiment].append(message)
        else:
            rolled_out = find_rolled_out(experiment, message.customer) if experiment else None
            arms[message.id] = Arm(variant=rolled_out)
    for experiment, group in groups.items():
        arms |= _deal(experiment, group, now)
    return arms


def scorer_of(changes: Mapping[str, Any]) -> str:
    """The recommender that these changes ask for; the usual one where that is not installed."""
    wanted = changes.get("recommender", NEIGHBOURS)
    return wanted if wanted in KNOWN_SCORERS else NEIGHBOURS


def template_of(message: Message, arm: Arm) -> str:
    """The key of the template that this message is made from."""
    return str(arm.changes.get("template", message.step.template.key))


def count_products(message: Message, changes: Mapping[str, Any]) -> tuple[int, int]:
    """How many complements and upgrades this message shows at most."""
    wanted, step = changes.get("products", {}), message.step
    return wanted.get("complements", step.complements), wanted.get("upgrades", step.upgrades)


def _deal(experiment: Experiment, messages: Iterable[Message], now: datetime) -> dict[UUID, Arm]:
    group = list(messages)
    assigned = assign(experiment, list({m.customer_id: m.customer for m in group}.values()), now)
    arms = {}
    for message in group:
        assignment = assigned.get(message.customer_id)
        arms[message.id] = Arm(assignment, assignment.variant if assignment else None)
    return arms
