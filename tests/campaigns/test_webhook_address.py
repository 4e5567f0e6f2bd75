"""The address at which a provider's news comes in: only what is signed is kept, and nothing breaks it."""

from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.asgi import ASGIRequest
from django.test import Client
from django.urls import reverse

from campaigns.models import WebhookPayload
from campaigns.views import MAX_WEBHOOK_BYTES, sendgrid_webhook
from tests.servers.sendgrid_webhook import EventSigner

pytestmark = pytest.mark.django_db
JSON = "application/json"
EVENTS = [{"event": "delivered", "email": "buyer@mail.example"}]


@pytest.fixture
def signer(settings: Any) -> EventSigner:
    signer = EventSigner()
    settings.PAIRWELL = settings.PAIRWELL | {"SENDGRID_WEBHOOK_KEYS": [signer.public_key]}
    return signer


def post(client: Client, body: bytes, *, headers: dict[str, str], **extra: Any) -> int:
    extra["headers"] = {name: value for name, value in headers.items() if name != "Content-Type"}
    return client.post(reverse("campaigns:sendgrid_webhook"), body, content_type=JSON, **extra).status_code


def test_what_is_signed_is_kept_byte_for_byte(client: Client, signer: EventSigner, now: datetime) -> None:
    headers, body = signer.sign(EVENTS, at=now)
    assert post(client, body, headers=headers) == 204
    assert bytes(WebhookPayload.objects.get().body) == body


@pytest.mark.parametrize("length", ["abc", "-5", "3"])
def test_an_odd_content_length_is_refused_like_a_forgery(
    client: Client, signer: EventSigner, now: datetime, length: str
) -> None:
    headers, body = signer.sign(EVENTS, at=now)
    assert post(client, body, headers=headers, CONTENT_LENGTH=length) == 403
    assert not WebhookPayload.objects.exists()


def test_a_body_above_the_limit_is_refused(client: Client, signer: EventSigner, now: datetime) -> None:
    headers, body = signer.sign(["a" * MAX_WEBHOOK_BYTES], at=now)
    assert post(client, body, headers=headers) == 413
    assert not WebhookPayload.objects.exists()


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"10")]])
def test_the_limit_holds_for_what_comes_not_for_what_was_announced(
    headers: list[tuple[bytes, bytes]],
) -> None:
    scope = {"type": "http", "method": "POST", "path": "/hooks/sendgrid", "headers": headers}
    request = ASGIRequest(scope, BytesIO(b" " * (MAX_WEBHOOK_BYTES + 1)))
    assert sendgrid_webhook(request).status_code == 413
