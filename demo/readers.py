"""SIMULATED READERS. The data has no opens and no clicks, so seeded ones are made, through the real ways in.

Each sent email is read by the same draw on every run: about 35 % are opened, 5 % clicked, 0.4 % of the
marketing ones answered with an unsubscribe. Nobody buys because of a click: the orders are what they were.
Revenue after a click therefore shows that the mechanism counts, and nothing about an effect.

One effect is put in, so that an experiment has something to find: of those who open the letter to old
customers, those whose subject is a question click `CLICKS_TIMES` as often. Nothing else knows of it.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from heapq import heappop, heappush

from django.db import transaction

from audience.consent import withdraw_consent
from campaigns.models import Campaign, Message, MessageEvent, RenderedMessage, SendBatch, TrackedLink
from campaigns.rendering import link_key
from campaigns.tracking import record_visit
from demo.flows import LETTER
from demo.seeded import draw, draw_between, pick

PROVIDER = "demo"
OPEN_SHARE = 0.35
CLICK_SHARE_OF_OPENS = 0.14
UNSUBSCRIBE_SHARE_OF_OPENS = 0.012
CLICKS_TIMES = {(LETTER, "question"): 2.5}
_Kind = MessageEvent.Kind


@dataclass(frozen=True, order=True, slots=True)
class Act:
    """What a reader is going to do with a message, and when."""

    at: datetime
    seed: str
    kind: str


class Readers:
    """Reads what was sent. Keeps to the simulated clock: nothing is done before its time has come."""

    def __init__(self, started_at: datetime) -> None:
        self._seen_until = started_at
        self._waiting: list[Act] = []
        self._messages: dict[str, Message] = {}
        self.counts: Counter[str] = Counter()

    @transaction.atomic
    def act(self, now: datetime) -> None:
        """Takes in what was sent since the last call, then does everything that is due."""
        for message in self._take_sent(now):
            self._plan(message)
        while self._waiting and self._waiting[0].at <= now:
            self._do(heappop(self._waiting))

    def _take_sent(self, now: datetime) -> list[Message]:
        sent = Message.objects.filter(
            batch__state=SendBatch.State.DONE,
            batch__finished_at__gt=self._seen_until,
            batch__finished_at__lte=now,
            is_closed=False,
            rendered__isnull=False,
        ).select_related("batch", "customer", "order", "cart", "step__campaign", "rendered__variant")
        messages = list(sent.order_by("batch__finished_at", "step", "occurrence"))
        MessageEvent.objects.bulk_create(map(_deliver, messages), ignore_conflicts=True)
        self.counts["delivered"] += len(messages)
        self._seen_until = now
        return messages

    def _plan(self, message: Message) -> None:
        # Message ids are random: what a message is about is not.
        step = message.step
        seed = f"{step.campaign.key}:{step.position}:{message.customer.external_id}:{_about(message)}"
        variant = message.rendered.variant
        times = CLICKS_TIMES.get((step.campaign.key, variant.key if variant else ""), 1.0)
        acts = list(_imagine(seed, _sent_at(message), step.campaign.message_class, click_times=times))
        if acts:
            self._messages[seed] = message
        for act in acts:
            heappush(self._waiting, act)

    def _do(self, act: Act) -> None:
        message = self._messages[act.seed]
        if act.kind == _Kind.UNSUBSCRIBED:
            done = withdraw_consent(
                message.customer, source="one_click", proof=f"message {message.pk}", now=act.at
            )
        elif act.kind == _Kind.CLICKED:
            done = _click(message, act)
        else:
            record_visit(act.kind, message.pk, now=act.at, provider=PROVIDER)
            done = True
        self.counts[act.kind] += done


def _imagine(seed: str, sent_at: datetime, message_class: str, *, click_times: float) -> Iterator[Act]:
    if draw("opens", seed) >= OPEN_SHARE:
        return
    opened_at = sent_at + timedelta(minutes=draw_between(4, 600, "opened after", seed))
    yield Act(opened_at, seed, _Kind.OPENED)
    then = opened_at + timedelta(seconds=draw_between(20, 240, "reads for", seed))
    if draw("clicks", seed) < CLICK_SHARE_OF_OPENS * click_times:
        yield Act(then, seed, _Kind.CLICKED)
    is_marketing = message_class == Campaign.MessageClass.MARKETING
    if is_marketing and draw("unsubscribes", seed) < UNSUBSCRIBE_SHARE_OF_OPENS:
        yield Act(then + timedelta(minutes=1), seed, _Kind.UNSUBSCRIBED)


def _click(message: Message, act: Act) -> bool:
    """A click on one of the message's own tracked links; False where it has none."""
    rendered = RenderedMessage.objects.get(message=message)
    links = sorted(TrackedLink.objects.filter(key__in=_keys(rendered)), key=lambda link: link.url)
    if not links:
        return False
    link = pick(links, "link", act.seed)
    record_visit(act.kind, message.pk, now=act.at, link=link, provider=PROVIDER)
    return True


def _keys(rendered: RenderedMessage) -> list[bytes]:
    """The keys of the links that the message's products, cart or order would have, or else the shop's."""
    context = rendered.context
    shown = [*context.get("upgrades", ()), *context.get("complements", ())]
    urls = [product["url"] for product in shown]
    urls += [context[part]["url"] for part in ("cart", "order") if context.get(part)]
    return [link_key(url) for url in urls or [context["shop"]["url"]] if url]


def _deliver(message: Message) -> MessageEvent:
    at = _sent_at(message) + timedelta(seconds=draw_between(5, 90, "delivered after", message.pk))
    natural = f"{PROVIDER}|{_Kind.DELIVERED}|{message.pk}"
    return MessageEvent(
        message=message,
        kind=_Kind.DELIVERED,
        provider=PROVIDER,
        natural_key=sha256(natural.encode()).hexdigest(),
        occurred_at=at,
        received_at=at,
    )


def _about(message: Message) -> str:
    """The order or cart by the shop's own number; database keys differ between runs."""
    if message.order_id and message.order:
        return message.order.external_id
    return message.cart.external_id if message.cart_id and message.cart else message.occurrence


def _sent_at(message: Message) -> datetime:
    finished_at = message.batch.finished_at if message.batch else None
    return finished_at or message.due_at
