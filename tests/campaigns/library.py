"""The emails that come with Pairwell, rendered with their samples and with as little as there may be."""

from functools import lru_cache
from typing import Any

from campaigns.compiler import compile_email
from campaigns.email_files import EmailDirectory, list_directories, read_directory, templates_root
from campaigns.rendering import ReadyEmail, RenderedEmail, make_ready, render_ready

KEYS = [path.name for path in list_directories()]

_LINE = {"title": "Cup", "quantity": 1, "unit_price": "3", "total": "3", "image": "", "url": ""}
_BASKET = {
    "number": "7", "placed_at": "2026-11-22T09:26:00+00:00", "url": "", "currency": "GBP", "total": "3",
    "lines": [_LINE],
}  # fmt: skip
_PRODUCT = {"title": "Cup", "price": "", "currency": "", "image": "", "url": "", "review_url": ""}
_REASON = {"code": "popular", "because_of": "", "support": 0, "price_difference": None}
_REWARD = {"percent": "", "amount": "5", "currency": "GBP"}
_POOREST: dict[str, Any] = {
    "order": _BASKET,
    "cart": _BASKET,
    "products": [_PRODUCT],
    "upgrades": [{**_PRODUCT, "reason": _REASON, "instead_of": None}],
    "bundle": {"products": [_PRODUCT], "price": "3", "sum": "3", "saving": "", "currency": "GBP", "url": ""},
    "shipment": {"carrier": "", "tracking_number": "", "tracking_url": "", "expected_at": "", "lines": []},
    "occasion": {"kind": "anniversary", "years": 1},
    "referral": {"url": "https://shop.example/r/1", "code": "1", "friend": _REWARD, "you": _REWARD},
}
_OFFERED = ("fewer", "pause")


@lru_cache
def read(key: str) -> EmailDirectory:
    return read_directory(templates_root() / key)


@lru_cache
def ready(key: str, language: str) -> ReadyEmail:
    email = read(key)
    return make_ready(compile_email(email.source, email.texts, language=language, changes={}))


def render_email(key: str, language: str = "en", **changed: Any) -> RenderedEmail:
    """With its sample, some of it changed."""
    return render_ready(ready(key, language), {**read(key).sample, **changed})


def poorest_context(key: str) -> dict[str, Any]:
    """What the email needs and no more: no name, no pictures, no prices, no addresses of products."""
    email = read(key)
    shop = {name: email.sample["shop"][name] for name in ("name", "url", "address", "support_email")}
    links = {name: url for name, url in email.sample["links"].items() if name not in _OFFERED}
    return {
        "shop": shop,
        "customer": {**email.sample["customer"], "name": "", "first_name": ""},
        "links": links,
        **{name: _POOREST[name] for name in email.needs},
    }


def render_poorest(key: str, language: str, **changed: Any) -> RenderedEmail:
    return render_ready(ready(key, language), {**poorest_context(key), **changed})
