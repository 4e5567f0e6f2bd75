"""One request a message, or one for many with substitutions: what arrives is the same to the byte."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

import pytest

from campaigns.email_files import list_directories, read_directory
from campaigns.fragments import Fragments, Recipient, Splitter, split
from campaigns.rendering import RenderedEmail, make_ready, render_ready
from delivery.base import Envelope, OutcomeKind
from delivery.sendgrid import SendGridTransport
from tests.campaigns.emails import compile_one
from tests.campaigns.recipients import LANGUAGES, make_recipients
from tests.campaigns.test_generated_code import Redirects
from tests.servers.sendgrid_server import Accepted, SendGridServer

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def address(number: int, email: RenderedEmail | Fragments, name: str) -> Envelope:
    """What the engine makes of an email, whole or in parts."""
    parts = email if isinstance(email, Fragments) else None
    return Envelope(
        delivery_id=uuid5(UUID(int=0), str(number)),
        message_class="marketing",
        from_email="hello@shop.example",
        from_name="فروشگاه",
        to_email=f"customer{number}@buyer.example",
        to_name=name,
        subject=email.subject,
        text="" if isinstance(email, Fragments) else email.text,
        html="" if isinstance(email, Fragments) else email.html,
        headers={
            "List-Unsubscribe": f"<https://shop.example/u/{number}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        category="spring",
        skeleton=parts.skeleton if parts else None,
        substitutions=parts.substitutions if parts else {},
    )


def arrivals(envelopes: list[Envelope]) -> tuple[dict[str, Any], int]:
    """What arrived, by delivery id, and in how many requests. The server judges each of them."""
    with SendGridServer() as server:
        outcomes = SendGridTransport("SG.test", server.url).send(envelopes, now=NOW)
        assert {(outcome.kind, outcome.detail) for outcome in outcomes} == {(OutcomeKind.ACCEPTED, "")}
        bodies: list[Accepted] = server.accepted
        return {accepted.delivery_id: accepted.body for accepted in bodies}, len(server.received)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("directory", list_directories(), ids=lambda path: path.name)
def test_both_ways_give_the_same_mail_to_the_byte(directory: Any, language: str) -> None:
    email = read_directory(directory)
    ready = make_ready(compile_one(email.source.text, email.texts, language=language))
    contexts = [*make_recipients(email.sample, 5, seed=f"{language} ways")] * 2
    splitter = split(ready)
    assert isinstance(splitter, Splitter)
    parts = splitter.render_fragments(Recipient(context, Redirects()) for context in contexts)
    wholes = [render_ready(ready, context, tracking=Redirects()) for context in contexts]
    names = [context["customer"]["name"] for context in contexts]
    alone = [address(*one) for one in zip(range(10), wholes, names, strict=True)]
    together = [
        address(number, part if isinstance(part, Fragments) else whole, name)
        for number, (part, whole, name) in enumerate(zip(parts, wholes, names, strict=True))
    ]
    one_by_one, requests = arrivals(alone)
    assert requests == 10
    in_parts, requests = arrivals(together)
    assert requests < 10
    assert in_parts == one_by_one
