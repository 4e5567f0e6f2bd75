"""Handing requests over, several at a time, and finding out whom a refusal is about."""

import asyncio
from collections import deque
from collections.abc import Iterable
from datetime import datetime

import aiohttp

from delivery.base import Outcome, OutcomeKind
from delivery.outcomes import Breaker, judge_bug
from delivery.sendgrid_http import Answer, post
from delivery.sendgrid_requests import Request, find_blame

# So many refusals of parts without one acceptance, and it is not about single recipients.
REFUSALS_MAX = 12
_DIVIDED = frozenset({"http_400", "http_413"})  # nothing of the request was accepted, so parts may be tried


class Dispatch:
    """One hand-over. `outcomes` are filled by the index of the envelope, as they become known."""

    def __init__(
        self, session: aiohttp.ClientSession, url: str, now: datetime, *, outcomes: dict[int, Outcome]
    ) -> None:
        self._session = session
        self._url = url
        self._now = now
        self._breaker = Breaker(now)
        self._refusals = 0
        self._waiting: deque[Request] = deque()
        self.outcomes = outcomes

    async def run(self, requests: Iterable[Request], *, concurrency: int) -> None:
        """Every request, and what has to be tried again of those refused. Raises nothing."""
        self._waiting.extend(requests)
        async with asyncio.TaskGroup() as workers:
            for _ in range(min(concurrency, len(self._waiting))):
                workers.create_task(self._work())

    async def _work(self) -> None:
        while self._waiting:
            request = self._waiting.popleft()
            try:
                await self._hand_over(request)
            except Exception as error:  # noqa: BLE001 it must not cost the other requests their outcomes
                self._settle(request, judge_bug(error, now=self._now, may_have_left=True))

    async def _hand_over(self, request: Request) -> None:
        if verdict := self._breaker.ask():
            self._settle(request, verdict)
            return
        try:
            data = request.encode()
        except Exception as error:  # noqa: BLE001 it costs this request alone, of which no byte has left
            self._settle(request, judge_bug(error, now=self._now, may_have_left=False))
            return
        answer = await post(self._session, self._url, data=data, now=self._now)
        self._breaker.note(answer.outcome)
        if answer.outcome.kind is OutcomeKind.ACCEPTED:
            self._refusals = 0
        if answer.outcome.reason in _DIVIDED and len(request.items) > 1:
            self._divide(request, answer)
        else:
            self._settle(request, answer.outcome)

    def _divide(self, request: Request, answer: Answer) -> None:
        """Refuses those whom SendGrid named and tries the rest; halves it where it named nobody."""
        self._refusals += 1
        blame = find_blame(answer.errors, recipients=len(request.items))
        if blame.is_shared or self._refusals > REFUSALS_MAX:
            self._settle(request, answer.outcome)
        elif blame.places and answer.outcome.reason == "http_400":
            for place in blame.places:
                self.outcomes[request.items[place].index] = answer.outcome
            if len(blame.places) < len(request.items):
                self._waiting.appendleft(request.without(blame.places))
        else:
            self._waiting.extendleft(reversed(request.halve()))

    def _settle(self, request: Request, outcome: Outcome) -> None:
        for item in request.items:
            self.outcomes[item.index] = outcome
