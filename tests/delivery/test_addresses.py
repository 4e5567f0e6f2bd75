"""Addresses, and what of them may be repeated in a log."""

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from delivery.addresses import AddressError, hide_personal, to_ascii_address
from tests.delivery.envelopes import addresses


@settings(max_examples=80, derandomize=True, deadline=None)
@given(addresses.filter(lambda address: len(address) < 60))
def test_a_good_address_becomes_ascii_and_stays_the_same_when_asked_twice(address: str) -> None:
    ascii_address = to_ascii_address(address)
    assert ascii_address.isascii()
    assert to_ascii_address(ascii_address) == ascii_address


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_an_address_or_is_refused_without_being_repeated(text: str) -> None:
    assert "canary" not in explain_refusal(f"{text}@private-canary.example")


def explain_refusal(address: str) -> str:
    try:
        to_ascii_address(address)
    except AddressError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    "domain", ["xn--canary-9.com", "canary..com", "-canary.com", "canary_.com", "canary.test"]
)
def test_a_bad_domain_is_not_repeated_in_the_reason(domain: str) -> None:
    with pytest.raises(AddressError) as caught:
        to_ascii_address(f"sara@{domain}")
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("550 <sara@customer.example> unknown", "550 <[address]> unknown"),
        ("from:sara@customer.example, omid@b.example", "from:[address], [address]"),
        ("key SG.abc-1.def_2 refused", "key [key] refused"),
        ("Authorization: Bearer token-1", "Authorization: Bearer [key]"),
        ("nothing to hide", "nothing to hide"),
    ],
)
def test_providers_words_lose_addresses_and_keys(text: str, expected: str) -> None:
    assert hide_personal(text) == expected


_ORDINARY = st.from_regex(r"[A-Za-z0-9_+.-]{1,70}@([a-z0-9-]{1,66}\.){1,3}[a-z]{1,9}", fullmatch=True)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(_ORDINARY)
@example("a@b.test")
@example("a@b.example.localhost")
@example("a@xn--bcher-kva.de")
@example("a@" + "b" * 64 + ".de")
def test_the_short_way_for_ordinary_addresses_agrees_with_the_validator(address: str) -> None:
    try:
        expected = validate_email(address, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        assert explain_refusal(address)
    else:
        assert to_ascii_address(address) == expected.ascii_email
