"""Links and the pixel: where they lead is signed or looked up, never taken from the address."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce

from audience.links import read, signed_url
from campaigns.compiling.addresses import WEB
from campaigns.models import Campaign, Message, MessageEvent, TrackedLink
from campaigns.rendering import link_key
from campaigns.visits import Visit, judge_visit


class MessageTracking(NamedTuple):
    """Rewrites the links of one message, as far as its campaign tracks opens and clicks."""

    message_id: UUID
    opens: bool
    clicks: bool

    def link(self, url: str) -> str:
        """The tracked address of `url`; it works once the batch has stored the link under its key."""
        if not self.clicks:
            return url
        return signed_url("campaigns:click", "click", self.message_id.bytes + link_key(url))

    def pixel(self) -> str:
        """The pixel's address, or an empty string where opens are not tracked."""
        return signed_url("campaigns:open", "open", self.message_id.bytes) if self.opens else ""


@dataclass(frozen=True)
class Click:
    message_id: UUID
    link: TrackedLink


def read_click(token: str) -> Click | None:
    """What the token stands for; None when it is forged or cut off, or its message or its end is gone."""
    payload = read("click", token)
    if payload is None or len(payload) != 24:
        return None
    link = TrackedLink.objects.filter(key=payload[16:]).first()
    message_id = UUID(bytes=payload[:16])
    if link is None or not _leads_somewhere(link.url):
        return None
    return Click(message_id, link) if Message.objects.filter(pk=message_id).exists() else None


def _leads_somewhere(url: str) -> bool:
    """Whether all browsers agree on where: a whole address, and nothing that could end a header."""
    return bool(WEB.match(url)) and url.isprintable() and "\\" not in url


def find_destination(click: Click) -> str:
    """Where the click leads: the address of the email; in the shop itself with the campaign's name.

    utm parameters tell the shop's own statistics where a visit came from. They are added here and not in
    the email, which stays small; an address that has them already, or leads elsewhere, is left alone.
    """
    parts = urlsplit(click.link.url)
    known = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    source, shop = settings.PAIRWELL["UTM_SOURCE"], urlsplit(settings.PAIRWELL["SHOP_URL"]).netloc
    if not source or parts.netloc != shop or "utm_source" in known:
        return click.link.url
    campaign = Campaign.objects.filter(steps__messages=click.message_id).values_list("key", flat=True).first()
    added = {"utm_source": source, "utm_medium": "email", "utm_campaign": campaign or "",
             "utm_content": bytes(click.link.key).hex()}  # fmt: skip
    query = "&".join(filter(None, [parts.query, urlencode(added)]))
    return urlunsplit(parts._replace(query=query))


def read_open(token: str) -> UUID | None:
    payload = read("open", token)
    if payload is None or len(payload) != 16:
        return None
    message_id = UUID(bytes=payload)
    return message_id if Message.objects.filter(pk=message_id).exists() else None


def record_visit(
    kind: str,
    message_id: UUID,
    *,
    now: datetime,
    agent: str = "",
    link: TrackedLink | None = None,
    is_head: bool = False,
    provider: str = "own",
) -> None:
    """Appends an open or a click. The same visit within the same second counts once."""
    natural = f"{provider}|{kind}|{message_id}|{link.pk if link else ''}|{int(now.timestamp())}"
    event = MessageEvent(
        message_id=message_id,
        kind=kind,
        provider=provider,
        natural_key=sha256(natural.encode()).hexdigest(),
        is_machine=is_head or is_machine_visit(agent, _find_arrival(message_id), now),
        link=link,
        detail=({"agent": agent[:200]} if agent else {}) | ({"method": "HEAD"} if is_head else {}),
        occurred_at=now,
        received_at=now,
    )
    MessageEvent.objects.bulk_create([event], ignore_conflicts=True)


def _find_arrival(message_id: UUID) -> datetime | None:
    """When the provider delivered the message; when its batch began to leave, as long as nobody said so."""
    delivered = MessageEvent.objects.filter(message=OuterRef("pk"), kind=MessageEvent.Kind.DELIVERED)
    first = Subquery(delivered.order_by("occurred_at").values("occurred_at")[:1])
    arrivals = Message.objects.filter(pk=message_id).annotate(at=Coalesce(first, "batch__submitted_at"))
    return arrivals.values_list("at", flat=True).first()


def is_machine_visit(agent: str, arrived_at: datetime | None, now: datetime) -> bool:
    """Whether a scanner or proxy came rather than a person, by its name or by its haste."""
    haste = (now - arrived_at).total_seconds() if arrived_at else None
    return judge_visit(Visit(agent=agent, haste=haste)).is_machine
