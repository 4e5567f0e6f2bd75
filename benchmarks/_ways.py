"""The ways to send that are measured against each other; each sends some emails and says what arrived."""

import logging
from collections.abc import Callable, Iterator

import sendgrid
from anymail.backends.sendgrid import EmailBackend
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from post_office import mail as post_office
from sendgrid.helpers import mail as sg

from benchmarks._mailing import Shop
from benchmarks._peer import Job, Letter, write_bare, write_next
from benchmarks._sink import Sink
from campaigns.leasing import claim_batch
from campaigns.outcomes import record_outcomes
from campaigns.preparation import prepare_batch
from campaigns.sending import commit_intent, send_due
from delivery.background import run_in_background
from delivery.base import Outcome, OutcomeKind
from delivery.sendgrid import SendGridTransport
from delivery.sendgrid_dispatch import Dispatch
from delivery.sendgrid_http import open_session
from delivery.sendgrid_requests import Request, plan_requests

PEERS_SHARE = 10  # the peers are slow: a tenth of the emails is enough of them
SENDER = "hello@shop.example"
Way = Callable[[], tuple[int, int]]


class _OneByOne(SendGridTransport):
    takes_substitutions = False


class _Prebuilt(Request):
    """A request whose body was written before anybody looked at the clock."""

    bodies: dict[int, bytes] = {}

    def encode(self) -> bytes:
        return self.bodies[id(self.items)]


class Ways:
    def __init__(self, sink: Sink, shop: Shop, *, emails: int) -> None:
        self._sink, self._shop, self._emails = sink, shop, emails
        self._batched = SendGridTransport("SG.benchmark", sink.url)
        self._single = _OneByOne("SG.benchmark", sink.url)
        self._sdk = sendgrid.SendGridAPIClient("SG.benchmark", host=sink.url)
        self._anymail = EmailBackend(api_key="SG.benchmark", api_url=f"{sink.url}/v3/")
        settings.ANYMAIL = {"SENDGRID_API_KEY": "SG.benchmark", "SENDGRID_API_URL": f"{sink.url}/v3/"}
        settings.POST_OFFICE = {
            "BACKENDS": {"default": "anymail.backends.sendgrid.EmailBackend"},
            "BATCH_SIZE": 1_000_000,
            "CELERY_ENABLED": False,
        }
        logging.getLogger("post_office").setLevel(logging.WARNING)
        self._job = Job(shop)
        self._prebuilt = list(self._build_requests())

    def all(self) -> dict[str, Way]:
        return {
            "batched": lambda: self._send(self._batched),
            "batched_50ms": lambda: self._send(self._batched, latency_ms=50),
            "bound": self._send_prebuilt,
            "single": lambda: self._send(self._single),
            "anymail": lambda: self._send_peers(write_next, self._by_anymail),
            "sdk": lambda: self._send_peers(write_next, self._by_sdk),
            "post_office": self._send_by_post_office,
            "bare_anymail": lambda: self._send_peers(write_bare, self._by_anymail),
        }

    def _send(self, transport: SendGridTransport, *, latency_ms: int = 0) -> tuple[int, int]:
        self._sink.count(latency_ms=latency_ms)
        return self._check(send_due(self._shop.now, transport, limit=1000).accepted)

    def _send_prebuilt(self) -> tuple[int, int]:
        self._sink.count()
        run_in_background(self._dispatch())
        return self._check(self._emails)

    async def _dispatch(self) -> None:
        outcomes: dict[int, Outcome] = {}
        async with open_session("SG.benchmark", timeout=30, concurrency=12) as session:
            url = f"{self._sink.url}/v3/mail/send"
            await Dispatch(session, url, self._shop.now, outcomes=outcomes).run(
                self._prebuilt, concurrency=12
            )

    def _send_peers(self, write: Callable[[Job], Letter], send: Callable[[Letter], None]) -> tuple[int, int]:
        self._sink.count()
        for _ in range(self._emails // PEERS_SHARE):
            letter = write(self._job)
            send(letter)
            letter.note_sent()
        return self._check(self._emails // PEERS_SHARE)

    def _send_by_post_office(self) -> tuple[int, int]:
        """Its own rows say what was sent; ours are not written besides."""
        self._sink.count()
        for _ in range(self._emails // PEERS_SHARE):
            letter = write_next(self._job)
            post_office.send(
                letter.to, SENDER, subject=letter.subject, message=letter.text, html_message=letter.html
            )
        sent, _failed, _requeued = post_office.send_queued(log_level=0)
        return self._check(sent)

    def _check(self, sent: int) -> tuple[int, int]:
        counted = self._sink.count()
        if counted.emails != sent:
            raise AssertionError(f"{sent} were sent, {counted.emails} came")
        return sent, counted.bytes

    def _by_anymail(self, letter: Letter) -> None:
        message = EmailMultiAlternatives(letter.subject, letter.text, SENDER, [letter.to])
        message.attach_alternative(letter.html, "text/html")
        self._anymail.open()
        self._anymail.send_messages([message])

    def _by_sdk(self, letter: Letter) -> None:
        self._sdk.send(sg.Mail(SENDER, letter.to, letter.subject, letter.text, letter.html))

    def _build_requests(self) -> Iterator[Request]:
        """What the engine would post, batch by batch, each body written already."""
        now, name = self._shop.now, self._batched.name
        self._shop.queue(self._emails)
        while claim := claim_batch(name, now):
            prepared = prepare_batch(claim.batch, self._batched, now)
            leaving = commit_intent(claim.batch, prepared, now, route=name) or []
            envelopes = [item.envelope for item in leaving if item.envelope]
            for request in plan_requests(envelopes, size=500):
                _Prebuilt.bodies[id(request.items)] = request.encode()
                yield _Prebuilt(request.items)
            accepted = [Outcome(OutcomeKind.ACCEPTED) for _ in leaving]
            record_outcomes(claim.batch, [item.message for item in leaving], accepted, now)
