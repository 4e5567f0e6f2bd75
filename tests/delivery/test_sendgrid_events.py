"""SendGrid's events: read whole, and never lost to a broken neighbour."""

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.base import DeliveryEvent
from delivery.scanners import is_scanner
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_events import parse_events, verify
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.sendgrid_contract import read_data
from tests.servers.sendgrid_server import SendGridServer
from tests.servers.sendgrid_webhook import EventSigner

DELIVERY_ID = "6f9619ff-8b86-4d01-b42d-00cf4fc964ff"


def make_raw(**changes: Any) -> dict[str, Any]:
    raw = {
        "email": "sara@customer.example",
        "event": "delivered",
        "timestamp": 1_700_000_000,
        "sg_event_id": "e1",
        "sg_message_id": "m1.recvd-1",
        "pw_delivery_id": DELIVERY_ID,
    }
    return {key: value for key, value in {**raw, **changes}.items() if value is not None}


def parse_one(**changes: Any) -> DeliveryEvent:
    events, problems = parse_events(json.dumps([make_raw(**changes)]).encode())
    assert problems == []
    return events[0]


class TestSamplesOfSendGrid:
    def test_every_sample_is_read_or_its_reason_told(self) -> None:
        samples = read_data("sendgrid_event_samples.json")["events"]
        events, problems = parse_events(json.dumps(samples).encode())
        assert (len(samples), len(events), len(problems)) == (33, 30, 3)
        assert [problem.partition("] ")[2][:17] for problem in problems] == [
            "group_resubscribe",
            "group_resubscribe",
            "has no event name",
        ]

    def test_the_samples_cover_every_kind_of_ours(self) -> None:
        samples = read_data("sendgrid_event_samples.json")["events"]
        events, _ = parse_events(json.dumps(samples).encode())
        kinds = "processed deferred delivered bounced blocked dropped opened clicked unsubscribed complained"
        assert {event.kind for event in events} == set(kinds.split())

    def test_milliseconds_are_understood(self) -> None:
        assert parse_one(timestamp=1_591_726_752_372).occurred_at == datetime(
            2020, 6, 9, 18, 19, 12, tzinfo=UTC
        )


class TestOneEvent:
    def test_its_facts_are_kept(self) -> None:
        event = parse_one(response="250 OK", category="winback")
        assert str(event.delivery_id) == DELIVERY_ID
        assert event.occurred_at == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
        assert (event.kind, event.provider_event_id) == ("delivered", "e1")
        assert event.detail["response"] == "250 OK"
        assert event.detail["categories"] == ["winback"]

    def test_several_categories_come_as_a_list(self) -> None:
        assert parse_one(category=["a", "b"]).detail["categories"] == ["a", "b"]

    @pytest.mark.parametrize("value", [None, "", "not-a-uuid", 5, {"a": 1}])
    def test_a_foreign_delivery_id_leaves_the_event_readable(self, value: object) -> None:
        assert parse_one(pw_delivery_id=value).delivery_id is None

    def test_no_ip_address_is_kept(self) -> None:
        assert "203.0.113.9" not in str(parse_one(event="open", ip="203.0.113.9"))

    def test_text_that_a_database_refuses_is_made_harmless(self) -> None:
        event = parse_one(event="bounce", reason="a\0b\ud800")
        assert event.detail["reason"] == "a\ufffdb?"

    def test_an_endless_id_still_fits_its_column_and_stays_unique(self) -> None:
        first, second = parse_one(sg_event_id="x" * 300), parse_one(sg_event_id="x" * 301)
        assert len(first.provider_event_id) <= 120
        assert first.provider_event_id != second.provider_event_id

    def test_leaving_a_group_is_told_from_leaving_everything(self) -> None:
        assert parse_one(event="unsubscribe").detail["scope"] == "global"
        group = parse_one(event="group_unsubscribe", asm_group_id=10)
        assert (group.detail["scope"], group.detail["asm_group_id"]) == ("group", "10")

    def test_a_provider_cannot_give_consent_back(self) -> None:
        events, (problem,) = parse_events(json.dumps([make_raw(event="group_resubscribe")]).encode())
        assert events == []
        assert "consent" in problem


class TestTwoPostsOfOneFact:
    def test_a_new_event_id_does_not_make_a_new_fact(self) -> None:
        assert parse_one(sg_event_id="e1").natural_key == parse_one(sg_event_id="e2").natural_key

    def test_the_case_of_the_address_does_not_make_a_new_fact(self) -> None:
        assert parse_one().natural_key == parse_one(email="SARA@customer.example").natural_key

    @pytest.mark.parametrize(
        "changes",
        [
            {"event": "open"},
            {"timestamp": 1_700_000_001},
            {"url": "https://shop.example/"},
            {"attempt": "2"},
            {"reason": "other"},
            {"email": "omid@customer.example"},
            {"pw_delivery_id": str(uuid4())},
        ],
    )
    def test_another_fact_has_another_key(self, changes: dict[str, object]) -> None:
        assert parse_one(**changes).natural_key != parse_one().natural_key

    def test_without_our_id_the_message_id_of_sendgrid_tells_apart(self) -> None:
        first = parse_one(pw_delivery_id=None)
        assert first.natural_key != parse_one(pw_delivery_id=None, sg_message_id="m2").natural_key


@pytest.mark.parametrize(
    ("changes", "kind", "is_permanent"),
    [
        ({"type": "bounce", "bounce_classification": "Invalid Address"}, "bounced", True),
        ({"type": "bounce", "bounce_classification": "Mailbox Unavailable"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Technical"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Technical Failure"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Content"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Reputation"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Frequency/Volume"}, "bounced", False),
        ({"type": "bounce", "bounce_classification": "Unclassified", "status": "5.1.1"}, "bounced", True),
        ({"type": "bounce", "status": "5.0.0"}, "bounced", True),
        ({"type": "bounce", "status": "4.2.2"}, "bounced", False),
        ({"type": "blocked", "status": "5.7.1"}, "blocked", False),
        ({"status": "5.0.0"}, "bounced", False),
        ({"event": "dropped", "reason": "Bounced Address"}, "dropped", True),
        ({"event": "dropped", "reason": "Invalid"}, "dropped", True),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, "dropped", False),
        ({"event": "deferred", "status": "5.1.1"}, "deferred", False),
    ],
)
def test_only_a_dead_address_is_a_permanent_bounce(
    changes: dict[str, str], kind: str, is_permanent: bool
) -> None:
    event = parse_one(**{"event": "bounce", **changes})
    assert (event.kind, event.is_permanent) == (kind, is_permanent)


class TestMachines:
    def test_a_machine_open_is_marked(self) -> None:
        assert parse_one(event="open", sg_machine_open=True).is_machine
        assert not parse_one(event="open", sg_machine_open=False).is_machine

    @pytest.mark.parametrize(
        ("user_agent", "expected"),
        [
            ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
            ("BarracudaCentral", True),
            ("python-requests/2.32", True),
            ("Mozilla/5.0 (X11) HeadlessChrome/120", True),
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                False,
            ),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", False),
            ("", False),
        ],
    )
    def test_scanners_are_told_from_people(self, user_agent: str, expected: bool) -> None:
        assert is_scanner(user_agent) is expected
        assert parse_one(event="click", useragent=user_agent).is_machine is expected


class TestBrokenPosts:
    @pytest.mark.parametrize(
        "body", [b"", b"{", b"\xff", b"null", b"5", b'{"event": "open"}', b"[" * 100_000, b'"text"']
    )
    def test_a_body_that_is_no_list_gives_one_problem(self, body: bytes) -> None:
        events, problems = parse_events(body)
        assert (events, len(problems)) == ([], 1)

    @pytest.mark.parametrize(
        "broken",
        [
            None,
            5,
            "text",
            [],
            {},
            {"event": None},
            {"event": "exploded", "timestamp": 1},
            {"event": "open"},
            {"event": "open", "timestamp": "soon"},
            {"event": "open", "timestamp": True},
            {"event": "open", "timestamp": -1},
            {"event": "open", "timestamp": 10**40},
            {"event": "open", "timestamp": {"a": 1}},
        ],
    )
    def test_a_broken_element_costs_none_of_its_neighbours(self, broken: object) -> None:
        events, problems = parse_events(json.dumps([make_raw(), broken, make_raw(event="open")]).encode())
        assert [event.kind for event in events] == ["delivered", "opened"]
        assert len(problems) == 1
        assert problems[0].startswith("[1] ")

    @settings(max_examples=80, derandomize=True, deadline=None)
    @given(
        st.lists(
            st.dictionaries(
                st.sampled_from([*make_raw(), "reason", "category", "type", "url", "useragent"]),
                st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text()),
            )
        )
    )
    def test_every_element_ends_as_an_event_or_a_problem(self, elements: list[dict[str, object]]) -> None:
        events, problems = parse_events(json.dumps(elements).encode())
        assert len(events) + len(problems) == len(elements)
        for event in events:
            json.dumps(dataclasses.asdict(event), default=str).encode()


def test_what_was_sent_comes_back_in_signed_events(sendgrid_server: SendGridServer) -> None:
    envelope = make_envelope()
    SendGridTransport("SG.test", sendgrid_server.url).send([envelope], now=NOW)
    headers, body = sendgrid_server.sign_events("processed", "delivered", "open", "click", "bounce", at=NOW)
    assert verify(body, headers, [sendgrid_server.signer.public_key])
    assert not verify(body, headers, [EventSigner().public_key])
    events, problems = parse_events(body)
    assert problems == []
    assert [event.kind for event in events] == ["processed", "delivered", "opened", "clicked", "bounced"]
    assert {event.delivery_id for event in events} == {envelope.delivery_id}
