"""Whether we may write to someone: an append-only consent ledger, suppressions, preferences."""

from django.db import models

from shop.models import Customer, Event


class Topic(models.TextChoices):
    MARKETING = "marketing", "Offers and suggestions"


class ConsentEntry(models.Model):
    """One line of the ledger. The newest line for a customer and topic is the answer; none means no.

    `ledger.judge` knows the one exception: a soft opt-in never outweighs an earlier no.
    """

    class State(models.TextChoices):
        GRANTED = "granted", "Granted"
        WITHDRAWN = "withdrawn", "Withdrawn"

    class Basis(models.TextChoices):
        EXPLICIT = "explicit", "Explicit consent"
        SOFT_OPT_IN = "soft_opt_in", "Customer relation (soft opt-in)"
        OBJECTION = "objection", "Objection"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents")
    topic = models.CharField(max_length=20, choices=Topic, default=Topic.MARKETING)
    state = models.CharField(max_length=9, choices=State)
    basis = models.CharField(max_length=11, choices=Basis)
    source = models.CharField(max_length=40, help_text="api, one_click, preference_page, complaint, import…")
    proof = models.CharField(max_length=255, blank=True, help_text="Where it was said: form, text version")
    event = models.OneToOneField(Event, models.PROTECT, null=True, blank=True, related_name="consent_entry")
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "consent entries"
        indexes = [models.Index(fields=["customer", "topic", "-occurred_at", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.topic} {self.state}"


class Suppression(models.Model):
    """An address that gets no mail of this scope, whoever it belongs to. Kept as a keyed hash."""

    class Scope(models.TextChoices):
        ALL = "all", "Every email"
        MARKETING = "marketing", "Marketing only"

    class Reason(models.TextChoices):
        BOUNCED = "bounced", "Address bounced"
        COMPLAINED = "complained", "Marked as spam"
        UNSUBSCRIBED = "unsubscribed", "Unsubscribed at the provider"
        MANUAL = "manual", "Added by the shop"

    address_hash = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the normalised address")
    scope = models.CharField(max_length=9, choices=Scope)
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address_hash", "scope"], name="one_suppression_per_address_and_scope"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address_hash[:8]} {self.scope}"


class Preference(models.Model):
    """What a customer chose on the preference page beyond yes and no."""

    class Pace(models.TextChoices):
        NORMAL = "normal", "As it comes"
        WEEKLY = "weekly", "At most once a week"
        MONTHLY = "monthly", "At most once a month"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="preference")
    pace = models.CharField(max_length=7, choices=Pace, default=Pace.NORMAL)
    paused_until = models.DateTimeField(null=True, blank=True)
    no_suggestions = models.BooleanField(default=False, help_text="Keep the mail, leave the products out")
    language = models.CharField(max_length=16, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.customer_id} {self.pace}"
