"""The back office starts and stops experiments, and says why it does not."""

import pytest
from django.test import Client

from experiments.assignment import assign
from experiments.models import Experiment, Variant
from tests.experiments.people import NOW, make_customers, make_experiment

pytestmark = pytest.mark.django_db
LIST = "/admin/experiments/experiment/"


def run(client: Client, action: str, experiment: Experiment) -> str:
    form = {"action": action, "_selected_action": [str(experiment.pk)]}
    return client.post(LIST, form, follow=True).content.decode()


def test_an_experiment_is_made_with_its_variants_and_a_salt_of_its_own(admin_client: Client) -> None:
    variants = {"variants-TOTAL_FORMS": "2", "variants-INITIAL_FORMS": "0"}
    for n, key in enumerate("ab"):
        fields = {"key": key, "name": key, "weight": "0.5", "changes": "{}"}
        variants |= {f"variants-{n}-{name}": value for name, value in fields.items()}
    choices = {"mode": "fixed", "version": "1", "coverage": "1", "markets": "[]", "metric": "conversion"}
    form = {"key": "k", "name": "Test", "holdout_share": "0.1", "window_days": "7", **choices, **variants}
    admin_client.post(f"{LIST}add/", form)
    assert len(Experiment.objects.get(key="k").salt) == 16
    assert Variant.objects.count() == 2


def test_it_is_started_and_stopped_from_the_list(admin_client: Client) -> None:
    experiment = make_experiment(status="draft")
    assert "Subject: running." in run(admin_client, "start_selected", experiment)
    assert "Subject: stopped." in run(admin_client, "stop_selected", experiment)


def test_an_incomplete_one_stays_a_draft_and_says_why(admin_client: Client) -> None:
    experiment = make_experiment((), status="draft")
    assert "There is no variant; add at least one." in run(admin_client, "start_selected", experiment)
    experiment.refresh_from_db()
    assert experiment.status == "draft"


def test_the_holdout_of_a_running_one_can_not_be_changed(admin_client: Client) -> None:
    experiment = make_experiment(holdout_share=0.1)
    page = f"{LIST}{experiment.pk}/change/"
    assert 'name="holdout_share"' not in admin_client.get(page).content.decode()


def test_assignments_can_be_read_but_not_changed(admin_client: Client) -> None:
    rows = assign(make_experiment(), make_customers(1), NOW)
    (row,) = rows.values()
    assert admin_client.get("/admin/experiments/assignment/").status_code == 200
    assert admin_client.post(f"/admin/experiments/assignment/{row.pk}/delete/").status_code == 403


def test_what_is_compared_can_not_be_changed_once_people_are_dealt(admin_client: Client) -> None:
    """Posting what the page does not offer changes nothing either."""
    experiment = make_experiment()
    control, version = experiment.variants.all()
    form = {"name": "New name", "variants-TOTAL_FORMS": "2", "variants-INITIAL_FORMS": "2"}
    for n, variant in enumerate((control, version)):
        facts = {"id": variant.pk, "experiment": experiment.pk, "name": variant.name}
        posted = {"key": f"z{n}", "weight": 9, "changes": '{"sender_name": "Sara"}', "is_control": "on"}
        fields = {**facts, **posted, "DELETE": "on"}
        form |= {f"variants-{n}-{name}": str(value) for name, value in fields.items()}
    page = f"{LIST}{experiment.pk}/change/"
    admin_client.post(page, form | {"coverage": "0.1", "markets": '["GB"]', "auto_roll_out": "on"})
    experiment.refresh_from_db()
    assert (experiment.name, experiment.coverage, experiment.markets) == ("New name", 1.0, [])
    assert not experiment.auto_roll_out
    rows = experiment.variants.values_list("key", "weight", "changes", "is_control")
    assert list(rows) == [("a", 0.5, {}, True), ("b", 0.5, {}, False)]


def test_an_email_that_comes_after_the_window_is_refused_before_the_start(admin_client: Client) -> None:
    experiment = make_experiment(status="draft", window_days=7)
    experiment.variants.filter(key="b").update(changes={"timing": {"delay_hours": 168}})
    assert "Variant b writes 168 hours later" in run(admin_client, "start_selected", experiment)
    experiment.variants.filter(key="b").update(changes={"timing": {"delay_hours": 72}})
    assert "running" in run(admin_client, "start_selected", experiment)
