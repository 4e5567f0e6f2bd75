"""Drafting, starting, stopping, splitting, rolling out: who may, what it leaves behind and refuses."""

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign
from experiments.models import AuditEntry, Experiment
from experiments.running import roll_out
from tests.dashboard.trials import LATER, join_flow, live_on, make_trial
from tests.factories import make_order

pytestmark = pytest.mark.django_db


def make_draft(flow: str, **changes: Any) -> dict[str, Any]:
    """What the form of a new experiment posts."""
    return {
        "name": "A question", "hypothesis": "It is opened more.", "metric": "conversion", "window_days": "7",
        "planned_people": "9000", "mode": "fixed", "campaign": flow, "holdout": "5", "covered": "100",
        "countries": "gb, IR", "control-name": "As it is", "control-weight": "1",
        "versions-TOTAL_FORMS": "2", "versions-INITIAL_FORMS": "0", "versions-MIN_NUM_FORMS": "1",
        "versions-MAX_NUM_FORMS": "5", "versions-0-name": "Question", "versions-0-weight": "1",
        "versions-0-subject": "en: Forgot something?\nfa: چیزی جا گذاشتید؟", "versions-1-weight": "1",
    } | changes  # fmt: skip


@pytest.fixture
def flow() -> str:
    other = make_trial("old")
    campaign = join_flow(other)
    Experiment.objects.filter(pk=other.pk).update(status="stopped")
    return campaign.key


def post(client: Client, name: str, data: dict[str, Any], key: str = "question") -> str:
    address = reverse(f"dashboard:{name}", args=[key] if name != "experiment_new" else [])
    return client.post(address, data, follow=True).content.decode()


def test_a_draft_holds_what_the_form_said(signed_in: Client, flow: str) -> None:
    post(signed_in, "experiment_new", make_draft(flow))
    draft = Experiment.objects.get(name="A question")
    control, version = draft.variants.all()
    assert (draft.status, draft.markets, draft.holdout_share) == ("draft", ["GB", "IR"], 0.05)
    assert (control.is_control, control.changes) == (True, {})
    assert version.changes["texts"]["en"] == {"subject": "Forgot something?"}
    assert draft.planned_campaigns.get().key == flow
    assert draft.audit_entries.get().action == AuditEntry.Action.EDITED


def test_a_draft_is_shown_as_it_was_written(signed_in: Client, flow: str) -> None:
    post(signed_in, "experiment_new", make_draft(flow, **{"versions-0-hour": "9"}))
    key = Experiment.objects.get(name="A question").key
    html = signed_in.get(reverse("dashboard:experiment_edit", args=[key])).content.decode()
    assert "en: Forgot something?" in html
    assert 'name="versions-0-hour" value="9"' in html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"versions-0-subject": "Forgot something?"}, "with a name, a colon and a text"),
        ({"versions-0-subject": ""}, "A version changes nothing"),
        ({"versions-0-offer_code": "TEN"}, "needs its code and its percentage"),
        ({"control-weight": "0", "versions-0-weight": "0"}, "All weights are 0"),
        ({"mode": "bandit"}, "Two versions learn as fast"),
        ({"countries": "Iran"}, "is no country code"),
        ({"holdout": "60"}, "less than or equal to 50"),
    ],
)
def test_a_draft_that_could_not_run_is_refused_with_what_to_mend(
    signed_in: Client, flow: str, changes: dict[str, str], words: str
) -> None:
    assert words in post(signed_in, "experiment_new", make_draft(flow, **changes))
    assert not Experiment.objects.filter(name="A question").exists()


def test_a_flow_in_a_running_experiment_is_not_taken_away(signed_in: Client) -> None:
    campaign = join_flow(make_trial())
    assert "is part of the running experiment" in post(signed_in, "experiment_new", make_draft(campaign.key))


def test_a_flow_keeps_what_was_rolled_out_until_its_next_experiment_starts(
    signed_in: Client, flow: str
) -> None:
    old = Experiment.objects.get(key="old")
    roll_out(old, old.variants.get(key="question"), LATER)
    post(signed_in, "experiment_new", make_draft(flow))
    draft = Experiment.objects.get(name="A question")
    campaign = Campaign.objects.get(key=flow)
    assert (campaign.experiment, draft.campaigns.count()) == (old, 0)
    post(signed_in, "experiment_edit", make_draft(flow, hypothesis="It is clicked more."), draft.key)
    campaign.refresh_from_db()
    assert campaign.experiment == old
    post(signed_in, "experiment_start", {}, draft.key)
    campaign.refresh_from_db()
    assert campaign.experiment == draft


def test_a_draft_that_changes_its_flow_leaves_the_other_alone(signed_in: Client, flow: str) -> None:
    other = join_flow(make_trial("other"))
    Experiment.objects.filter(key="other").update(status="stopped")
    post(signed_in, "experiment_new", make_draft(flow))
    draft = Experiment.objects.get(name="A question")
    post(signed_in, "experiment_edit", make_draft(other.key), draft.key)
    post(signed_in, "experiment_start", {}, draft.key)
    assert [campaign.key for campaign in draft.campaigns.all()] == [other.key]


def test_of_two_drafts_for_one_flow_only_one_runs(signed_in: Client, flow: str) -> None:
    post(signed_in, "experiment_new", make_draft(flow))
    post(signed_in, "experiment_new", make_draft(flow, name="Another question"))
    post(signed_in, "experiment_start", {}, "a-question")
    html = post(signed_in, "experiment_start", {}, "another-question")
    assert "Experiment a-question runs on a flow of another-question" in html
    assert Experiment.objects.get(key="another-question").status == Experiment.Status.DRAFT
    assert Campaign.objects.get(key=flow).experiment == Experiment.objects.get(key="a-question")


def test_what_stopped_takes_its_flow_back_when_it_starts_again(signed_in: Client, flow: str) -> None:
    for name, key in (("A question", "a-question"), ("Another question", "another-question")):
        post(signed_in, "experiment_new", make_draft(flow, name=name))
        post(signed_in, "experiment_start", {}, key)
        post(signed_in, "experiment_stop", {}, key)
    post(signed_in, "experiment_restart", {"why": "The link was dead"}, "a-question")
    assert Campaign.objects.get(key=flow).experiment == Experiment.objects.get(key="a-question")


def test_the_pages_of_a_draft_name_its_flow(signed_in: Client, flow: str) -> None:
    post(signed_in, "experiment_new", make_draft(flow))
    Campaign.objects.update(name="Cart of a draft")
    assert "Cart of a draft" in signed_in.get(reverse("dashboard:experiments")).content.decode()
    html = signed_in.get(reverse("dashboard:experiment", args=["a-question"])).content.decode()
    assert "Cart of a draft" in html


def test_what_started_is_not_edited(signed_in: Client) -> None:
    make_trial()
    assert "It has started" in post(signed_in, "experiment_edit", {})


def test_starting_stopping_and_starting_again_leave_a_trail(signed_in: Client, flow: str) -> None:
    post(signed_in, "experiment_new", make_draft(flow))
    key = Experiment.objects.get(name="A question").key
    post(signed_in, "experiment_start", {}, key)
    post(signed_in, "experiment_stop", {}, key)
    html = post(signed_in, "experiment_restart", {"why": "The link was dead"}, key)
    assert "The link was dead" in html
    entries = AuditEntry.objects.filter(experiment__key=key)
    assert [entry.action for entry in entries] == ["restarted", "stopped", "started", "edited"]
    assert {entry.actor for entry in entries} == {"marketer"}


def test_a_new_split_says_that_it_opens_an_epoch(signed_in: Client) -> None:
    experiment = make_trial()
    live_on(experiment, 3)
    html = post(signed_in, "experiment_split", {"weights-control": "1", "weights-question": "3"})
    assert "A new split opens a new epoch" in html
    assert "Question 75%" in html


def test_rolling_out_ends_it_for_everybody(signed_in: Client) -> None:
    experiment = make_trial()
    html = post(signed_in, "experiment_roll_out", {"variant": "question"})
    experiment.refresh_from_db()
    assert experiment.rolled_out and experiment.rolled_out.key == "question"  # noqa: PT018
    assert "everybody gets “Question”" in html


def test_the_automatic_roll_out_is_off_until_somebody_switches_it_on(signed_in: Client) -> None:
    experiment = make_trial()
    assert not experiment.auto_roll_out
    post(signed_in, "experiment_automatic", {"automatic": "on"})
    experiment.refresh_from_db()
    assert experiment.auto_roll_out
    assert experiment.audit_entries.first().detail == {"is_on": True}


@pytest.mark.parametrize("name", ["start", "stop", "restart", "roll_out", "split", "automatic", "edit"])
def test_who_may_only_look_changes_nothing(client: Client, name: str) -> None:
    make_trial()
    client.force_login(User.objects.create_user("onlooker", is_staff=True))
    address = reverse(f"dashboard:experiment_{name}", args=["question"])
    assert client.post(address, {"variant": "question"}).status_code == 403
    assert AuditEntry.objects.count() == 1
    assert (
        "Yes, stop it" not in client.get(reverse("dashboard:experiment", args=["question"])).content.decode()
    )


def test_the_planner_says_people_days_and_what_speaks_against_it(signed_in: Client) -> None:
    query = {"baseline": "3", "effect": "20", "daily": "1000", "arms": "2", "window": "7"}
    html = signed_in.get(reverse("dashboard:experiment_planner"), query).content.decode()
    assert "What it takes" in html
    assert "Nothing speaks against it." in html
    slow = signed_in.get(reverse("dashboard:experiment_planner"), query | {"daily": "50"}).content.decode()
    assert "more than eight weeks" in slow


def test_the_planner_plans_for_revenue_from_the_shop_s_own_orders(signed_in: Client) -> None:
    for total in (20, 30, 100):
        make_order(total=total, placed_at=timezone.now() - timedelta(days=9))
    form = signed_in.get(reverse("dashboard:experiment_planner")).context["form"]
    assert (form.initial["order"], form.initial["deviation"]) == (
        pytest.approx(49.53),
        pytest.approx(42.65, 0.01),
    )
    query = {"baseline": "3", "effect": "20", "daily": "1000", "arms": "2", "window": "7"}
    revenue = query | {"decided_by": "revenue", "order": "50", "deviation": "44"}
    by_rate = signed_in.get(reverse("dashboard:experiment_planner"), query).context["planned"].needs
    by_revenue = signed_in.get(reverse("dashboard:experiment_planner"), revenue).context["planned"].needs
    assert by_revenue.people > 1.5 * by_rate.people  # a mean of a few large sums takes longer to know
    lacking = signed_in.get(reverse("dashboard:experiment_planner"), revenue | {"order": ""}).content.decode()
    assert "Revenue needs what an order is worth" in lacking


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fa", "نسخهٔ question: چیزی ناشناخته را تغییر می‌دهد: 'colour'"),
        ("ar", "النسخة question: تغيّر 'colour' وهو غير معروف"),
        ("he", "גרסה question: היא משנה את 'colour', שאינו מוכר"),
        ("ru", "Вариант question: Он меняет 'colour', а это неизвестно"),
    ],
)
def test_a_refusal_speaks_the_language_of_the_page(signed_in: Client, language: str, words: str) -> None:
    experiment = make_trial()
    experiment.variants.filter(key="question").update(changes={"colour": "red"})
    Experiment.objects.filter(pk=experiment.pk).update(status="draft")
    signed_in.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    html = unescape(post(signed_in, "experiment_start", {}))
    assert words in html
    assert "unknown" not in html
