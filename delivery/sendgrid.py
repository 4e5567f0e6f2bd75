"""SendGrid's Web API: bodies built with its own types, sent over our own kept connections.

The package's client opens a connection for each email, knows no timeout, follows redirects and writes the
API key into its debug log; its types are what we use of it.
"""

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import aiohttp
from sendgrid.helpers import mail as sg

from delivery.addresses import AddressError, to_ascii_address
from delivery.base import Envelope, Outcome, Problem
from delivery.delivery_id import DELIVERY_ARG
from delivery.outcomes import MESSAGE_SECONDS, Breaker, judge_bug, judge_valid
from delivery.sendgrid_http import DEFAULT_HOST, check_host, check_key, open_session, post
from delivery.sendgrid_rules import find_violations
from delivery.validation import find_problems

Body = dict[str, Any]

_KEY_SHAPE = re.compile(r"SG\.[\w-]{16,64}\.[\w-]{16,128}", re.ASCII)


class SendGridTransport:
    """One request, one recipient, one outcome; up to `concurrency` of them at a time.

    `host` is https, or http for a loopback server. `timeout` is the total for a request, in seconds, and
    never more than MESSAGE_SECONDS.
    """

    name = "sendgrid"

    def __init__(
        self,
        api_key: str,
        host: str = DEFAULT_HOST,
        *,
        timeout: float = 30,
        concurrency: int = 12,
        senders: Sequence[str] = (),
    ) -> None:
        check_key(api_key)
        self._api_key = api_key
        self._host = check_host(host)
        self._timeout = min(timeout, MESSAGE_SECONDS)
        self._concurrency = concurrency
        self._senders = tuple(senders)

    def __repr__(self) -> str:
        return f"<SendGridTransport {self._host}>"

    def validate(self, envelope: Envelope) -> list[Problem]:
        """Our own rules first; those of SendGrid on the very body that would leave."""
        return find_problems(envelope) or find_violations(build_body(envelope))

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        """Runs an event loop of its own, so the calling thread must not have one running."""
        bodies: dict[int, Body] = {}  # what was validated is what leaves, built once

        def validate(envelope: Envelope) -> list[Problem]:
            if problems := find_problems(envelope):
                return problems
            bodies[id(envelope)] = build_body(envelope)
            return find_violations(bodies[id(envelope)])

        def hand_over(valid: list[Envelope]) -> list[Outcome]:
            return self._hand_over([bodies[id(envelope)] for envelope in valid], now)

        return judge_valid(envelopes, validate, hand_over, now=now)

    def find_accepted(self, delivery_ids: Sequence[UUID]) -> set[UUID] | None:
        """Without the Email Activity add-on SendGrid can't be asked; its events tell."""
        del delivery_ids
        return None

    def check(self) -> list[Problem]:
        """The shape of the key and the senders, offline. Whether SendGrid knows them, only it can say."""
        problems = []
        if self._host.endswith(".sendgrid.com") and not _KEY_SHAPE.fullmatch(self._api_key):
            message = "This is not shaped like a SendGrid key (SG.….…). Copy it again, whole."
            problems.append(Problem("SENDGRID_API_KEY", message))
        for sender in self._senders:
            try:
                to_ascii_address(sender)
            except AddressError as error:
                problems.append(Problem("PAIRWELL_FROM_EMAIL", f"{error} Use a verified sender."))
        return problems

    def _hand_over(self, bodies: list[Body], now: datetime) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        # asyncio.run would wait for a look-up in the DNS that nobody can cancel.
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._post_all(bodies, outcomes, now))
        except Exception as error:  # noqa: BLE001 what is known by now stays known
            rest = judge_bug(error, now=now, may_have_left=True)
            outcomes = dict.fromkeys(range(len(bodies)), rest) | outcomes
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        return [outcomes[index] for index in range(len(bodies))]

    async def _post_all(self, bodies: list[Body], outcomes: dict[int, Outcome], now: datetime) -> None:
        """Fills `outcomes`, by the index of the body."""
        url = f"{self._host}/v3/mail/send"
        breaker, waiting = Breaker(now), iter(enumerate(bodies))

        async def work(session: aiohttp.ClientSession) -> None:
            for index, body in waiting:
                if verdict := breaker.ask():
                    outcomes[index] = verdict
                    continue
                outcomes[index] = await post(session, url, body=body, now=now)
                breaker.note(outcomes[index])

        async with open_session(self._api_key, timeout=self._timeout) as session:
            await asyncio.gather(*(work(session) for _ in range(min(self._concurrency, len(bodies)))))


def build_body(envelope: Envelope) -> Body:
    """The body of ``POST /v3/mail/send``: one personalization, our id in it, no tracking of SendGrid's."""
    person = sg.Personalization()
    # SendGrid takes no ; or , in a recipient's name; a blank keeps it readable.
    shown_name = re.sub(r"\s*[;,]\s*", " ", envelope.to_name).strip()
    person.add_to(sg.To(to_ascii_address(envelope.to_email), shown_name or None))
    person.add_custom_arg(sg.CustomArg(DELIVERY_ARG, str(envelope.delivery_id)))
    mail = sg.Mail(
        from_email=sg.From(to_ascii_address(envelope.from_email), envelope.from_name or None),
        subject=envelope.subject,
        plain_text_content=envelope.text,
        html_content=envelope.html or None,
    )
    mail.add_personalization(person)
    if envelope.reply_to:
        mail.reply_to = sg.ReplyTo(to_ascii_address(envelope.reply_to))
    for name, value in {**envelope.headers, "Auto-Submitted": "auto-generated"}.items():
        mail.add_header(sg.Header(name, value))
    if envelope.category:
        mail.add_category(sg.Category(envelope.category))
    mail.tracking_settings = sg.TrackingSettings(
        click_tracking=sg.ClickTracking(enable=False, enable_text=False),
        open_tracking=sg.OpenTracking(enable=False),
        subscription_tracking=sg.SubscriptionTracking(enable=False),
        ganalytics=sg.Ganalytics(enable=False),
    )
    body: Body = mail.get()
    return body
