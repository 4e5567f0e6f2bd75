"""Many recipients in a request: which may share one, what leaves, and whom a refusal is about."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.base import Envelope, Outcome, OutcomeKind, Skeleton
from delivery.plain_envelopes import is_plain
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_body import build_body
from delivery.sendgrid_requests import Request as Planned
from delivery.sendgrid_requests import plan_requests
from delivery.sendgrid_rules import find_violations
from delivery.validation import find_problems
from tests.delivery.conftest import CANARY
from tests.delivery.envelopes import NOW, envelopes, make_envelope, safe_texts
from tests.servers.http_server import Answer, Misbehaviour
from tests.servers.sendgrid_contract import find_contract_errors
from tests.servers.sendgrid_server import SendGridServer, encode_json
from tests.servers.sendgrid_substitution import expand

ACCEPTED, REJECTED, UNKNOWN = OutcomeKind.ACCEPTED, OutcomeKind.REJECTED, OutcomeKind.UNKNOWN
SKELETON = Skeleton("For -tag0-", "Dear -tag0-,\nwe thank you.", "<p>Dear -tag0-, -tag1-</p>")


def make_part(number: int = 0, name: str = "Sara", **changes: Any) -> Envelope:
    fields = {
        "to_email": f"c{number}@customer.example",
        "subject": f"For {name}",
        "text": "",
        "html": "",
        "skeleton": SKELETON,
        "substitutions": {"-tag0-": name, "-tag1-": f"number {number}"},
        "headers": {
            "List-Unsubscribe": f"<https://shop.example/u/{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    }
    return make_envelope(**{**fields, **changes})


def make_parts(count: int) -> list[Envelope]:
    return [make_part(number) for number in range(count)]


def refuse(*fields: str | None) -> Answer:
    return Answer(400, encode_json({"errors": [{"field": field, "message": "bad"} for field in fields]}))


def send(server: SendGridServer, parts: Sequence[Envelope], **options: Any) -> list[Outcome]:
    transport = SendGridTransport(CANARY, server.url, concurrency=1, **options)
    return transport.send(parts, now=NOW)


def kinds_of(outcomes: Sequence[Outcome]) -> list[OutcomeKind]:
    return [outcome.kind for outcome in outcomes]


def count_recipients(server: SendGridServer) -> list[int]:
    return [len(json.loads(request.body)["personalizations"]) for request in server.received]


def sizes(requests: Sequence[Planned]) -> list[int]:
    return [len(request.items) for request in requests]


class TestWhatLeaves:
    @given(parts=st.lists(envelopes, min_size=1, max_size=5, unique_by=lambda e: e.to_email), name=safe_texts)
    def test_any_request_is_what_sendgrid_describes_and_gives_the_mail_of_one_by_one(
        self, parts: list[Envelope], name: str
    ) -> None:
        split = [
            replace(
                part, subject=f"For {name}", text="", html="", skeleton=SKELETON,
                substitutions={"-tag0-": name, "-tag1-": part.to_name},
            )
            for part in parts
        ]  # fmt: skip
        arrived = []
        for request in plan_requests(split, size=1000):
            body = request.encode()
            assert find_contract_errors(body) == []
            assert find_violations(json.loads(body), now=NOW) == []
            arrived += list(expand(json.loads(body)))
        alone = [build_body(part) for part in split]
        by_id = lambda body: str(body["personalizations"][0]["custom_args"])  # noqa: E731
        assert sorted(arrived, key=by_id) == sorted(alone, key=by_id)

    def test_each_recipient_has_an_own_way_out_and_an_own_id(self, sendgrid_server: SendGridServer) -> None:
        parts = make_parts(3)
        assert kinds_of(send(sendgrid_server, parts)) == [ACCEPTED] * 3
        assert len(sendgrid_server.received) == 1
        for part, accepted in zip(parts, sendgrid_server.accepted, strict=True):
            assert accepted.delivery_id == str(part.delivery_id)
            assert accepted.body["headers"] == {**part.headers, "Auto-Submitted": "auto-generated"}
            assert accepted.body["subject"] == part.subject

    def test_the_unsubscribe_group_is_named_in_offers_alone(self, sendgrid_server: SendGridServer) -> None:
        confirmation = make_part(2, message_class="transactional")
        send(sendgrid_server, [*make_parts(2), confirmation], unsubscribe_group=42)
        groups = [json.loads(request.body).get("asm") for request in sendgrid_server.received]
        assert groups == [{"group_id": 42}, None]


class TestWhoSharesARequest:
    def test_no_more_than_the_setting_says(self) -> None:
        assert sizes(plan_requests(make_parts(7), size=3)) == [3, 3, 1]

    def test_no_more_than_a_thousand_whatever_the_setting_says(self, sendgrid_server: SendGridServer) -> None:
        send(sendgrid_server, make_parts(1100), recipients=5000)
        assert count_recipients(sendgrid_server) == [1000, 100]

    def test_an_address_is_never_twice_in_one(self) -> None:
        twice = [make_part(0), make_part(1), make_part(0, to_email="C0@customer.example")]
        assert sizes(plan_requests(twice, size=1000)) == [2, 1]

    def test_whole_emails_and_those_with_too_long_values_go_alone(self) -> None:
        long = make_part(5, substitutions={"-tag0-": "x", "-tag1-": "é" * 5000})
        requests = plan_requests([make_part(0), make_envelope(), make_part(1), long], size=1000)
        assert sorted(sizes(requests)) == [1, 1, 2]
        whole = next(r for r in requests if r.items[0].envelope is long)
        assert "é" * 5000 in json.loads(whole.encode())["content"][1]["value"]

    @pytest.mark.parametrize("field", ["from_email", "from_name", "reply_to", "category", "message_class"])
    def test_only_those_with_everything_in_common(self, field: str) -> None:
        other = {"message_class": "transactional"}.get(field, "other@shop.example")
        assert sizes(plan_requests([make_part(0), make_part(1, **{field: other})], size=1000)) == [1, 1]


class TestWhomARefusalIsAbout:
    def test_the_one_that_is_named_is_dropped_and_the_rest_resent(
        self, sendgrid_server: SendGridServer
    ) -> None:
        sendgrid_server.fail_next(refuse("personalizations.3.to.0.email", "personalizations.5.to"))
        kinds = kinds_of(send(sendgrid_server, make_parts(8)))
        assert [place for place, kind in enumerate(kinds) if kind is REJECTED] == [3, 5]
        assert kinds.count(ACCEPTED) == 6
        assert count_recipients(sendgrid_server) == [8, 6]

    def test_where_nobody_is_named_the_one_is_found_by_halving(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(refuse(None), refuse(None), Answer(202), refuse(None), Answer(202))
        kinds = kinds_of(send(sendgrid_server, make_parts(8)))
        assert count_recipients(sendgrid_server)[:5] == [8, 4, 2, 2, 1]
        assert kinds.count(REJECTED) == 0
        assert kinds.count(ACCEPTED) == 8

    def test_halving_ends_at_the_one_at_fault(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(refuse(None), refuse(None), refuse(None))
        kinds = kinds_of(send(sendgrid_server, make_parts(4)))
        assert kinds == [REJECTED, ACCEPTED, ACCEPTED, ACCEPTED]
        assert count_recipients(sendgrid_server) == [4, 2, 1, 1, 2]

    @pytest.mark.parametrize("field", ["from.email", "content.0.value", "subject", "asm.group_id"])
    def test_what_all_share_is_refused_once_for_all(
        self, sendgrid_server: SendGridServer, field: str
    ) -> None:
        sendgrid_server.fail_always(refuse(field))
        assert kinds_of(send(sendgrid_server, make_parts(50))) == [REJECTED] * 50
        assert len(sendgrid_server.received) == 1

    def test_an_endless_refusal_costs_few_requests(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_always(refuse(None))
        assert set(kinds_of(send(sendgrid_server, make_parts(500)))) == {REJECTED}
        assert len(sendgrid_server.received) <= 30

    def test_a_number_beyond_the_recipients_is_not_believed(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(refuse("personalizations.99.to"))
        assert kinds_of(send(sendgrid_server, make_parts(4))) == [ACCEPTED] * 4

    def test_a_lost_answer_leaves_one_request_unknown(self, sendgrid_server: SendGridServer) -> None:
        sendgrid_server.fail_next(Misbehaviour.CLOSE)
        kinds = kinds_of(send(sendgrid_server, make_parts(30), recipients=10))
        assert kinds == [UNKNOWN] * 10 + [ACCEPTED] * 20


def test_connections_are_kept_from_batch_to_batch(sendgrid_server: SendGridServer) -> None:
    transport = SendGridTransport(CANARY, sendgrid_server.url)
    for _ in range(5):
        assert kinds_of(transport.send(make_parts(3), now=NOW)) == [ACCEPTED] * 3
    assert sendgrid_server.connections == 1


@given(
    envelope=envelopes,
    text=st.text(max_size=20),
    place=st.sampled_from(
        ["to_name", "subject", "text", "to_email", "from_name", "category", "html", "message_class"]
    ),
)
def test_what_is_plain_at_a_glance_breaks_no_rule(envelope: Envelope, text: str, place: str) -> None:
    changes: dict[str, Any] = {place: text}
    changed = replace(envelope, **changes)
    if is_plain(changed):
        assert find_problems(changed) == []
        assert find_violations(build_body(changed), now=NOW) == []


@given(value=st.text(max_size=60), other=st.text(max_size=60))
def test_a_part_that_is_plain_breaks_no_rule_when_it_is_whole(value: str, other: str) -> None:
    part = make_part(name="x", substitutions={"-tag0-": value, "-tag1-": other}, subject=f"For {value}")
    if is_plain(part):
        assert find_problems(part.make_whole()) == []
        assert find_violations(build_body(part), now=NOW) == []


def test_an_ordinary_envelope_is_plain() -> None:
    headers = {
        "List-Unsubscribe": "<https://shop.example/u/1>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert is_plain(make_envelope(headers=headers))
    assert is_plain(make_part())
    assert is_plain(make_part(headers={**headers, "List-Id": "<offers.shop.example>"}))
    assert not is_plain(make_part(headers={**headers, "X-Odd": "a\r\nBcc: b"}))
    assert not is_plain(make_part(headers={**headers, "list-unsubscribe": "twice"}))
    assert not is_plain(make_part(substitutions={"-tag0-": "a\0b", "-tag1-": ""}))
    assert not is_plain(make_part(substitutions={"-tag0-": "\ud800", "-tag1-": ""}))
    assert not is_plain(make_part(headers={}))
