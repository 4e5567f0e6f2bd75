"""What comes back: opens, clicks, provider events, and the preview inbox."""

from django.db import models
from django.db.models import Q

from campaigns.models.outbox import Message


class MessageEvent(models.Model):
    """What came back, from a provider's webhook or from our own links. Unique twice over, because
    providers repeat themselves under new ids."""

    class Kind(models.TextChoices):
        PROCESSED = "processed", "Accepted by the provider"
        DEFERRED = "deferred", "Delayed by the mailbox"
        DELIVERED = "delivered", "Delivered"
        BOUNCED = "bounced", "Bounced"
        BLOCKED = "blocked", "Blocked"
        DROPPED = "dropped", "Dropped by the provider"
        OPENED = "opened", "Opened"
        CLICKED = "clicked", "Clicked"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed"
        COMPLAINED = "complained", "Marked as spam"

    message = models.ForeignKey(Message, models.CASCADE, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=12, choices=Kind)
    provider = models.CharField(max_length=20, help_text="sendgrid, own, demo…")
    provider_event_id = models.CharField(max_length=120, null=True, blank=True)  # noqa: DJ001 (NULLs are distinct)
    natural_key = models.CharField(max_length=64, unique=True)
    is_machine = models.BooleanField(default=False, help_text="A scanner or proxy, not a person")
    classifier = models.PositiveSmallIntegerField(default=0, help_text="Rules that scored it; 0: not yet")
    link = models.ForeignKey("TrackedLink", models.PROTECT, null=True, blank=True, related_name="events")
    detail = models.JSONField(default=dict, blank=True)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["provider", "provider_event_id"], name="one_event_per_provider_and_id"
            )
        ]
        indexes = [
            models.Index(fields=["message", "kind", "occurred_at"], name="message_event_lookup"),
            models.Index(
                fields=["occurred_at"], condition=Q(kind="clicked", is_machine=False), name="human_click"
            ),
            models.Index(
                fields=["id"],
                condition=Q(classifier=0, kind__in=["opened", "clicked"]),
                name="visit_unscored",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.message_id}"


class VisitScore(models.Model):
    """How much speaks for a program behind an open or a click: our reading, apart from what came in."""

    event = models.OneToOneField(MessageEvent, models.CASCADE, primary_key=True, related_name="score")
    value = models.FloatField(help_text="0: nothing speaks for a program; 1: it is one")
    reasons = models.JSONField(default=list, help_text="Signs, as in campaigns.visits")
    classifier = models.PositiveSmallIntegerField(help_text="The version of the rules")
    scored_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.event_id} {self.value:.2f}"


class TrackedLink(models.Model):
    """A link target. `key` is a hash of the address, so a batch upserts its links in one statement."""

    key = models.BinaryField(max_length=8, unique=True)
    url = models.TextField()

    def __str__(self) -> str:
        return self.url


class WebhookPayload(models.Model):
    """A provider's post as it came, stored before anything is made of it."""

    provider = models.CharField(max_length=20)
    body = models.BinaryField()
    received_at = models.DateTimeField()
    processed_at = models.DateTimeField(null=True, blank=True)
    problems = models.JSONField(
        default=list, blank=True, help_text="Elements that could not be read, and why"
    )

    class Meta:
        indexes = [models.Index(fields=["id"], condition=Q(processed_at=None), name="webhook_unprocessed")]

    def __str__(self) -> str:
        return f"{self.provider} {self.received_at:%Y-%m-%d %H:%M}"


class RefusedMail(models.Model):
    """Mail that tried to leave by a side door, past the outbox: who tried and why it was refused.

    Neither addressee nor text is kept.
    """

    reason = models.CharField(max_length=40)
    origin = models.CharField(max_length=200, help_text="Module and line that tried")
    recipients = models.PositiveIntegerField()
    refused_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.reason} {self.origin}"


class PreviewMail(models.Model):
    """The preview inbox: an email as it would have left, one row a hand-over, so doubles would show."""

    delivery_id = models.UUIDField(db_index=True)
    recipient = models.CharField(max_length=320)
    subject = models.CharField(max_length=998)
    mime = models.BinaryField(help_text="The whole message, zlib-compressed")
    received_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["-received_at"], name="preview_received")]

    def __str__(self) -> str:
        return self.subject
