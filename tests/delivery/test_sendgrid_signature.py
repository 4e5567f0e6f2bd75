"""Whether a post of events is truly SendGrid's."""

import json

import pytest

from delivery.sendgrid_events import SIGNATURE_HEADER, TIMESTAMP_HEADER, verify
from tests.servers.sendgrid_contract import read_data

VECTOR = read_data("sendgrid_signed_event_vector.json")
BODY = VECTOR["payload"].encode()
HEADERS = {SIGNATURE_HEADER: VECTOR["signature"], TIMESTAMP_HEADER: VECTOR["timestamp"]}


def test_a_post_that_sendgrid_really_signed_is_theirs() -> None:
    assert verify(BODY, HEADERS, [VECTOR["public_key"]])


def test_one_of_two_keys_is_enough_during_a_rotation() -> None:
    assert verify(BODY, HEADERS, [VECTOR["bad_public_key"], VECTOR["public_key"]])


@pytest.mark.parametrize("position", [0, 1, 100, len(BODY) - 1])
def test_a_changed_byte_is_noticed(position: int) -> None:
    changed = bytearray(BODY)
    changed[position] ^= 1
    assert not verify(bytes(changed), HEADERS, [VECTOR["public_key"]])


def test_a_body_written_anew_is_noticed() -> None:
    assert not verify(json.dumps(json.loads(BODY)).encode(), HEADERS, [VECTOR["public_key"]])


@pytest.mark.parametrize(
    "changes",
    [
        {SIGNATURE_HEADER: VECTOR["bad_signature"]},
        {SIGNATURE_HEADER: ""},
        {SIGNATURE_HEADER: "not base64!"},
        {SIGNATURE_HEADER: "ключ"},
        {SIGNATURE_HEADER: "AAAA"},
        {TIMESTAMP_HEADER: ""},
        {TIMESTAMP_HEADER: "1600112503"},
        {TIMESTAMP_HEADER: "\udc00"},
    ],
)
def test_a_wrong_or_odd_header_is_false_and_no_exception(changes: dict[str, str]) -> None:
    assert not verify(BODY, HEADERS | changes, [VECTOR["public_key"]])


@pytest.mark.parametrize("keys", [[], [""], ["garbage"], ["ключ"], [VECTOR["bad_public_key"]], ["AAAA"]])
def test_a_wrong_or_odd_key_is_false_and_no_exception(keys: list[str]) -> None:
    assert not verify(BODY, HEADERS, keys)


def test_missing_headers_and_odd_bodies_are_false() -> None:
    assert not verify(BODY, {}, [VECTOR["public_key"]])
    assert not verify(b"\xff\xfe", HEADERS, [VECTOR["public_key"]])


def test_the_case_of_header_names_does_not_matter() -> None:
    lowered = {name.lower(): value for name, value in HEADERS.items()}
    assert verify(BODY, lowered, [f" {VECTOR['public_key']}\n"])
