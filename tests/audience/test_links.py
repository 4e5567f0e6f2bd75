"""Signed links: short, bound to one purpose, and worthless once touched."""

from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from audience.links import preferences_url, read, read_preferences, read_unsubscribe, sign, unsubscribe_url

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=64))
def test_what_was_signed_can_be_read(payload: bytes) -> None:
    assert read("unsubscribe", sign("unsubscribe", payload)) == payload


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.binary(max_size=40), st.data())
def test_any_other_character_anywhere_spoils_the_token(payload: bytes, data: st.DataObject) -> None:
    token = sign("unsubscribe", payload)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from([letter for letter in ALPHABET if letter != token[place]]))
    assert read("unsubscribe", token[:place] + other + token[place + 1 :]) is None


@pytest.mark.parametrize("token", ["", "a", "=", "ß", "a b", "\x00", "A" * 5000])
def test_nonsense_is_no_token(token: str) -> None:
    assert read("unsubscribe", token) is None


def test_padding_and_line_ends_are_not_accepted_either() -> None:
    token = sign("unsubscribe", b"1234")
    assert [read("unsubscribe", token + end) for end in ("=", "\n", "==", ".")] == [None] * 4


def test_a_token_serves_no_other_purpose() -> None:
    assert read("preferences", sign("unsubscribe", b"payload")) is None


def test_a_token_of_another_key_is_worthless(settings: Settings) -> None:
    token = sign("unsubscribe", b"payload")
    settings.PAIRWELL = {**settings.PAIRWELL, "LINK_KEY": "another"}
    assert read("unsubscribe", token) is None


def test_the_unsubscribe_address_names_customer_and_message(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "BASE_URL": "https://mail.shop.example/"}
    customer, message = uuid4(), uuid4()
    start, _, token = unsubscribe_url(customer, message).rpartition("/")
    assert start == "https://mail.shop.example/u"
    assert len(token) <= 64
    assert read_unsubscribe(token) == (customer, message)


def test_the_preference_address_names_the_customer() -> None:
    customer = uuid4()
    assert read_preferences(preferences_url(customer).rpartition("/")[2]) == customer


def test_a_payload_of_the_wrong_length_names_nobody() -> None:
    assert read_unsubscribe(sign("unsubscribe", b"short")) is None
    assert read_preferences(sign("preferences", b"short")) is None
