"""When what comes back stops a campaign, and when it is no reason to."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from audience.consent import read_standings
from campaigns.models import Alert, Campaign, Message, SendingDay
from campaigns.outcomes import Tally
from campaigns.reputation import count_day, find_tail, is_crossed, judge_campaigns, judge_figures
from campaigns.sending import send_due
from campaigns.switches import resume_campaign
from campaigns.webhooks import process_payloads, receive
from delivery.delivery_id import DELIVERY_ARG
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders
from tests.campaigns.test_sending import queue_marketing
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db


def judge(**figures: int) -> list[tuple[str, bool]]:
    return [(f.code, f.is_stop) for f in judge_figures(figures, is_marketing=True)]


@pytest.mark.parametrize(
    ("complaints", "emails", "expected"),
    [
        (1, 50, []),  # one person of fifty: two percent, and no reason to stop a shop
        (2, 400, []),
        (3, 100, [("complaints", True)]),  # three of a hundred are no accident
        (3, 1000, [("complaints", False)]),  # 0.3 % of a thousand may be chance: a warning, no stop
        (60, 20_000, [("complaints", True)]),  # 0.3 %
        (59, 20_000, [("complaints", False)]),
        (20, 20_000, [("complaints", False)]),  # 0.1 %
        (19, 20_000, []),
        (900, 1_000_000, []),
    ],
)
def test_complaints_warn_at_one_in_a_thousand_and_stop_at_three(
    complaints: int, emails: int, expected: list[tuple[str, bool]]
) -> None:
    assert judge(complained=complaints, handed_over=emails) == expected


@pytest.mark.parametrize(
    ("figures", "code"),
    [({"bounced": 60}, "hard_bounces"), ({"dropped": 30}, "drops"), ({"failed": 60}, "broken_template")],
)
def test_bounces_drops_and_broken_templates_stop_as_well(figures: dict[str, int], code: str) -> None:
    assert judge(handed_over=1000, **figures) == [(code, True)]


def test_marketings_bounds_never_stop_an_order_confirmation() -> None:
    figures = {"handed_over": 1000, "complained": 90, "bounced": 300, "dropped": 200, "failed": 200}
    assert not any(f.is_stop for f in judge_figures(figures, is_marketing=False))
    broken = judge_figures({"handed_over": 10, "failed": 30}, is_marketing=False)
    assert [(f.code, f.is_stop) for f in broken] == [("broken_template", True)]


@given(count=st.integers(0, 60), expected=st.floats(0.001, 30))
def test_the_tail_is_that_of_poissons_distribution(count: int, expected: float) -> None:
    assert find_tail(count, expected=expected) == pytest.approx(poisson.sf(count - 1, expected), abs=1e-9)


@given(count=st.integers(0, 500), total=st.integers(0, 100_000), bound=st.floats(0.0005, 0.1))
def test_more_complaints_never_make_it_better(count: int, total: int, bound: float) -> None:
    if is_crossed(count, total, bound):
        assert is_crossed(count + 1, total, bound)


def post(now: datetime, *events: dict[str, Any]) -> None:
    shared = {"email": "buyer@mail.example", "timestamp": int(now.timestamp())}
    receive("sendgrid", json.dumps([shared | event for event in events]).encode(), now)
    process_payloads(now)


def tell(event: str, message: Message, **fields: Any) -> dict[str, Any]:
    return {"event": event, DELIVERY_ARG: str(message.pk), "email": message.customer.email, **fields}


@pytest.fixture
def campaign(now: datetime, published: None) -> Campaign:
    """A marketing campaign that wrote to four people, twelve more emails counted."""
    first = queue_marketing(now).step.campaign
    for _ in range(3):
        other = queue_marketing(now)
        Message.objects.filter(pk=other.pk).update(step=first.steps.get())
    send_due(now, Provider())
    return first


def test_three_complaints_pause_the_campaign_with_the_figures(now: datetime, campaign: Campaign) -> None:
    post(now, *(tell("spamreport", m) for m in Message.objects.all()[:3]))
    campaign.refresh_from_db()
    assert (campaign.status, campaign.pause_reason) == ("paused", "complaints")
    assert campaign.pause_figures["count"] == 3
    assert Alert.objects.filter(code="complaints", subject=f"campaign:{campaign.key}").count() == 1


def test_one_person_who_complains_again_and_again_counts_once(now: datetime, campaign: Campaign) -> None:
    message = Message.objects.all()[0]
    for minute in range(5):
        post(now, tell("spamreport", message, timestamp=int(now.timestamp()) + 60 * minute))
    assert SendingDay.objects.filter(campaign=campaign).get().complained == 1
    assert Campaign.objects.get(pk=campaign.pk).status == "live"


def test_whoever_resumes_a_campaign_is_not_stopped_again_by_the_same_complaints(
    now: datetime, campaign: Campaign
) -> None:
    post(now, *(tell("spamreport", m) for m in Message.objects.all()[:3]))
    later = now + timedelta(hours=1)
    campaign.refresh_from_db()
    assert resume_campaign(campaign, later)
    post(later, *(tell("dropped", m, reason="Bounced Address") for m in Message.objects.all()[:4]))
    assert Campaign.objects.get(pk=campaign.pk).status == "live"
    assert not SendingDay.objects.filter(campaign=campaign).exists()
    assert not Alert.objects.filter(resolved_at=None, subject=f"campaign:{campaign.key}").exists()


def test_together_small_campaigns_stop_all_marketing_and_no_confirmation(
    now: datetime, queue_confirmations: QueueOrders
) -> None:
    campaigns = [make_campaign(marketing=True) for _ in range(3)]
    for campaign in campaigns:
        count_day(campaign.pk, now, handed_over=60, complained=1)
    assert [f.code for f in judge_campaigns(campaigns[:1], now)] == ["complaints"]
    reasons = set(Campaign.objects.filter(message_class="marketing").values_list("status", "pause_reason"))
    assert reasons == {("paused", "complaints_everywhere")}
    queue_confirmations()
    assert send_due(now, Provider()) == Tally(accepted=1)


def test_what_happened_last_week_is_forgotten(now: datetime) -> None:
    campaign = make_campaign(marketing=True)
    count_day(campaign.pk, now - timedelta(days=8), handed_over=100, complained=20)
    assert judge_campaigns([campaign], now) == []


def test_soft_bounces_in_a_row_end_with_a_suppressed_address(now: datetime, published: None) -> None:
    message = queue_marketing(now)
    customer = message.customer
    for number in range(5):
        if number:
            message = Message.objects.create(
                step=message.step, customer=customer, occurrence=f"n{number}", queued_at=now, due_at=now
            )
        assert not read_standings([customer], now)[customer.pk].is_suppressed
        post(now, tell("bounce", message, type="blocked", bounce_classification="Mailbox Unavailable"))
    assert read_standings([customer], now)[customer.pk].is_suppressed


def test_a_bad_word_blames_the_campaign_and_not_the_people(now: datetime, campaign: Campaign) -> None:
    post(
        now,
        *(tell("bounce", m, type="blocked", bounce_classification="Content") for m in Message.objects.all()),
    )
    assert Alert.objects.get().code == "content_bounces"
    assert Campaign.objects.get(pk=campaign.pk).status == "live"
