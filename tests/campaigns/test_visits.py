"""Whether a person opened and clicked, or a program: signs, reasons, and the history judged anew."""

from datetime import datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from campaigns.models import Message, MessageEvent, SendBatch, TrackedLink, VisitScore
from campaigns.visits import WEIGHTS, Visit, judge_visit, score_visits
from tests.factories import make_customer
from tests.flows import make_campaign
from tests.queries import count_statements

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
LATER = timedelta(minutes=1)


@pytest.fixture
def message(now: datetime) -> Message:
    campaign = make_campaign()
    batch = SendBatch.objects.create(campaign=campaign, state="done", due_at=now, submitted_at=now)
    return Message.objects.create(
        step=campaign.steps.get(),
        customer=make_customer(),
        occurrence="order:1",
        queued_at=now,
        due_at=now,
        batch=batch,
    )


def visit(message: Message, at: datetime, *, kind: str = "clicked", url: str = "", **detail: object) -> int:
    link = TrackedLink.objects.get_or_create(key=url.encode()[-8:], url=url)[0] if url else None
    event = MessageEvent.objects.create(
        message=message,
        kind=kind,
        provider="own",
        natural_key=uuid4().hex,
        link=link,
        detail={"agent": BROWSER} | detail,
        occurred_at=at,
        received_at=at,
    )
    return event.pk


def read_reasons() -> list[list[str]]:
    return list(VisitScore.objects.order_by("event").values_list("reasons", flat=True))


def test_a_person_who_reads_and_clicks_is_a_person(now: datetime, message: Message) -> None:
    visit(message, now + LATER, url="https://shop.example/a")
    assert score_visits(now + 2 * LATER) == 1
    assert read_reasons() == [[]]
    assert not MessageEvent.objects.get().is_machine


def test_a_scanner_is_known_by_any_of_its_signs(now: datetime, message: Message) -> None:
    visit(message, now + LATER, agent="Barracuda Sentinel")
    visit(message, now + LATER, method="HEAD")
    visit(message, now + LATER, kind="opened", machine_open=True)
    visit(message, now + timedelta(seconds=1))
    score_visits(now + 2 * LATER)
    assert read_reasons() == [["scanner_agent"], ["head_request"], ["provider_says"], ["too_fast"]]
    assert MessageEvent.objects.filter(is_machine=True).count() == 4


def test_whoever_follows_three_links_at_once_is_a_program(now: datetime, message: Message) -> None:
    for number in range(3):
        visit(message, now + LATER + timedelta(seconds=0.5 * number), url=f"https://shop.example/{number}")
    visit(message, now + 5 * LATER, url="https://shop.example/1")
    score_visits(now + 6 * LATER)
    assert read_reasons() == [["many_links_at_once"]] * 3 + [[]]


def test_a_click_is_scored_when_its_neighbours_had_time_to_come(now: datetime, message: Message) -> None:
    visit(message, now)
    assert score_visits(now + timedelta(seconds=9)) == 0
    assert score_visits(now + timedelta(seconds=10)) == 1
    assert score_visits(now + timedelta(seconds=11)) == 0


def test_history_is_judged_anew_and_what_came_in_stays(now: datetime, message: Message) -> None:
    pk = visit(message, now + timedelta(seconds=1))
    score_visits(now + LATER)
    MessageEvent.objects.filter(pk=pk).update(is_machine=False)  # as rules of another day had it
    before = MessageEvent.objects.values("kind", "detail", "occurred_at", "natural_key").get()
    out = StringIO()
    call_command("rescore_events", stdout=out)
    assert out.getvalue() == "1 opens and clicks scored by rules 1; 1 changed sides.\n"
    assert MessageEvent.objects.get().is_machine
    assert MessageEvent.objects.values("kind", "detail", "occurred_at", "natural_key").get() == before


def test_scoring_takes_as_many_statements_for_many_as_for_few(now: datetime, message: Message) -> None:
    counts = []
    for number in (2, 60):
        for _ in range(number):
            visit(message, now + LATER)
        with count_statements() as statements:
            score_visits(now + 2 * LATER)
        counts.append(len(statements))
    assert counts[0] == counts[1]


visits = st.builds(
    Visit,
    agent=st.sampled_from([BROWSER, "", "curl/8"]),
    is_head=st.booleans(),
    provider_says=st.booleans(),
    haste=st.none() | st.floats(-10, 100),
    links_at_once=st.integers(0, 5),
)


@given(visit=visits)
def test_a_score_is_a_share_and_has_a_reason_if_it_is_not_zero(visit: Visit) -> None:
    score = judge_visit(visit)
    assert 0 <= score.value <= 1
    assert bool(score.reasons) == (score.value > 0)
    assert set(score.reasons) <= set(WEIGHTS)
