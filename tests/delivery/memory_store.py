"""The preview's store, kept in a list."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from delivery.preview import StoredMail


class MemoryStore:
    def __init__(self) -> None:
        self.mails: list[StoredMail] = []
        self.saved_at: list[datetime] = []

    def save(self, mails: Sequence[StoredMail], now: datetime) -> None:
        self.mails.extend(mails)
        self.saved_at.append(now)

    def find(self, delivery_ids: Sequence[UUID]) -> set[UUID]:
        return {mail.delivery_id for mail in self.mails} & set(delivery_ids)
