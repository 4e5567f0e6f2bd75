"""What reaches a log line, and what must not."""

import json
import logging
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from audience.links import preferences_url, unsubscribe_url
from campaigns.tracking import MessageTracking
from config.logs import JsonFormatter


def write(message: str, *args: object, **extra: object) -> dict[str, Any]:
    record = logging.LogRecord("x", logging.ERROR, "", 0, message, args, None)
    record.__dict__.update(extra)
    entry: dict[str, Any] = json.loads(JsonFormatter().format(record))
    return entry


@pytest.mark.parametrize(
    "address",
    [
        "mina@shop.test",
        "o'brien+offers/x@mail.shop.test",
        "jo@bücher.de",
        "jo@xn--bcher-kva.de",
        "сара@почта.рф",
        "سارا@نمونه.ایران",
        "سارا@نمونه\u200cها.ایران",
        "שרה@דוגמה.ישראל",
        "मीना@उदाहरण.भारत",
        "太郎＠例え。テスト",
        "mina%40shop.test",
        '"mina k"@shop.test',
    ],
)
@pytest.mark.parametrize("around", ["to %s failed", "سفارش «%s» فرستاده نشد", "<%s>", "to=%s,", "a\n%s\nb"])
def test_no_log_line_holds_an_address_in_any_script(address: str, around: str) -> None:
    text = around % address
    entry = write("%s", text, recipient=text, nested={"people": [address]}, **{address: 1})
    written = json.dumps(entry, ensure_ascii=False)
    local, domain = address.replace("%40", "@").replace("＠", "@").replace('"', "").split("@")
    assert local not in written
    assert domain not in written
    assert entry["message"] != "[redacted]", "the words around it stay"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key SG.abcdefghijklmnopqrstuv.wxyz", "abcdefghijklmnopqrstuv"),
        ("smtp://user:pa55@mail.host", "pa55"),
        ("smtp://user:pa55@mail", "pa55"),
        ("Authorization: Bearer tok-en", "tok-en"),
    ],
)
def test_no_log_line_holds_a_key_or_a_password(text: str, secret: str) -> None:
    assert secret not in json.dumps(write("failed: %s", text, tried=text))


def test_no_log_line_holds_a_signed_link() -> None:
    tracking = MessageTracking(uuid4(), opens=True, clicks=True)
    links = [unsubscribe_url(uuid4(), uuid4()), preferences_url(uuid4())]
    links += [tracking.link("https://shop.example/p/1"), tracking.pixel()]
    for path in (urlsplit(link).path for link in links):
        line = write("Not Found: %s", path, request=f"<WSGIRequest: GET '{path}?from=page'>")
        assert path.rpartition("/")[2] not in json.dumps(line)
        assert path[:3] in line["message"]


def test_an_exception_is_told_without_the_address_in_it() -> None:
    try:
        raise ValueError("\nسارا@نمونه.ایران\nis no address")
    except ValueError as error:
        record = logging.LogRecord(
            "x", logging.ERROR, "", 0, "failed", (), (ValueError, error, error.__traceback__)
        )
    entry = json.loads(JsonFormatter().format(record))
    assert "نمونه" not in entry["exception"]
    assert "is no address" in entry["exception"]


def test_what_is_no_secret_stays() -> None:
    entry = write("Batch %d of @staff at 12:30 (5.2 s) failed.", 7, batch=7, share=0.5, ok=True, why=None)
    assert entry["message"] == "Batch 7 of @staff at 12:30 (5.2 s) failed."
    assert (entry["batch"], entry["share"], entry["ok"], entry["why"]) == (7, 0.5, True, None)
    assert entry["level"] == "error"
