"""The page that stops mail, what it says, and who may use it; and the life of one message in words."""

from datetime import datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import translation

from campaigns.alerts import raise_alert
from campaigns.models import Alert, Campaign, Message, MessageEvent, Route, SendBatch
from campaigns.switches import pause_campaign, pause_route
from tests.dashboard.sent import SmallShop
from tests.factories import make_customer
from tests.flows import make_campaign

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    """One of the staff who may stop and cancel mail."""
    user = User.objects.create_user("operator", is_staff=True)
    rights = ["change_route", "change_alert", "change_campaign"]
    user.user_permissions.set(Permission.objects.filter(codename__in=rights))
    client.force_login(user)
    return client


def post(client: Client, name: str, *args: object, **data: str) -> int:
    return client.post(reverse(f"dashboard:{name}", args=args), data).status_code


def read(client: Client, name: str = "sending", *args: object) -> str:
    return client.get(reverse(f"dashboard:{name}", args=args)).content.decode()


def queue(now: datetime, **batch: object) -> Message:
    campaign = make_campaign()
    fields = {"due_at": now, **batch}
    return Message.objects.create(
        step=campaign.steps.get(),
        customer=make_customer(),
        occurrence="order:1",
        queued_at=now,
        due_at=now,
        batch=SendBatch.objects.create(campaign=campaign, **fields),
    )


def test_all_mail_stops_and_leaves_again_with_a_trace_of_who_did_it(operator: Client) -> None:
    assert post(operator, "sending_switch", Route.EVERYTHING, action="pause") == 302
    assert Route.objects.get().paused_at
    assert "All mail is stopped since" in read(operator, "overview")
    assert post(operator, "sending_switch", Route.EVERYTHING, action="resume") == 302
    assert "All mail is stopped" not in read(operator, "overview")
    changes = LogEntry.objects.order_by("pk").values_list("change_message", "user__username")
    assert list(changes) == [("paused", "operator"), ("resumed", "operator")]
    assert "operator" in read(operator)


def test_stopping_twice_leaves_one_trace(operator: Client) -> None:
    for _ in range(2):
        post(operator, "sending_switch", "preview", action="pause")
    assert LogEntry.objects.count() == 1


def test_a_way_out_that_nobody_knows_is_not_made_up(operator: Client) -> None:
    assert post(operator, "sending_switch", "pigeon", action="pause") == 404


@pytest.mark.parametrize("action", ["sending_switch", "sending_cancel", "alert", "campaign_cancel"])
def test_without_the_permission_nothing_is_stopped_or_cancelled(
    client: Client, now: datetime, action: str
) -> None:
    message = queue(now)
    raise_alert("drops", "marketing", now=now)
    client.force_login(User.objects.create_user("onlooker", is_staff=True))
    arguments: dict[str, list[object]] = {
        "sending_switch": [Route.EVERYTHING],
        "alert": [Alert.objects.get().pk],
        "campaign_cancel": [message.step.campaign.key],
    }
    assert post(client, action, *arguments.get(action, []), action="pause") == 403
    assert client.get(reverse("dashboard:sending")).status_code == 200
    assert "csrfmiddlewaretoken" not in read(client).partition('id="main"')[2]
    assert SendBatch.objects.get().state == SendBatch.State.READY
    assert not Route.objects.exists()
    assert Alert.objects.get().resolved_at is None


def test_cancelling_says_how_many_and_why_each_was_not_sent(operator: Client, now: datetime) -> None:
    message = queue(now)
    answer = operator.post(reverse("dashboard:sending_cancel"), follow=True)
    assert "1 email was cancelled." in answer.content.decode()
    assert "Somebody cancelled it before it was sent." in read(operator, "message", message.pk)


def test_a_campaign_that_was_paused_by_itself_is_told_on_every_page(operator: Client, now: datetime) -> None:
    campaign = make_campaign(marketing=True, name="Spring offers")
    figures = {"count": 4, "total": 900, "days": 7}
    pause_campaign(campaign, now, reason="complaints_everywhere", figures=figures)
    for page in ("overview", "sending"):
        shown = read(operator, page)
        assert (
            "“\u2068Spring offers\u2069” was paused by itself: All marketing was stopped together." in shown
        )
        assert "4 of 900 emails within 7 days." in shown


def test_an_alert_stays_until_somebody_has_seen_it(operator: Client, now: datetime) -> None:
    raise_alert("route_down", "route:sendgrid", now=now, detail="http_401: The key is not valid.")
    assert "The mail provider refuses us" in read(operator)
    assert post(operator, "alert", Alert.objects.get().pk) == 302
    assert "The mail provider refuses us" not in read(operator)


def test_a_route_that_is_held_back_says_why_and_when_it_tries_again(operator: Client, now: datetime) -> None:
    Route.objects.create(
        name="sendgrid", breaker="open", reason="http_401", opened_at=now, probe_at=now + timedelta(minutes=5)
    )
    shown = read(operator)
    assert "The mail provider refuses us" in shown
    assert "A small batch tries again at 17 Nov 2026, 12:05." in shown


def test_a_message_that_waits_for_a_limit_says_until_when(operator: Client, now: datetime) -> None:
    message = queue(now, reason="warm_up", due_at=now + timedelta(hours=12))
    shown = read(operator, "message", message.pk)
    assert "Waits until 18 Nov 2026, 00:00" in shown
    assert "The sender is new" in shown


def test_the_life_of_a_message_is_told_from_the_queue_to_the_bounce(
    operator: Client, small_shop: SmallShop
) -> None:
    message = small_shop.messages["cart en"]
    SendBatch.objects.filter(messages=message).update(route="sendgrid")
    MessageEvent.objects.create(
        message=message,
        kind="bounced",
        provider="sendgrid",
        natural_key="x",
        detail={"bounce_class": "mailbox_unavailable", "response": "552 full"},
        occurred_at=message.queued_at + timedelta(days=1),
        received_at=message.queued_at,
    )
    shown = read(operator, "message", message.pk)
    told = [
        "Checked and put together",
        "Handing over began",
        f"By sendgrid, in batch {message.batch_id}.",
        "The mailbox is full or closed for now. 552 full",
    ]
    places = [shown.index(words) for words in told]
    assert places == sorted(places)


@pytest.mark.parametrize("language", ["fa", "ar", "he", "ru"])
def test_the_switches_speak_the_language_of_the_page(operator: Client, now: datetime, language: str) -> None:
    pause_route(Route.EVERYTHING, now)
    pause_campaign(make_campaign(), now, reason="complaints", figures={"count": 3, "total": 9, "days": 7})
    raise_alert("route_down", "route:sendgrid", now=now)
    operator.cookies["django_language"] = language
    with translation.override("en"):  # what the page activates ends with the block
        shown = read(operator).partition('id="main"')[2]
    english = ["Sending", "Stop", "mail", "paused", "Nobody", "email", "Limits", "refuses"]
    assert not [word for word in english if word in shown.replace("preview", "")]
    assert Campaign.objects.get().pause_reason == "complaints"
