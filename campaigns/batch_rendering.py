"""Rendering a whole batch: in parts where the transport and the email allow it, else one email at a time."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from campaigns.compiler import CompileError
from campaigns.fragments import Fragments, Recipient, Whole, split
from campaigns.models import Message, TemplateVersion
from campaigns.rendering import ReadyEmail, RenderedEmail, Renderer, RenderError, render_ready
from campaigns.tracking import MessageTracking


class Order(NamedTuple):
    """What is to be rendered for one message. `changes` is the variant's, {} for none."""

    message: Message
    version: TemplateVersion
    changes: Mapping[str, Any]
    context: Mapping[str, Any]
    language: str
    country: str

    @property
    def tracking(self) -> MessageTracking:
        campaign = self.message.campaign
        return MessageTracking(self.message.id, opens=campaign.track_opens, clicks=campaign.track_clicks)


class Rendering(NamedTuple):
    """An email, whole or in parts, or why there is none; `whole_because` is why not in parts."""

    email: RenderedEmail | Fragments | None
    problem: str = ""
    whole_because: str = ""


def render_batch(orders: Sequence[Order], renderer: Renderer, *, in_parts: bool) -> list[Rendering]:
    """One rendering for each order, in order. Nothing is queried but each email's compiled form, once."""
    renderings: dict[int, Rendering] = {}
    groups: dict[int, tuple[ReadyEmail, list[int]]] = {}
    for place, order in enumerate(orders):
        try:
            ready = renderer.prepare(
                order.version, language=order.language, changes=order.changes, country=order.country
            )
        except CompileError as error:
            renderings[place] = Rendering(None, str(error))
            continue
        groups.setdefault(id(ready), (ready, []))[1].append(place)
    for ready, places in groups.values():
        group = [orders[place] for place in places]
        rendered = _render_in_parts(ready, group) if in_parts else _render_whole(ready, group)
        renderings |= zip(places, rendered, strict=True)
    return [renderings[place] for place in range(len(orders))]


def count_whole(renderings: Iterable[Rendering]) -> Counter[str]:
    """How many emails could not be sent in parts, by reason."""
    return Counter(one.whole_because for one in renderings if one.whole_because)


def _render_in_parts(ready: ReadyEmail, orders: Sequence[Order]) -> list[Rendering]:
    splitter = split(ready)
    if isinstance(splitter, Whole):
        return _render_whole(ready, orders, because=splitter.code)
    parts = splitter.render_fragments(Recipient(order.context, order.tracking) for order in orders)
    return [
        _render_one(ready, order, because=part.code) if isinstance(part, Whole) else Rendering(part)
        for order, part in zip(orders, parts, strict=True)
    ]


def _render_whole(ready: ReadyEmail, orders: Sequence[Order], *, because: str = "") -> list[Rendering]:
    return [_render_one(ready, order, because=because) for order in orders]


def _render_one(ready: ReadyEmail, order: Order, *, because: str = "") -> Rendering:
    label = f"message {order.message.id}"
    try:
        email = render_ready(ready, order.context, tracking=order.tracking, label=label)
    except RenderError as error:
        return Rendering(None, str(error))
    return Rendering(email, whole_because=because)
