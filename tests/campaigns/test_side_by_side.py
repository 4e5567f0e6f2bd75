"""A batch is prepared while the one before it is handed over, and nothing is lost between the two."""

import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from django.conf import settings as django_settings

from campaigns import preparation, sending
from campaigns.models import SendBatch
from campaigns.outcomes import Tally
from campaigns.sending import send_due
from delivery.base import Envelope, Outcome, OutcomeKind, Problem
from delivery.preview import PreviewTransport
from tests.campaigns.conftest import QueueOrders
from tests.delivery.memory_store import MemoryStore
from tests.flows import read_statuses

pytestmark = pytest.mark.django_db
PATIENCE = 20  # seconds until a test that would hang fails


class Remote(PreviewTransport):
    """Answers the first batch only when the second one is being prepared."""

    is_remote = True

    def __init__(self) -> None:
        super().__init__(MemoryStore())
        self.prepared: list[str] = []
        self.is_ahead = threading.Event()
        self.waited = False

    def validate(self, envelope: Envelope) -> list[Problem]:
        self.prepared.append(envelope.to_email)
        if len(self.prepared) > 2:
            self.is_ahead.set()
        return []

    def send(self, envelopes: Sequence[Envelope], *, now: datetime) -> list[Outcome]:  # noqa: ARG002
        self.waited = self.is_ahead.wait(PATIENCE) or self.waited
        return [Outcome(OutcomeKind.ACCEPTED)] * len(envelopes)


@pytest.fixture(autouse=True)
def batches_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(django_settings.PAIRWELL, "BATCH_SIZE", 2)


def test_the_next_batch_is_prepared_meanwhile(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations(6)
    transport = Remote()
    assert send_due(now, transport) == Tally(accepted=6)
    assert transport.waited
    assert len(transport.prepared) == 6
    assert set(SendBatch.objects.values_list("state", flat=True)) == {SendBatch.State.DONE}


def test_what_is_under_way_is_recorded_though_the_next_batch_fails(
    now: datetime, queue_confirmations: QueueOrders, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue_confirmations(4)
    transport = Remote()
    prepare, calls = preparation.prepare_batch, list[int]()

    def lose_the_code(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            transport.is_ahead.set()
            raise ImportError
        return prepare(*args)

    monkeypatch.setattr(sending, "prepare_batch", lose_the_code)
    with pytest.raises(ImportError):
        send_due(now, transport)
    assert sorted(read_statuses()) == ["accepted"] * 2 + ["queued"] * 2
