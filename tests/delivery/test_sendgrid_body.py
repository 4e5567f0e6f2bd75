"""SendGrid over HTTP: what leaves."""

from uuid import UUID

from hypothesis import given

from delivery.base import Envelope, OutcomeKind
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_body import build_body
from delivery.sendgrid_rules import find_violations
from tests.delivery.conftest import CANARY
from tests.delivery.envelopes import NOW, envelopes, make_envelope
from tests.servers.sendgrid_contract import find_contract_errors
from tests.servers.sendgrid_server import SendGridServer, encode_json


@given(envelope=envelopes)
def test_any_valid_envelope_becomes_what_sendgrid_describes(envelope: Envelope) -> None:
    transport = SendGridTransport("SG.test")
    assert transport.validate(envelope) == []
    body = build_body(envelope)
    assert find_contract_errors(encode_json(body)) == []
    assert find_violations(body, now=NOW) == []


@given(envelope=envelopes)
def test_nothing_is_left_to_wait_at_the_provider(envelope: Envelope) -> None:
    """So a pause, a no or an erasure has nothing to call back there."""
    body = build_body(envelope)
    assert not {"send_at", "batch_id"} & {*body, *(name for p in body["personalizations"] for name in p)}


def test_the_delivery_id_is_all_that_is_told_about_the_customer() -> None:
    envelope = make_envelope()
    body = build_body(envelope)
    (person,) = body["personalizations"]
    assert person["custom_args"] == {"pw_delivery_id": str(envelope.delivery_id)}
    assert "custom_args" not in body
    assert body["categories"] == ["winback"]


def test_sendgrid_tracks_and_adds_nothing() -> None:
    tracking = build_body(make_envelope())["tracking_settings"]
    assert {name: setting["enable"] for name, setting in tracking.items()} == dict.fromkeys(
        ("click_tracking", "open_tracking", "subscription_tracking", "ganalytics"), False
    )
    assert tracking["click_tracking"]["enable_text"] is False


def test_our_unsubscribe_headers_travel_unchanged() -> None:
    envelope = make_envelope()
    headers = build_body(envelope)["headers"]
    assert headers == {**envelope.headers, "Auto-Submitted": "auto-generated"}


def test_a_recipient_called_doe_comma_jane_can_be_written_to() -> None:
    envelope = make_envelope(to_name="Doe, Jane; Dr.")
    assert SendGridTransport("SG.test").validate(envelope) == []
    assert build_body(envelope)["personalizations"][0]["to"][0]["name"] == "Doe Jane Dr."


def test_international_domains_leave_as_a_labels() -> None:
    body = build_body(make_envelope(to_email="jo@bücher.de", reply_to="x@пример.рф"))
    assert body["personalizations"][0]["to"][0]["email"] == "jo@xn--bcher-kva.de"
    assert body["reply_to"]["email"] == "x@xn--e1afmkfd.xn--p1ai"


def test_a_category_beyond_ascii_is_refused_with_its_reason() -> None:
    (problem,) = SendGridTransport("SG.test").validate(make_envelope(category="زمستان"))
    assert problem.field == "categories[0]"


def test_the_server_sees_the_key_and_the_right_path(sendgrid_server: SendGridServer) -> None:
    SendGridTransport(CANARY, sendgrid_server.url).send([make_envelope()], now=NOW)
    (request,) = sendgrid_server.received
    assert request.headers["Authorization"] == f"Bearer {CANARY}"
    assert request.path == "/v3/mail/send"


def test_a_batch_shares_a_few_connections(sendgrid_server: SendGridServer) -> None:
    transport = SendGridTransport(CANARY, sendgrid_server.url, concurrency=4)
    outcomes = transport.send([make_envelope() for _ in range(40)], now=NOW)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    assert sendgrid_server.connections <= 4


def test_outcomes_belong_to_their_envelopes(sendgrid_server: SendGridServer) -> None:
    batch = [make_envelope() for _ in range(20)]
    outcomes = SendGridTransport(CANARY, sendgrid_server.url).send(batch, now=NOW)
    told = {UUID(email.delivery_id): email.message_id for email in sendgrid_server.accepted}
    assert [outcome.provider_id for outcome in outcomes] == [told[e.delivery_id] for e in batch]
