"""Whether we may write to someone: an append-only consent ledger, suppressions, preferences."""

from django.db import models

from shop.models import Customer, Event


class Topic(models.TextChoices):
    """Consent is given to marketing as a whole; its parts can be declined one by one."""

    MARKETING = "marketing", "Offers and suggestions"
    CARTS = "carts", "Reminders of a cart"
    FOLLOW_UPS = "follow_ups", "After a purchase"
    NEWS = "news", "News and offers"


PARTS_OF_MARKETING = (Topic.CARTS, Topic.FOLLOW_UPS, Topic.NEWS)


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
        INQUIRY = "inquiry", "Inquiry before a sale (implied consent)"
        OBJECTION = "objection", "Objection"

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="consents")
    topic = models.CharField(max_length=20, choices=Topic, default=Topic.MARKETING)
    state = models.CharField(max_length=9, choices=State)
    basis = models.CharField(max_length=11, choices=Basis)
    source = models.CharField(max_length=40, help_text="api, one_click, preference_page, complaint, import…")
    proof = models.CharField(max_length=255, blank=True, help_text="Where it was said: form, message, call")
    text_version = models.CharField(max_length=120, blank=True, help_text="Of the words that were agreed to")
    conditions = models.JSONField(
        default=dict, blank=True, help_text='Of a soft opt-in: {"sale": "536365", "opt_out_offered": true}'
    )
    event = models.OneToOneField(Event, models.PROTECT, null=True, blank=True, related_name="consent_entry")
    occurred_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True, help_text="Empty: as long as the law says")
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "consent entries"
        indexes = [models.Index(fields=["customer", "topic", "-occurred_at", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.topic} {self.state}"


class ConsentRequest(models.Model):
    """A yes that waits for its confirmation by email (double opt-in). Until then it counts for nothing."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consent_requests")
    text_version = models.CharField(max_length=120, blank=True)
    proof = models.CharField(max_length=255, blank=True)
    event = models.OneToOneField(Event, models.SET_NULL, null=True, related_name="consent_request")
    requested_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    refused_for = models.CharField(max_length=40, blank=True, help_text="Why no email asks for it")
    confirmed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["customer", "-requested_at"], name="consent_request_latest")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.requested_at:%Y-%m-%d}"


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
        ERASED = "erased", "The person was erased"

    address_hash = models.CharField(max_length=64, help_text="HMAC-SHA-256 of the normalised address")
    scope = models.CharField(max_length=9, choices=Scope)
    reason = models.CharField(max_length=12, choices=Reason)
    detail = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When the provider was told, told us, or had nobody to be told about",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["address_hash", "scope"], name="one_suppression_per_address_and_scope"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address_hash[:8]} {self.scope}"


class ProviderList(models.Model):
    """How far one of the provider's lists is read, or ours told; the row is the job, `due_at` its time.

    A round covers `since` to `until` and may stop after any page; `position` is where it goes on.
    """

    name = models.CharField(max_length=20, unique=True)
    due_at = models.DateTimeField()
    since = models.DateTimeField(null=True, blank=True, help_text="What came before was read in full")
    until = models.DateTimeField(null=True, blank=True, help_text="The end of the round under way")
    position = models.PositiveBigIntegerField(default=0)
    entries = models.PositiveIntegerField(default=0, help_text="Read or told in this round, or in the last")
    finished_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=255, blank=True)

    def __str__(self) -> str:
        return self.name


class Preference(models.Model):
    """What a customer chose on the preference page beyond yes and no."""

    class Pace(models.TextChoices):
        NORMAL = "normal", "As it comes"
        FEWER = "fewer", "Half as often"
        WEEKLY = "weekly", "At most once a week"
        MONTHLY = "monthly", "At most once a month"

    customer = models.OneToOneField(Customer, models.CASCADE, related_name="preference")
    pace = models.CharField(max_length=7, choices=Pace, default=Pace.NORMAL)
    paused_until = models.DateTimeField(null=True, blank=True)
    no_suggestions = models.BooleanField(default=False, help_text="Keep the mail, leave the products out")
    declined_topics = models.JSONField(default=list, blank=True, help_text='Parts of marketing: ["carts"]')
    language = models.CharField(max_length=16, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.customer_id} {self.pace}"
