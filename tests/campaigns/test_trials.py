"""A broadcast tries its versions on a part of its list; the leader goes to the rest, once, at its time."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings as django_settings
from django.db import OperationalError

from campaigns import trials
from campaigns.broadcasts import queue_broadcast
from campaigns.models import Campaign, Message, MessageEvent, SendBatch, Trial
from campaigns.sending import send_due
from campaigns.switches import cancel_waiting
from campaigns.trials import TrialPlan, decide_trials
from delivery.preview import PreviewTransport
from experiments.broadcasts import size_trial
from experiments.models import Alarm, Assignment, AuditEntry, Experiment
from experiments.running import roll_out
from shop.models import Customer
from tests.campaigns.conftest import agree
from tests.campaigns.emails import in_text
from tests.campaigns.test_rendering import publish
from tests.experiments.people import make_experiment
from tests.factories import make_customer
from tests.flows import make_campaign, read_statuses

pytestmark = pytest.mark.django_db
WAY_OUT = '{{ shop.address }} <a href="{{ links.unsubscribe }}">No more</a>'


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(django_settings.PAIRWELL, "BATCH_SIZE", 4)


@pytest.fixture
def campaign(now: datetime) -> Campaign:
    """Two versions that say hello differently, and 30 people who agreed; each run deals them alike."""
    experiment = make_experiment(metric="click", started_at=now)
    experiment.variants.filter(key="b").update(changes={"sender_name": "B"})
    version = publish(in_text(f"Hello {{{{ customer.name }}}} {WAY_OUT}"))
    for number in range(30):
        agree(make_customer(uuid=UUID(int=number)), now - timedelta(days=1))
    return make_campaign(marketing=True, template=version.template.key, experiment=experiment)


def begin(campaign: Campaign, now: datetime, *, per_version: int | None = 5) -> Trial:
    plan = TrialPlan(decide_at=now + timedelta(hours=4), per_version=per_version)
    queue_broadcast(campaign, now, occurrence="spring", trial=plan)
    return Trial.objects.get()


def send_all(now: datetime, transport: PreviewTransport) -> None:
    while send_due(now, transport).batches:
        pass


def click(arm: str, number: int, at: datetime) -> None:
    sent = Message.objects.filter(rendered__assignment__variant__key=arm).order_by("pk")[:number]
    MessageEvent.objects.bulk_create(
        MessageEvent(
            message=message, kind="clicked", occurred_at=at, received_at=at, is_machine=False,
            natural_key=f"click {message.pk}",
        )
        for message in sent
    )  # fmt: skip


def arms_sent() -> set[str]:
    return set(Message.objects.exclude(rendered=None).values_list("rendered__variant__key", flat=True))


def test_the_versions_go_to_a_part_and_the_leader_to_the_rest(
    campaign: Campaign, now: datetime, transport: PreviewTransport
) -> None:
    trial = begin(campaign, now)
    assert (trial.people, trial.list_size, Message.objects.count()) == (10, 30, 30)
    send_all(now + timedelta(minutes=1), transport)
    assert Assignment.objects.count() == 10
    assert sorted(read_statuses()) == ["accepted"] * 10 + ["deferred"] * 20
    click("b", 1, now + timedelta(hours=1))
    assert decide_trials(now + timedelta(hours=3)) == 0
    send_all(now + timedelta(hours=5), transport)
    assert read_statuses().count("deferred") == 20  # its time alone sends nothing: somebody must decide

    assert decide_trials(now + timedelta(hours=5)) == 1
    assert decide_trials(now + timedelta(hours=5)) == 0
    send_all(now + timedelta(hours=5), transport)
    trial.refresh_from_db()
    assert (trial.leader and trial.leader.key, trial.reason) == ("b", "led")
    assert trial.counts["b"][0] == 1
    assert read_statuses() == ["accepted"] * 30
    rest = Message.objects.filter(rendered__assignment=None)
    assert set(rest.values_list("rendered__variant__key", flat=True)) == {"b"}
    assert (rest.count(), Assignment.objects.count()) == (20, 10)
    assert AuditEntry.objects.get(action="rolled_out").actor == "test and roll"


def test_queueing_it_again_tries_nobody_else_and_sends_nothing_twice(
    campaign: Campaign, now: datetime
) -> None:
    trial = begin(campaign, now)
    first = set(Message.objects.filter(batch__state="ready").values_list("customer", flat=True))
    late = make_customer()
    assert begin(campaign, now + timedelta(hours=1)) == trial
    assert set(Message.objects.filter(batch__state="ready").values_list("customer", flat=True)) == first
    assert Message.objects.get(customer=late).batch.state == "waiting"  # type: ignore[union-attr]
    decide_trials(now + timedelta(hours=5))
    later = make_customer()
    begin(campaign, now + timedelta(hours=6))
    assert Message.objects.get(customer=later).batch.state == "ready"  # type: ignore[union-attr]
    assert not SendBatch.objects.filter(state="waiting").exists()


def test_a_worker_that_dies_while_deciding_has_decided_nothing(
    campaign: Campaign, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(campaign, now)

    def die(*_args: object) -> None:
        raise OperationalError("the connection is gone")

    with monkeypatch.context() as broken:
        broken.setattr(trials, "_release", die)
        with pytest.raises(OperationalError):
            decide_trials(now + timedelta(hours=5))
    experiment = Experiment.objects.get()
    assert (Trial.objects.get().decided_at, experiment.rolled_out, experiment.status) == (
        None,
        None,
        "running",
    )
    assert decide_trials(now + timedelta(hours=5)) == 1


def test_a_trial_that_can_t_be_decided_waits_an_hour_and_holds_up_no_other(
    campaign: Campaign, now: datetime
) -> None:
    bad, due = begin(campaign, now), now + timedelta(hours=5)
    experiment = make_experiment(metric="click", started_at=now, key="other")
    good = make_campaign(marketing=True, template=campaign.steps.get().template.key, experiment=experiment)
    plan = TrialPlan(decide_at=now + timedelta(hours=4), per_version=5)
    queue_broadcast(good, now, occurrence="spring", trial=plan)
    bad.experiment.variants.update(is_control=False)
    assert decide_trials(due) == 1
    assert Trial.objects.get(campaign=good).decided_at == due
    bad.refresh_from_db()
    assert (bad.decided_at, bad.decide_at) == (None, due + timedelta(hours=1))
    bad.experiment.variants.filter(key="a").update(is_control=True)
    assert decide_trials(due + timedelta(hours=1)) == 1


def test_where_none_leads_the_rest_gets_the_control(campaign: Campaign, now: datetime) -> None:
    begin(campaign, now)
    decide_trials(now + timedelta(hours=5))
    trial = Trial.objects.get()
    assert (trial.leader and trial.leader.key, trial.reason) == ("a", "untried")  # no email left yet


def test_equals_leave_the_control_and_harm_never_leads(
    campaign: Campaign, now: datetime, transport: PreviewTransport
) -> None:
    begin(campaign, now)
    send_all(now + timedelta(minutes=1), transport)
    click("b", 3, now + timedelta(hours=1))
    Alarm.objects.create(
        experiment=Experiment.objects.get(), version=1, arm="b", metric="complaint", severity="stop",
        cause="limit", day=now.date(),
    )  # fmt: skip
    decide_trials(now + timedelta(hours=5))
    trial = Trial.objects.get()
    assert (trial.leader and trial.leader.key, trial.reason) == ("a", "harmless")


def test_what_a_person_chose_meanwhile_stays(campaign: Campaign, now: datetime) -> None:
    begin(campaign, now)
    experiment = Experiment.objects.get()
    roll_out(experiment, experiment.variants.get(key="b"), now + timedelta(hours=1), actor="sara")
    decide_trials(now + timedelta(hours=5))
    trial = Trial.objects.get()
    assert (trial.leader and trial.leader.key, trial.reason) == ("b", "chosen")
    assert AuditEntry.objects.get(action="rolled_out").actor == "sara"


def test_the_rest_can_be_cancelled_while_it_waits(campaign: Campaign, now: datetime) -> None:
    begin(campaign, now)
    assert cancel_waiting(now, campaign) == 30
    decide_trials(now + timedelta(hours=5))
    assert set(SendBatch.objects.values_list("state", flat=True)) == {"cancelled"}


def test_the_usual_share_of_clicks_gives_the_size(campaign: Campaign, now: datetime) -> None:
    trial = begin(campaign, now, per_version=None)
    assert trial.people == 2 * size_trial(30, rate=0.03, spread=0.003).per_version == 10
    assert 0.5 < trial.chance_right < 0.6


def test_a_trial_that_can_try_nothing_is_refused(campaign: Campaign, now: datetime) -> None:
    with pytest.raises(ValueError, match="is over"):
        queue_broadcast(campaign, now, occurrence="x", trial=TrialPlan(decide_at=now))
    Experiment.objects.update(status="stopped")
    with pytest.raises(ValueError, match="Start one"):
        begin(Campaign.objects.get(), now)
    assert Message.objects.count() == 0


def test_another_broadcast_is_tried_on_other_people(campaign: Campaign, now: datetime) -> None:
    begin(campaign, now)
    first = set(Message.objects.filter(batch__state="ready").values_list("customer", flat=True))
    other = make_experiment(key="other", salt="other")
    campaign.experiment = other
    campaign.save()
    queue_broadcast(
        campaign, now, occurrence="autumn", trial=TrialPlan(now + timedelta(hours=4), per_version=5)
    )
    drawn = Message.objects.filter(batch__state="ready", occurrence="autumn")
    assert set(drawn.values_list("customer", flat=True)) != first
    assert Customer.objects.filter(messages__in=drawn).distinct().count() == 10


def test_a_leader_decided_after_days_still_goes_to_the_rest(
    campaign: Campaign, now: datetime, transport: PreviewTransport
) -> None:
    decided = now + timedelta(days=4)
    plan = TrialPlan(decide_at=decided, per_version=5)
    queue_broadcast(campaign, now, occurrence="spring", trial=plan)
    send_all(now, transport)
    decide_trials(decided)
    send_all(decided, transport)
    assert read_statuses() == ["accepted"] * 30
