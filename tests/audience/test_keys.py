"""The tags that sign links and hash addresses."""

import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from audience.keys import make_tag


@given(secret=st.text(max_size=100), purpose=st.text(max_size=40), payload=st.binary(max_size=200))
def test_a_tag_is_the_hmac_under_the_key_of_its_purpose(secret: str, purpose: str, payload: bytes) -> None:
    key = hmac.digest(secret.encode("utf-8"), b"pairwell\x00" + purpose.encode("utf-8"), hashlib.sha256)
    assert make_tag(purpose, payload, secret) == hmac.digest(key, payload, hashlib.sha256)
