"""What a value must look like before it may stand in a link, an image source or a colour.

HTML escaping alone leaves `javascript:` links and CSS injections alive, so the compiler adds one of
these filters wherever the place of an expression asks for it.
"""

import re
from functools import lru_cache
from urllib.parse import quote

LINK = re.compile(r"(?:https?://[^/?#\s]|mailto:[^\s]|tel:[+\d])", re.IGNORECASE)
WEB = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)
COLOUR = re.compile(
    r"#(?:[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})|[a-z]{3,20}|rgba?\([\d\s.,%]{5,40}\)", re.IGNORECASE
)
LENGTH = re.compile(r"-?\d{1,4}(?:\.\d{1,3})?(?:px|em|%)?")
# Nothing to strip and nothing to encode: most addresses of a shop.
_SIMPLE = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9\-._~:/?#@!$&'()*+,;=%\[\]]*")
# The characters that a browser or a mail client might read as the end of the address.
_OUTSIDE_URLS = re.compile(r"[\x00-\x20\"<>\\^`{|}\x7f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_OUTSIDE_CSS_URLS = re.compile(r"[()']")


class Address(str):
    """A checked web address: never wrapped in direction marks, which would become part of the link."""

    __slots__ = ()


def _percent_encode(match: re.Match[str]) -> str:
    return _encode_one(match.group())


@lru_cache(maxsize=64)  # there are fewer characters than that in _OUTSIDE_URLS
def _encode_one(character: str) -> str:
    return quote(character, safe="")


def safe_url(value: object) -> Address:
    """The value as a link of scheme https, http, mailto or tel; "#" for anything else."""
    if isinstance(value, str) and _SIMPLE.fullmatch(value):
        return Address(value)
    text = str(value).strip()
    return Address(_OUTSIDE_URLS.sub(_percent_encode, text) if LINK.match(text) else "#")


def image_url(value: object) -> Address:
    """The value as an http or https address; empty for anything else."""
    if isinstance(value, str) and _SIMPLE.fullmatch(value):
        return Address(value)
    text = str(value).strip()
    return Address(_OUTSIDE_URLS.sub(_percent_encode, text) if WEB.match(text) else "")


def css_url(value: object) -> Address:
    """Like `image_url`, and safe between the quotes of a CSS `url('')` as well."""
    return Address(_OUTSIDE_CSS_URLS.sub(lambda match: f"%{ord(match.group()):02X}", image_url(value)))


def url_part(value: object) -> str:
    """The value percent-encoded, for the middle of an address."""
    return quote(str(value), safe="")


def url_path(value: object) -> str:
    """The value percent-encoded but for its slashes, for the path of an address."""
    return quote(str(value), safe="/")


def recipient_part(value: object) -> str:
    """The value for a mailto or tel link: an address or a number, and never a further recipient."""
    return quote(str(value), safe="@+")


def css_color(value: object) -> str:
    text = str(value).strip()
    return text if COLOUR.fullmatch(text) else "inherit"


def css_value(value: object) -> str:
    """A colour or a length; "inherit" for anything else."""
    text = str(value).strip()
    return text if COLOUR.fullmatch(text) or LENGTH.fullmatch(text) else "inherit"
