"""The result page: what it says, what it never says, and what it reads."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from campaigns.models import Trial
from dashboard.results import build_result
from dashboard.trials import DECIDED
from experiments.models import Alarm, Decision, Experiment, Look
from experiments.running import change_weights
from tests.dashboard.trials import FIRST, LATER, START, join_flow, live_on, make_trial
from tests.queries import count_statements

pytestmark = pytest.mark.django_db


def read(client: Client, experiment: Experiment, name: str = "experiment") -> str:
    response = client.get(reverse(f"dashboard:{name}", args=[experiment.key]))
    assert response.status_code == 200
    return response.content.decode()


def test_a_claim_is_one_sentence_with_a_range_and_how_sure(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 40)
    html = read(signed_in, experiment)
    assert "“Question” brings " in html
    assert " more orders per 100 people; " in html
    assert "likely to be true." in html
    assert "Believe the range" in html


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fa", "سفارش بیشتر می‌آورد؛ به احتمال زیاد درست است."),
        ("ar", "والأرجح جدًا أنه صحيح."),
        ("he", "סביר מאוד שזה נכון."),
        ("ru", "с большой вероятностью это правда."),
    ],
)
def test_the_sentence_speaks_the_page_s_language(language: str, words: str) -> None:
    experiment = make_trial()
    live_on(experiment, 40)
    with translation.override(language):
        sentence = build_result(experiment).headline.sentence
    assert words in sentence
    assert "Question" in sentence
    assert "orders" not in sentence


def test_worse_is_said_as_plainly_as_better(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 40, orders=(18, 9, 1))
    assert " fewer orders per 100 people; " in read(signed_in, experiment)


def test_nothing_is_claimed_before_the_rule_does(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 10, orders=(10, 11, 1))
    html = read(signed_in, experiment)
    assert "Still collecting: about 20 days." in html
    assert "likely to be true" not in html
    assert "winner" not in html.lower()


def test_a_last_day_before_the_planned_people_is_said_and_counted_to(signed_in: Client) -> None:
    experiment = make_trial(ends_on=FIRST + timedelta(days=13))
    live_on(experiment, 10, orders=(10, 11, 1))
    html = read(signed_in, experiment)
    assert "Still collecting: about 4 days. The plan ends on its last day, before all planned people" in html


def test_before_anybody_matured_it_says_when_people_count(signed_in: Client) -> None:
    html = read(signed_in, make_trial())
    assert "Still collecting: people count 7 days after they entered." in html


def test_a_broken_split_stands_in_place_of_every_comparison(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 40)
    compared = ("Day by day: ", "How far apart: ", "By market", "Too few so far")
    assert all(words in read(signed_in, experiment) for words in compared)
    Alarm.objects.create(
        experiment=experiment, version=1, metric="split", severity="stop", cause="split", day=LATER.date()
    )
    html = read(signed_in, experiment)
    assert "Stopped: the split is broken." in html
    assert not [words for words in (*compared, "likely to be true") if words in html]


def test_harm_is_named_with_its_arm(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 10, orders=(10, 10, 1))
    Alarm.objects.create(
        experiment=experiment, version=1, arm="question", metric="complaint", severity="stop",
        cause="above the limit", control=0.0, treated=0.01, day=LATER.date(),
    )  # fmt: skip
    html = read(signed_in, experiment)
    assert "“Question” does harm." in html
    assert "Stop it</span>" in html


def test_a_broadcast_has_a_leader_and_no_winner(signed_in: Client) -> None:
    experiment = make_trial(metric="click")
    join_flow(experiment)
    live_on(experiment, 3, orders=(9, 12, 0))
    html = read(signed_in, experiment)
    assert "“Question” leads so far: the best guess for the rest of the list, not a proof." in html


def test_a_draft_for_a_broadcast_and_one_that_was_taken_over_go_out_once_too(signed_in: Client) -> None:
    experiment = make_trial(metric="click")
    campaign = join_flow(make_trial("newer"))
    campaign.planned_experiments.add(experiment)
    live_on(experiment, 3, orders=(9, 12, 0))
    assert "“Question” leads so far" in read(signed_in, experiment)


def make_decided(experiment: Experiment, **fields: Any) -> Trial:
    return Trial.objects.create(
        campaign=join_flow(experiment), experiment=experiment, occurrence="spring", people=4540,
        list_size=20_000, chance_right=0.78, started_at=START, decide_at=START + timedelta(hours=4), **fields,
    )  # fmt: skip


def test_a_trial_says_when_the_leader_goes_to_the_rest(signed_in: Client) -> None:
    experiment = make_trial(metric="click")
    make_decided(experiment)
    html = read(signed_in, experiment)
    assert "4,540 of 20,000 people get one of the versions." in html
    assert "the truly better one in about 78" in html


@pytest.mark.parametrize("reason", DECIDED)
def test_a_decided_trial_explains_itself_and_names_no_winner(signed_in: Client, reason: str) -> None:
    experiment = make_trial(metric="click")
    leader = experiment.variants.get(key="question")
    counts = {"control": [60, 2270], "question": [80, 2270]}
    make_decided(experiment, decided_at=LATER, leader=leader, reason=reason, counts=counts)
    result = build_result(experiment)
    assert "“Question”" in result.headline.sentence
    html = read(signed_in, experiment)
    assert result.trials[0].arms[1][1].successes == 80
    assert "3.5%" in html
    assert "winner" not in html.lower()


def test_attributed_and_incremental_money_stand_side_by_side(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 40, orders=(9, 16, 1))
    result = build_result(experiment)
    assert result.money.attributed == pytest.approx(
        sum(20.0 * arm.line.totals.converted for arm in result.arms if not arm.line.is_holdout)
    )
    assert result.money.incremental is not None
    html = read(signed_in, experiment)
    assert "After a click (attributed)" in html
    assert "Because of the email (incremental)" in html


def test_without_a_holdout_the_incremental_money_is_unknown(signed_in: Client) -> None:
    experiment = make_trial(holdout_share=0)
    assert "Nobody is held out, so nobody can say" in read(signed_in, experiment)


def test_a_single_look_is_no_way_and_is_not_drawn(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 1, orders=(30, 60, 0))
    (lift,) = build_result(experiment).lifts
    assert lift.drawing is None
    html = read(signed_in, experiment)
    assert "One look so far" in html
    assert "every look" in html


def test_a_small_market_is_marked(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 4)
    assert "too small to say" in read(signed_in, experiment)


def test_every_look_shows_what_it_had_to_reach(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 40)
    points = build_result(experiment).lifts[0].points
    known = [point for point in points if point.needed is not None]
    claims = [p for p in known if abs(p.reached or 0) >= (p.needed or 0)]
    assert known[0].needed > known[-1].needed or len(claims) > 0  # type: ignore[operator]
    assert claims
    assert claims[0].interval is not None
    assert not claims[0].interval.holds(0)


def test_a_new_split_is_told_as_an_epoch(signed_in: Client) -> None:
    experiment = make_trial()
    change_weights(experiment, {"question": 1.0}, LATER, actor="Mina")
    live_on(experiment, 3)
    html = read(signed_in, experiment)
    assert "Split changed" in html
    assert "Mina" in html


def test_opening_it_again_takes_no_look_and_decides_nothing(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 20)
    before = (Look.objects.count(), list(Decision.objects.values()))
    for name in ("experiment", "experiment_csv", "experiment_json", "experiment"):
        read(signed_in, experiment, name)
    assert (Look.objects.count(), list(Decision.objects.values())) == before


def test_it_reads_totals_and_looks_and_never_people_or_messages() -> None:
    few, many = make_trial("few"), make_trial("many")
    live_on(few, 5)
    live_on(many, 50)
    with count_statements() as of_few:
        build_result(few)
    with count_statements() as of_many:
        build_result(many)
    assert len(of_few) == len(of_many) <= 11
    touched = [s for s in of_many if "experiments_assignment" in s or "campaigns_message" in s]
    assert touched == []


def test_the_looks_are_exported_for_a_spreadsheet(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 20)
    rows = list(csv.DictReader(io.StringIO(read(signed_in, experiment, "experiment_csv"))))
    deciding = [row for row in rows if row["metric"] == "conversion" and row["arm"] == "question"]
    assert len(deciding) == 20
    assert float(deciding[-1]["difference"]) == pytest.approx(7 / 300, rel=0.1)


def test_the_whole_report_is_exported_for_a_program(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 20)
    told = json.loads(read(signed_in, experiment, "experiment_json"))
    assert [arm["arm"] for arm in told["arms"]] == ["control", "question", "holdout"]
    assert told["verdict"]["arm"] == "question"
    assert len(told["comparisons"][0]["looks"]) == 20
