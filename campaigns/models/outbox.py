"""What is sent, and what became of it.

A message row is written once. A `SendBatch` carries the lease and the state of up to 500 of them;
only exceptions (skipped, deferred, rejected, …) and events cost rows of their own.
"""

import uuid
from functools import cached_property
from typing import TypedDict, cast

from django.db import models
from django.db.models import Case, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django_stubs_ext import WithAnnotations

from campaigns.models.design import Campaign, Step, TemplateVersion
from experiments.models import Assignment, Variant
from recommendations.models import Kind, NeighbourModel
from shop.models import Cart, Customer, Event, Order, Product


class StatusFields(TypedDict):
    """What `with_status` adds to a message."""

    status: str
    reason: str
    detail: str


class SendBatch(models.Model):
    """Up to 500 messages that travel together. `fence` rises with every lease, so that a worker that
    wakes up late finds that the batch is no longer its own."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waits until the leader is known"
        READY = "ready", "Ready"
        LEASED = "leased", "Being prepared"
        SUBMITTING = "submitting", "Being handed over"
        DONE = "done", "Done"
        CANCELLED = "cancelled", "Cancelled"

    # Each named by its states, so that the index finds them among millions that are done.
    UNCLAIMED = (State.WAITING, State.READY)
    UNSUBMITTED = (*UNCLAIMED, State.LEASED)  # may still be cancelled
    OPEN = (*UNSUBMITTED, State.SUBMITTING)

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="batches")
    priority = models.PositiveSmallIntegerField(default=5, help_text="Lower goes first")
    state = models.CharField(max_length=10, choices=State, default=State.READY)
    due_at = models.DateTimeField()
    reason = models.CharField(max_length=40, blank=True, help_text="Why it waits, or was cancelled")
    limited_until = models.DateTimeField(
        null=True, blank=True, help_text="Until when our own limits keep, or kept, it back"
    )
    route = models.CharField(max_length=120, blank=True, help_text="By which transport it was handed over")
    leased_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    submitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "send batches"
        indexes = [models.Index(fields=["state", "priority", "due_at"], name="send_batch_open")]

    def __str__(self) -> str:
        return f"batch {self.pk} {self.state}"


class MessageQuerySet(models.QuerySet["Message"]):
    def with_status(self) -> "models.QuerySet[WithAnnotations[Message, StatusFields]]":
        """Adds `status` (see Message.Status), `reason` and `detail`: what became of each for a reader.

        A closed message is what its newest outcome says. An open one is where its batch is: a batch that
        is held back or was cancelled says why, once for all its messages. Without a batch it waits for
        its time.
        """
        newest = MessageOutcome.objects.filter(message=OuterRef("pk")).order_by("-id")
        in_batch = Case(
            When(batch=None, then=Coalesce(Subquery(newest.values("kind")[:1]), Value("queued"))),
            When(batch__state=SendBatch.State.DONE, then=Value("accepted")),
            When(batch__state=SendBatch.State.SUBMITTING, then=Value("sending")),
            When(batch__state=SendBatch.State.CANCELLED, then=Value("skipped")),
            When(~Q(batch__reason=""), then=Value("deferred")),
            default=Value("queued"),
            output_field=models.CharField(),
        )
        shown = Q(is_closed=True) | Q(batch=None)
        annotated = self.annotate(
            status=Case(When(is_closed=True, then=Subquery(newest.values("kind")[:1])), default=in_batch),
            reason=Case(
                When(shown, then=Subquery(newest.values("reason")[:1])),
                When(batch__state=SendBatch.State.DONE, then=Value("")),
                default=Coalesce(F("batch__reason"), Value("")),
            ),
            detail=Case(When(shown, then=Subquery(newest.values("detail")[:1])), default=Value("")),
        )
        return cast("models.QuerySet[WithAnnotations[Message, StatusFields]]", annotated)


class Message(models.Model):
    """One email for one customer. The id is the delivery id that providers hand back."""

    class Status(models.TextChoices):
        """What `with_status` answers."""

        QUEUED = "queued", "Queued"
        SENDING = "sending", "Being sent"
        ACCEPTED = "accepted", "Sent"
        SKIPPED = "skipped", "Not sent"
        HELD_OUT = "held_out", "Held out"
        DEFERRED = "deferred", "Later"
        REJECTED = "rejected", "Refused by the provider"
        UNKNOWN = "unknown", "Nobody can know"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.ForeignKey(Step, models.PROTECT, related_name="messages")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="messages")
    occurrence = models.CharField(max_length=100, help_text="What it is about, such as order:536365")
    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="messages")
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="messages")
    cart = models.ForeignKey(Cart, models.PROTECT, null=True, blank=True, related_name="messages")
    queued_at = models.DateTimeField()
    due_at = models.DateTimeField()
    batch = models.ForeignKey(SendBatch, models.PROTECT, null=True, blank=True, related_name="messages")
    is_closed = models.BooleanField(default=False, help_text="An outcome row ended it")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["step", "customer", "occurrence"],
                name="one_message_per_step_customer_and_occurrence",
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"], condition=Q(batch=None, is_closed=False), name="message_ungathered"
            ),
            models.Index(fields=["customer", "-queued_at"], name="message_customer"),
            models.Index(fields=["-queued_at"], name="message_queued"),
        ]

    def __str__(self) -> str:
        return str(self.id)

    @cached_property
    def campaign(self) -> Campaign:
        """That of the step, which never changes; a sender asks for it forty times an email."""
        return self.step.campaign


class RenderedMessage(models.Model):
    """What the message was made of, written in the transaction that commits the intent to send.

    The version, the arm and the context render to the very same email again, at any time.
    """

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="rendered")
    version = models.ForeignKey(TemplateVersion, models.PROTECT)
    assignment = models.ForeignKey(Assignment, models.PROTECT, null=True, blank=True)
    variant = models.ForeignKey(
        Variant, models.PROTECT, null=True, blank=True, related_name="+", help_text="Whose changes it has"
    )
    language = models.CharField(max_length=16)
    subject = models.CharField(max_length=998)
    recipient = models.EmailField(help_text="The address at that time")
    context = models.JSONField()
    is_marketing = models.BooleanField(help_text="Counts for the frequency cap")
    possible_duplicate = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="rendered_created")]

    def __str__(self) -> str:
        return self.subject


class MessageProduct(models.Model):
    """A product shown in an email, with everything needed to say why."""

    # Without an index of its own: the constraint below has one that begins with it.
    message = models.ForeignKey(Message, models.CASCADE, related_name="products", db_index=False)
    product = models.ForeignKey(Product, models.PROTECT, related_name="shown_in")
    because_of = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    support = models.PositiveIntegerField()
    scorer = models.CharField(max_length=40)
    model = models.ForeignKey(NeighbourModel, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=400, blank=True, help_text="Why, in the customer's language")
    trace = models.JSONField(
        default=dict, blank=True, help_text="What raised and lowered it, the price shown, the rules it met"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "product"], name="one_row_per_message_and_product")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.product_id}"


class MessageOutcome(models.Model):
    """An exception on the way: everything but the plain 'accepted' that the batch itself records."""

    class Kind(models.TextChoices):
        SKIPPED = "skipped", "Not sent"
        HELD_OUT = "held_out", "Held out"
        DEFERRED = "deferred", "Later"
        REJECTED = "rejected", "Refused by the provider"
        UNKNOWN = "unknown", "Nobody can know"
        ACCEPTED = "accepted", "Accepted"

    message = models.ForeignKey(Message, models.CASCADE, related_name="outcomes")
    kind = models.CharField(max_length=8, choices=Kind)
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=255, blank=True)
    until = models.DateTimeField(null=True, blank=True, help_text="When it is due again, or looked at again")
    at = models.DateTimeField(help_text="Of a held-out message: when it would have been sent")

    class Meta:
        indexes = [
            models.Index(fields=["message", "-id"], name="outcome_latest"),
            models.Index(
                fields=["until"], condition=Q(kind="unknown", until__isnull=False), name="outcome_in_doubt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.reason}"
