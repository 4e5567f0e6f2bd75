"""The two servers that take the emails, and misbehave. What they keep is the only witness of what left."""

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes
from email.utils import parseaddr
from typing import Any

from django.utils import timezone

from tests.servers.http_server import Answer, Fault, Misbehaviour, Request
from tests.servers.sendgrid_server import Accepted, SendGridServer
from tests.servers.smtp_server import Mail, SmtpFault, SmtpServer

FAULT_RATE = 0.06  # of requests and messages; each may keep a route shut for a minute of the fast clock
MAIL = "/v3/mail/send"
CURSED = "cursed"  # in an address: no provider ever takes an email for it
HTML = b"<html><body><h1>Service Unavailable</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Receipt:
    """An email as it arrived; `at` is the wall's time."""

    delivery_id: str
    recipient: str
    sender: str
    at: float


@dataclass
class Ledger:
    """What both servers took over, whom they refused for good, and how they misbehaved."""

    receipts: list[Receipt] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    faults: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, receipt: Receipt) -> None:
        with self.lock:
            self.receipts.append(receipt)

    def count(self, fault: str) -> None:
        with self.lock:
            self.faults[fault] += 1


def _slow_down(seconds: float | str | None) -> Callable[[], Answer]:
    def answer() -> Answer:
        if seconds is None:
            return Answer(429)
        reset = seconds if isinstance(seconds, str) else str(int(timezone.now().timestamp() + seconds))
        return Answer(429, headers={"X-RateLimit-Reset": reset})

    return answer


_TRANSIENT: dict[str, Callable[[], Fault]] = {
    "429, reset soon": _slow_down(40),
    "429, reset in the past": _slow_down(-3600),
    "429, reset in a year": _slow_down(365 * 86400),
    "429 without a reset": _slow_down(None),
    "429, reset garbage": _slow_down("soon"),
    "500": lambda: Answer(500, b'{"errors": [{"message": "oops", "field": null}]}'),
    "502": lambda: Answer(502, HTML),
    "503 in HTML": lambda: Answer(503, HTML, {"Content-Type": "text/html"}),
    "504": lambda: Answer(504),
    "hangs": lambda: Misbehaviour.HANG,
    "accepts, then hangs up": lambda: Misbehaviour.CLOSE,
    "accepts, half a status line": lambda: Misbehaviour.HALF_HEAD,
    "accepts, half a body": lambda: Misbehaviour.HALF_BODY,
    "accepts, answers byte by byte": lambda: Misbehaviour.DRIP,
}
ROUTE_FAULTS: dict[str, Answer] = {
    "401": Answer(401, b'{"errors": [{"message": "Maximum credits exceeded", "field": null}]}'),
    "403": Answer(403, b'{"errors": [{"message": "unverified sender", "field": "from"}]}'),
    "redirect": Answer(301, headers={"Location": "http://127.0.0.1:9/v3/mail/send"}),
    "200 of a sandbox": Answer(200),
}


class ChaosSendGrid(SendGridServer):
    """Misbehaves in one of sixteen requests; `rate` turns it off.

    `told` is given the emails of a request before the client hears that they were taken.
    """

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        super().__init__(judges=False)
        self.rate = FAULT_RATE
        self.told: Callable[[list[Accepted]], None] = lambda _emails: None
        self._ledger = ledger
        self._chance = chance

    def fail_route(self, name: str) -> None:
        self._ledger.count(name)
        self.fail_next(ROUTE_FAULTS[name])

    def take_fault(self) -> Fault | None:
        if fault := super().take_fault():
            return fault
        with self.lock:
            if self._chance.random() >= self.rate:
                return None
            name = self._chance.choice(list(_TRANSIENT))
        if name == "429, reset in a year" and self._ledger.faults[name] > 1:
            return None  # each costs the route a quarter of an hour
        self._ledger.count(name)
        return _TRANSIENT[name]()

    def choose_fault(self, request: Request) -> Fault | None:
        return self.take_fault() if request.path == MAIL else None

    def decide(self, request: Request) -> Answer:
        if request.path != MAIL:
            return Answer(200, b"[]", {"Content-Type": "application/json"})  # the lists of who said no: empty
        body = json.loads(request.body)
        if places := [n for n, p in enumerate(body["personalizations"]) if CURSED in p["to"][0]["email"]]:
            return self._refuse_one(body, places[0])
        answer = super().decide(request)
        with self.lock:
            draw = self._chance.random() if self.rate else 1
        if draw < 0.02:
            self._ledger.count("accepts, then 502")
            return Answer(502, HTML)
        if draw < 0.04:
            self._ledger.count("202 without an id")
            return Answer(202)
        return answer

    def keep(self, emails: list[Accepted]) -> None:
        super().keep(emails)
        now = time.time()
        for email in emails:
            recipient = email.body["personalizations"][0]["to"][0]["email"]
            sender = email.body["from"]["email"]
            self._ledger.keep(Receipt(email.delivery_id, recipient, sender, now))
        self.told(emails)

    def _refuse_one(self, body: dict[str, Any], place: int) -> Answer:
        self._ledger.count("400 for one recipient")
        self._ledger.refused.add(body["personalizations"][place]["to"][0]["email"])
        field_name = f"personalizations.{place}.to.0.email"
        error = {"message": "Does not contain a valid address.", "field": field_name, "help": None}
        return Answer(400, json.dumps({"errors": [error]}).encode(), {"Content-Type": "application/json"})


_PERMANENT = (SmtpFault.RCPT_550, SmtpFault.DATA_552)
_SMTP_FAULTS = (
    SmtpFault.RCPT_450,
    SmtpFault.DATA_452,
    SmtpFault.SHUT_421,
    SmtpFault.DROP_BEFORE_DOT,
    SmtpFault.HANG_AFTER_DOT,
    SmtpFault.DROP_AFTER_DOT,
    *_PERMANENT,
)


class ChaosSmtp(SmtpServer):
    """Misbehaves with one of sixteen messages; `rate` turns it off."""

    def __init__(self, ledger: Ledger, chance: random.Random) -> None:
        super().__init__()
        self.rate = FAULT_RATE
        self._ledger = ledger
        self._chance = chance

    def take_fault(self) -> SmtpFault | None:
        if self._chance.random() >= self.rate:
            return None
        return self._chance.choice(_SMTP_FAULTS)

    def note_fault(self, fault: SmtpFault, recipient: str) -> None:
        self._ledger.count(f"SMTP: {fault}")
        if fault in _PERMANENT:
            self._ledger.refused.add(recipient)

    def keep(self, mail: Mail) -> None:
        super().keep(mail)
        headers = message_from_bytes(mail.content)
        delivery_id = headers["Message-ID"].strip("<>").partition("@")[0]
        sender = parseaddr(headers["From"])[1]
        self._ledger.keep(Receipt(delivery_id, mail.recipients[0], sender, time.time()))
