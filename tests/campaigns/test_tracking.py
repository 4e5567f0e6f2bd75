"""Links lead where the email said and nowhere else; machines are told from people."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import Settings

from campaigns.models import Message, MessageEvent, SendBatch, TrackedLink
from campaigns.rendering import link_key
from campaigns.tracking import MessageTracking, is_machine_visit, read_click, record_visit
from tests.factories import make_customer
from tests.flows import make_campaign

BROWSER = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15"


@pytest.fixture
def message(now: datetime, db: None) -> Message:
    step = make_campaign().steps.get()
    return Message.objects.create(
        step=step, customer=make_customer(), occurrence="test:1", queued_at=now, due_at=now
    )


def track(message: Message, url: str) -> str:
    """The path of the tracked link, stored as a batch would store it."""
    tracked = MessageTracking(message.id, opens=True, clicks=True).link(url)
    TrackedLink.objects.create(key=link_key(url), url=url)
    return tracked.removeprefix("http://127.0.0.1:8000")


def test_a_click_is_recorded_and_leads_to_the_products_page(client: Client, message: Message) -> None:
    path = track(message, "https://shop.example/p/1?colour=red")
    answer = client.get(path, headers={"user-agent": BROWSER})
    assert answer.status_code == 302
    assert answer["Location"].startswith("https://shop.example/p/1?colour=red&utm_source=pairwell")
    event = MessageEvent.objects.get()
    assert (event.kind, event.is_machine, event.message) == ("clicked", False, message)


def test_the_shops_statistics_learn_which_email_a_visit_came_from(client: Client, message: Message) -> None:
    url = "https://shop.example/p/1#top"
    answer = client.get(track(message, url))
    assert answer["Location"] == (
        "https://shop.example/p/1?utm_source=pairwell&utm_medium=email"
        f"&utm_campaign={message.step.campaign.key}&utm_content={link_key(url).hex()}#top"
    )


@pytest.mark.parametrize(
    "url", ["https://other.example/?a=%20b", "https://shop.example/?utm_source=theirs", "https://x.example"]
)
def test_other_addresses_are_left_as_they_are(client: Client, message: Message, url: str) -> None:
    assert client.get(track(message, url))["Location"] == url


def test_a_shop_may_do_without_utm_parameters(client: Client, message: Message, settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "UTM_SOURCE": ""}
    assert (
        client.get(track(message, "https://shop.example/a?b=1"))["Location"] == "https://shop.example/a?b=1"
    )


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: t[:9] + t[10:], lambda t: t + "x", lambda t: "x"]
)
def test_a_spoilt_link_leads_nowhere(client: Client, message: Message, spoil: object) -> None:
    path = track(message, "https://shop.example/p/1")
    token = spoil(path.rpartition("/")[2])  # type: ignore[operator]
    answer = client.get(reverse("campaigns:click", args=[token]))
    assert answer.status_code == 404
    assert not MessageEvent.objects.exists()


@pytest.mark.parametrize(
    "asked",
    ["?u=https://evil.example", "?next=//evil.example", "?url=\\\\evil.example", "?u=%0d%0aLocation:x"],
)
def test_nothing_that_is_added_to_a_link_changes_where_it_leads(
    client: Client, message: Message, asked: str
) -> None:
    path = track(message, "https://other.example/p/1")
    assert client.get(path + asked)["Location"] == "https://other.example/p/1"


@pytest.mark.parametrize(
    "path",
    ["//evil.example", "https://evil.example", "%5C%5Cevil.example", "a@evil.example", "x%0d%0aLocation:y"],
)
def test_an_address_in_the_place_of_the_token_leads_nowhere(client: Client, db: None, path: str) -> None:
    answer = client.get(f"/c/{path}")
    assert answer.status_code == 404
    assert "Location" not in answer


@pytest.mark.parametrize(
    "url",
    ["//evil.example", "\\\\evil.example", "https:evil.example", "javascript:alert(1)", "data:text/html,x",
     "http://a.example\r\nSet-Cookie: x=1", "https://shop.example\\@evil.example/", ""],
)  # fmt: skip
def test_what_no_email_of_ours_holds_leads_nowhere_even_if_the_database_holds_it(
    client: Client, message: Message, url: str
) -> None:
    answer = client.get(track(message, url))
    assert answer.status_code == 404
    assert "Location" not in answer


def test_an_open_token_does_not_pass_as_a_click(message: Message) -> None:
    pixel = MessageTracking(message.id, opens=True, clicks=True).pixel()
    assert read_click(pixel.rpartition("/")[2]) is None


def test_the_pixel_is_an_image_whatever_its_token(client: Client, message: Message) -> None:
    answer = client.get(reverse("campaigns:open", args=["forged"]))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/gif")
    assert not MessageEvent.objects.exists()


def test_an_open_is_recorded(client: Client, message: Message) -> None:
    pixel = MessageTracking(message.id, opens=True, clicks=True).pixel()
    client.get(pixel.removeprefix("http://127.0.0.1:8000"), headers={"user-agent": BROWSER})
    assert MessageEvent.objects.get().kind == "opened"


def test_a_campaign_without_tracking_leaves_links_alone_and_has_no_pixel() -> None:
    tracking = MessageTracking(uuid4(), opens=False, clicks=False)
    assert tracking.link("https://shop.example/") == "https://shop.example/"
    assert tracking.pixel() == ""


@pytest.mark.parametrize("agent", ["Barracuda Sentinel", "Mimecast", "python-requests/2"])
def test_a_scanner_is_known_by_its_name(now: datetime, agent: str) -> None:
    assert is_machine_visit(agent, now - timedelta(hours=1), now)


def test_whoever_clicks_within_a_second_of_the_sending_is_a_machine(now: datetime) -> None:
    assert is_machine_visit(BROWSER, now - timedelta(seconds=1), now)
    assert not is_machine_visit(BROWSER, now - timedelta(minutes=1), now)


def put_on_its_way(message: Message, at: datetime) -> None:
    """In a batch that began to leave at that time."""
    message.batch = SendBatch.objects.create(
        campaign=message.step.campaign, state=SendBatch.State.DONE, due_at=at, submitted_at=at
    )
    message.save()


def deliver(message: Message, at: datetime) -> None:
    MessageEvent.objects.create(
        message=message,
        kind="delivered",
        provider="sendgrid",
        natural_key=f"{at}",
        occurred_at=at,
        received_at=at,
    )


def visit(message: Message, at: datetime) -> bool:
    """Clicks at that time; whether it was taken for a machine."""
    record_visit("clicked", message.pk, now=at, agent=BROWSER)
    return MessageEvent.objects.filter(kind="clicked").latest("pk").is_machine


def test_haste_counts_from_the_delivery_where_the_provider_told_it(message: Message, now: datetime) -> None:
    put_on_its_way(message, now)
    delivered = now + timedelta(minutes=2)
    deliver(message, delivered + timedelta(minutes=1))
    deliver(message, delivered)
    assert visit(message, delivered + timedelta(seconds=1))
    assert not visit(message, delivered + timedelta(seconds=30))


def test_without_a_delivery_haste_counts_from_the_hand_over(message: Message, now: datetime) -> None:
    put_on_its_way(message, now)
    assert visit(message, now + timedelta(seconds=1))
    assert not visit(message, now + timedelta(seconds=30))


def test_a_message_of_which_no_time_is_known_is_judged_by_the_name_alone(
    message: Message, now: datetime
) -> None:
    assert not visit(message, now)


@hypothesis_settings(max_examples=100, derandomize=True, deadline=None)
@given(url=st.from_regex(r"https://[a-z]{1,20}\.example/[!-~]{0,200}", fullmatch=True))
def test_every_address_gets_a_short_link(url: str) -> None:
    assert len(MessageTracking(uuid4(), opens=True, clicks=True).link(url)) < 100
