"""What a new shop starts with, and what the back office takes."""

from datetime import datetime

import pytest
from django.contrib.auth.models import User
from django.test import Client

from campaigns.models import Campaign, Step
from tests.flows import make_campaign
from triggers.models import Trigger
from triggers.standard_flows import create_flows

pytestmark = pytest.mark.django_db


def test_a_new_shop_gets_four_flows_that_count_from_now_on(now: datetime) -> None:
    created = create_flows(now)
    assert [t.kind for t in created] == [
        "order_confirmation",
        "abandoned_cart",
        "post_purchase_follow_up",
        "consent_requested",
    ]
    assert {t.active_from for t in created} == {now}
    assert Step.objects.count() == 4


def test_creating_the_flows_again_changes_nothing_that_was_made_since(now: datetime) -> None:
    create_flows(now)
    Campaign.objects.update(name="Mine", status="paused")
    Trigger.objects.filter(kind="abandoned_cart").delete()
    assert [t.kind for t in create_flows(now)] == ["abandoned_cart"]
    assert set(Campaign.objects.values_list("name", "status")) == {("Mine", "paused")}


def test_of_each_marketing_flow_a_twentieth_of_the_people_is_held_out(now: datetime) -> None:
    create_flows(now)
    held_out = Campaign.objects.filter(experiment__status="running")
    assert set(held_out.values_list("key", flat=True)) == {"abandoned-cart", "post-purchase-follow-up"}
    assert set(held_out.values_list("experiment__holdout_share", flat=True)) == {0.05}


def test_the_share_of_the_held_out_can_be_chosen(now: datetime) -> None:
    create_flows(now, holdout_share=0)
    assert not Campaign.objects.exclude(experiment=None).exists()


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        ("nonsense", "{}", "nonsense is not one of the available choices"),
        ("abandoned_cart", '{"delay_minutes": -5}', "delay_minutes: Ensure this value is greater than"),
        ("abandoned_cart", "[1]", "not a mapping"),
    ],
)
def test_the_back_office_refuses_a_trigger_that_would_break(
    client: Client, kind: str, settings: str, words: str
) -> None:
    client.force_login(User.objects.create_superuser("root"))
    fields = {"key": "k", "name": "K", "kind": kind, "settings": settings, "campaign": make_campaign().pk}
    fields |= {"status": "active", "reentry": "always", "reentry_days": 0}
    fields |= {"active_from_0": "2026-01-01", "active_from_1": "00:00"}
    answer = client.post("/admin/triggers/trigger/add/", fields)
    assert words in answer.content.decode()
    assert not Trigger.objects.exists()
