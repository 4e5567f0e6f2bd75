"""Proofs: an email that somebody of the shop sends to themselves to look at it in a real mailbox."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from campaigns.models.design import EmailTemplate
from shop.models import Customer

_IS_OPEN = Q(state__in=["queued", "sending"])


class ProofEmail(models.Model):
    """One proof, kept as it was rendered. No `Message`: nothing that counts emails can come across it."""

    class State(models.TextChoices):
        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being sent"
        ACCEPTED = "accepted", "Sent"
        REJECTED = "rejected", "Not sent"
        UNKNOWN = "unknown", "Nobody can know"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    template = models.ForeignKey(EmailTemplate, models.CASCADE, related_name="proofs")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    about = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="+", help_text="Whose data it shows"
    )
    recipient = models.EmailField(help_text="Their own address at that time")
    message_class = models.CharField(max_length=13)
    language = models.CharField(max_length=16)
    subject = models.CharField(max_length=998)
    html = models.TextField()
    text = models.TextField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    reason = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=255, blank=True)
    asked_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ["-asked_at"]
        indexes = [
            models.Index(fields=["asked_at"], condition=_IS_OPEN, name="proof_open"),
            models.Index(fields=["asked_by", "-asked_at"], name="proof_asked"),
        ]

    def __str__(self) -> str:
        return self.subject
