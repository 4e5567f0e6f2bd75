"""A marketer sends a campaign to its list, versions first: seen, queued once, or refused with a reason."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign, Message, Trial
from experiments.models import Experiment
from tests.experiments.people import make_experiment
from tests.factories import make_customer
from tests.flows import make_campaign, make_trigger

pytestmark = pytest.mark.django_db
FILLED = {"occurrence": "spring", "hours": "6", "rate": "3", "spread": "0.3", "per_version": "5"}


@pytest.fixture
def campaign() -> Campaign:
    for country in ["GB"] * 20 + ["IR"] * 10:
        make_customer(country=country)
    experiment = make_experiment(name="Warm or plain")
    return make_campaign(marketing=True, name="Spring", key="spring", experiment=experiment)


def see(client: Client, **changes: str) -> str:
    answer = client.get(reverse("dashboard:trial", args=["spring"]), FILLED | changes)
    assert answer.status_code == 200
    return answer.content.decode()


def send(client: Client, **changes: str) -> Any:
    return client.post(reverse("dashboard:trial_send", args=["spring"]), FILLED | changes, follow=True)


def test_it_says_what_would_happen_and_queues_nothing(signed_in: Client, campaign: Campaign) -> None:
    html = see(signed_in)
    assert "10 of 30 people get one of the versions." in html
    assert "the one that leads is the truly better one in about 5" in html
    assert not Trial.objects.exists()
    assert not Message.objects.exists()


def test_one_market_alone_is_written_to_and_asked_for_by_the_experiment_s_own(
    signed_in: Client, campaign: Campaign
) -> None:
    assert "10 of 20 people" in see(signed_in, countries="gb")
    Experiment.objects.update(markets=["IR"])
    address = reverse("dashboard:trial", args=["spring"])
    assert 'value="IR"' in signed_in.get(address).content.decode()
    send(signed_in, countries="IR")
    assert set(Message.objects.values_list("customer__country", flat=True)) == {"IR"}


def test_sending_queues_the_list_with_its_trial_and_leaves_a_trace(
    signed_in: Client, campaign: Campaign
) -> None:
    assert "Emails queued: 30." in send(signed_in).content.decode()
    trial = Trial.objects.get()
    assert (trial.people, trial.list_size, trial.occurrence) == (10, 30, "spring")
    assert trial.decide_at - trial.started_at == timedelta(hours=6)
    assert Message.objects.filter(batch__reason="awaits_leader").count() == 20
    assert LogEntry.objects.get().change_message == "tried"


def test_the_same_name_again_writes_to_nobody_twice_and_says_so_before(
    signed_in: Client, campaign: Campaign
) -> None:
    send(signed_in)
    make_customer()
    assert "Emails of this name were queued before." in see(signed_in)
    assert "Emails queued: 1." in send(signed_in).content.decode()
    assert (Trial.objects.count(), Message.objects.count()) == (1, 31)


@pytest.mark.parametrize("status", ["draft", "stopped"])
def test_without_a_running_experiment_it_says_so_and_sends_nothing(
    signed_in: Client, campaign: Campaign, status: str
) -> None:
    Experiment.objects.update(status=status)
    said = "No experiment runs on “Spring”. Start one with the versions to try."
    assert said in see(signed_in)
    assert said in send(signed_in).content.decode()
    assert not Message.objects.exists()


def test_one_version_is_nothing_to_try(signed_in: Client, campaign: Campaign) -> None:
    campaign.experiment and campaign.experiment.variants.filter(key="b").update(weight=0)
    assert "“Warm or plain” has one version." in see(signed_in)
    assert not Trial.objects.exists()


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"hours": "0"}, "greater than or equal to 1"),
        ({"countries": "GBR"}, "“GBR” is no country code"),
        ({"occurrence": ""}, "This field is required."),
    ],
)
def test_what_is_filled_in_wrong_is_said_beside_it_and_nothing_is_sent(
    signed_in: Client, campaign: Campaign, wrong: dict[str, str], said: str
) -> None:
    assert said in see(signed_in, **wrong)
    assert said in send(signed_in, **wrong).content.decode()
    assert not Message.objects.exists()


def test_what_a_trigger_starts_has_no_list(signed_in: Client, campaign: Campaign) -> None:
    make_trigger("abandoned_cart", campaign=campaign)
    assert send(signed_in).status_code == 404
    page = signed_in.get(reverse("dashboard:campaign", args=["spring"])).content.decode()
    assert "Try versions on a part of the list" not in page


def test_nobody_sends_to_a_list_without_the_permission(client: Client, campaign: Campaign) -> None:
    client.force_login(User.objects.create_user("onlooker", is_staff=True))
    address = reverse("dashboard:campaign", args=["spring"])
    assert "Try versions" not in client.get(address).content.decode()
    assert client.get(reverse("dashboard:trial", args=["spring"])).status_code == 403
    assert send(client).status_code == 403
    assert not Message.objects.exists()
