"""Amounts of money are written as Babel writes them, in every language and currency, only sooner."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.languages import _write_money, format_money

LANGUAGES = [
    "en",
    "fa",
    "fa-AF",
    "ar-EG",
    "ar-AE",
    "ar-MA",
    "he",
    "ru",
    "de",
    "de-CH",
    "fr",
    "es",
    "pl",
    "hi",
]
AMOUNTS = st.decimals(-(10**12), 10**12, places=4) | st.decimals(0, 20_000, places=3)


@pytest.mark.parametrize("language", LANGUAGES)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(AMOUNTS, st.sampled_from(["GBP", "EUR", "IRR", "JPY", "KWD", "INR", "XQX", "usd", "AFN"]))
def test_an_amount_is_written_as_babel_writes_it(language: str, amount: Decimal, currency: str) -> None:
    assert format_money(amount, currency, language=language) == _write_money(amount, currency, language)
