"""SendGrid's Web API: bodies built with its own types, sent over our own kept connections.

The package's client opens a connection for each email, knows no timeout, follows redirects and writes the
API key into its debug log; its types are what we use of it.
"""

import asyncio
import re
import weakref
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import aiohttp

from delivery.addresses import AddressError, to_ascii_address
from delivery.background import find_loop, run_in_background
from delivery.base import Envelope, Outcome, Problem
from delivery.outcomes import MESSAGE_SECONDS, judge_bug, judge_valid
from delivery.plain_envelopes import is_plain
from delivery.sendgrid_body import build_body
from delivery.sendgrid_dispatch import Dispatch
from delivery.sendgrid_http import DEFAULT_HOST, check_host, check_key, open_session
from delivery.sendgrid_requests import plan_requests
from delivery.sendgrid_rules import PERSONALIZATIONS_MAX, find_violations
from delivery.sendgrid_trial import try_out
from delivery.validation import find_problems

MOST_REMEMBERED = 2_000  # envelopes found fine, until they leave
_KEY_SHAPE = re.compile(r"SG\.[\w-]{16,64}\.[\w-]{16,128}", re.ASCII)


class SendGridTransport:
    """Up to `recipients` emails a request where they share a skeleton, else one; an outcome for each.

    Several requests are under way at a time (`concurrency`), over connections that are kept from batch to
    batch. `host` is https, or http for a loopback server. `timeout` is the total for a request, in seconds,
    and never more than MESSAGE_SECONDS. What a lost answer leaves unknown is at most `recipients` emails.
    """

    name = "sendgrid"
    takes_substitutions = True
    is_remote = True  # touches nothing but the network: the engine may prepare a batch meanwhile

    def __init__(
        self,
        api_key: str,
        host: str = DEFAULT_HOST,
        *,
        timeout: float = 30,
        concurrency: int = 12,
        recipients: int = 500,
        unsubscribe_group: int = 0,
        senders: Sequence[str] = (),
    ) -> None:
        check_key(api_key)
        self._api_key = api_key
        self._host = check_host(host)
        self._timeout = min(timeout, MESSAGE_SECONDS)
        self._concurrency = concurrency
        self._recipients = min(max(recipients, 1), PERSONALIZATIONS_MAX)
        self._unsubscribe_group = unsubscribe_group
        self._senders = tuple(senders)
        self._sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession] = {}
        self._fine: dict[int, Envelope] = {}  # by identity, which lasts as long as they are kept here
        weakref.finalize(self, _close_all, self._sessions)

    def __repr__(self) -> str:
        return f"<SendGridTransport {self._host}>"

    def validate(self, envelope: Envelope) -> list[Problem]:
        """Our own rules first; those of SendGrid on the very body that would leave.

        What was fine when it was prepared is not looked at again when it leaves: an envelope does not change.
        """
        if self._fine.pop(id(envelope), None) is envelope:
            return []
        if is_plain(envelope):
            if len(self._fine) >= MOST_REMEMBERED:  # such as those that did not leave after all
                self._fine.clear()
            self._fine[id(envelope)] = envelope
            return []
        whole = envelope.make_whole()
        return find_problems(whole) or find_violations(self._build_body(whole))

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:
        """Waits for a loop in another thread, so the calling thread may have one of its own running."""
        return judge_valid(envelopes, self.validate, lambda valid: self._hand_over(valid, now), now=now)

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

    def try_out(self, envelope: Envelope, *, now: datetime) -> list[Problem]:
        """What SendGrid says of the email in its sandbox, which sends nothing; empty if it would take it."""
        if problems := self.validate(envelope):
            return problems
        body = self._build_body(envelope)
        trial = try_out(body, api_key=self._api_key, host=self._host, timeout=self._timeout, now=now)
        return run_in_background(trial)

    def _hand_over(self, envelopes: list[Envelope], now: datetime) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        try:
            run_in_background(self._dispatch(envelopes, outcomes, now))
        except Exception as error:  # noqa: BLE001 what is known by now stays known
            rest = judge_bug(error, now=now, may_have_left=True)
            outcomes = dict.fromkeys(range(len(envelopes)), rest) | outcomes
        return [outcomes[index] for index in range(len(envelopes))]

    async def _dispatch(self, envelopes: list[Envelope], outcomes: dict[int, Outcome], now: datetime) -> None:
        """Fills `outcomes`, by the index of the envelope."""
        loop = asyncio.get_running_loop()
        if loop not in self._sessions:
            self._sessions[loop] = open_session(
                self._api_key, timeout=self._timeout, concurrency=self._concurrency
            )
        requests = plan_requests(envelopes, size=self._recipients, unsubscribe_group=self._unsubscribe_group)
        dispatch = Dispatch(self._sessions[loop], f"{self._host}/v3/mail/send", now, outcomes=outcomes)
        await dispatch.run(requests, concurrency=self._concurrency)

    def _build_body(self, envelope: Envelope) -> dict[str, object]:
        return build_body(envelope, unsubscribe_group=self._unsubscribe_group)


def _close_all(sessions: dict[asyncio.AbstractEventLoop, aiohttp.ClientSession]) -> None:
    """For a transport that is no longer used; a loop of the parent of a fork is not ours to touch."""
    loop = find_loop()
    if session := sessions.get(loop):
        asyncio.run_coroutine_threadsafe(session.close(), loop)
