"""Starting and stopping, and every reason not to start."""

from datetime import timedelta
from typing import Any

import pytest

from experiments.models import Experiment, Variant
from experiments.problems import ExperimentError
from experiments.running import start, stop
from tests.experiments.people import NOW, make_experiment

pytestmark = pytest.mark.django_db


def make_draft(weights: tuple[float, ...] = (0.5, 0.5), **fields: Any) -> Experiment:
    return make_experiment(weights, status="draft", **fields)


def test_a_complete_draft_starts() -> None:
    experiment = start(make_draft(salt=""), NOW)
    assert (experiment.status, experiment.started_at) == ("running", NOW)
    assert len(experiment.salt) == 16


def test_a_salt_that_was_given_is_kept() -> None:
    assert start(make_draft(salt="mine"), NOW).salt == "mine"


def test_a_running_experiment_stops_and_keeps_its_start() -> None:
    experiment = stop(start(make_draft(), NOW), NOW + timedelta(days=14))
    assert (experiment.status, experiment.started_at) == ("stopped", NOW)
    assert experiment.stopped_at == NOW + timedelta(days=14)


@pytest.mark.parametrize("status", ["running", "stopped"])
def test_only_a_draft_can_start(status: str) -> None:
    with pytest.raises(ExperimentError, match="not a draft any more"):
        start(make_experiment(status=status), NOW)


@pytest.mark.parametrize("status", ["draft", "stopped"])
def test_only_a_running_experiment_can_stop(status: str) -> None:
    with pytest.raises(ExperimentError, match="not running"):
        stop(make_experiment(status=status), NOW)


@pytest.mark.parametrize(
    ("weights", "fields", "message"),
    [
        ((), {"holdout_share": 0.1}, "There is no variant; add at least one."),
        ((1,), {"holdout_share": 0}, "add a second variant or hold some people out"),
        ((0, 0), {}, "All weights are 0"),
        ((1, -1), {}, "Variant b has the weight -1.0; write a number from 0 upwards."),
        ((1, 1), {"holdout_share": 0.6}, "The holdout share is 0.6; write a share from 0 to 0.5."),
    ],
)
def test_an_experiment_that_can_teach_nothing_does_not_start(
    weights: tuple[float, ...], fields: dict[str, Any], message: str
) -> None:
    experiment = make_draft(weights, **fields)
    with pytest.raises(ExperimentError, match=message.replace(".", r"\.")):
        start(experiment, NOW)
    experiment.refresh_from_db()
    assert experiment.status == "draft"


def test_one_variant_with_a_holdout_is_enough() -> None:
    assert start(make_draft((1,), holdout_share=0.1), NOW).status == "running"


def test_the_variants_need_one_control_to_be_compared_with() -> None:
    experiment = make_draft()
    experiment.variants.update(is_control=False)
    with pytest.raises(ExperimentError, match="Mark exactly one variant as the control"):
        start(experiment, NOW)


@pytest.mark.parametrize(
    "changes",
    [
        {"texts": {"en": {"subject": "Hello"}, "fa": {"subject": "سلام"}}},
        {"blocks": {"intro": "b"}},
        {"recommender": "popular"},
        {},
    ],
)
def test_every_documented_change_is_accepted(changes: dict[str, Any]) -> None:
    experiment = make_draft()
    Variant.objects.filter(key="b").update(changes=changes)
    assert start(experiment, NOW).status == "running"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"colour": "red"}, "Variant b: It changes 'colour', which is unknown; use texts, blocks, template"),
        ({"texts": {"en": "Hello"}}, "Variant b: Write texts as"),
        ({"texts": {"en": {"subject": ""}}}, "Variant b: Write texts as"),
        ({"texts": ["en"]}, "Variant b: Write texts as"),
        ({"blocks": {"intro": 2}}, "Variant b: Write blocks as"),
        ({"recommender": None}, "Variant b: Write recommender as"),
        (["texts"], "Variant b: Changes must be an object"),
    ],
)
def test_a_change_nobody_understands_stops_the_start(changes: Any, message: str) -> None:
    experiment = make_draft()
    Variant.objects.filter(key="b").update(changes=changes)
    with pytest.raises(ExperimentError, match=message):
        start(experiment, NOW)


def test_a_control_that_changes_something_is_no_control() -> None:
    experiment = make_draft()
    Variant.objects.filter(key="a").update(changes={"recommender": "popular"})
    with pytest.raises(ExperimentError, match="Variant a: It is the control, so it must change nothing"):
        start(experiment, NOW)


def test_all_problems_are_named_at_once() -> None:
    experiment = make_draft((0, 0))
    Variant.objects.filter(key="b").update(changes={"colour": "red"})
    with pytest.raises(ExperimentError, match=r"All weights are 0.*colour"):
        start(experiment, NOW)
