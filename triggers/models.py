"""When to write: triggers of registered kinds, and who is on the way through one."""

from django.db import models
from django.db.models import Q

from campaigns.models import Campaign
from shop.models import Cart, Customer, Event, Order


class Trigger(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"

    class Reentry(models.TextChoices):
        ALWAYS = "always", "Every time it happens"
        ONCE = "once", "Once a customer"
        AFTER_DAYS = "after_days", "Again after some days"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40, help_text="A registered kind: order_confirmation, abandoned_cart…")
    settings = models.JSONField(default=dict, blank=True, help_text="Checked by the kind's settings form")
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="triggers")
    status = models.CharField(max_length=6, choices=Status, default=Status.ACTIVE)
    reentry = models.CharField(max_length=10, choices=Reentry, default=Reentry.ALWAYS)
    reentry_days = models.PositiveIntegerField(default=0)
    active_from = models.DateTimeField(help_text="Events that occurred before this enrol nobody")

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """One customer on the way through one trigger's steps; the row is the job, `due_at` its time."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Finished"
        EXITED = "exited", "Left early"
        REFUSED = "refused", "Not enrolled"

    trigger = models.ForeignKey(Trigger, models.PROTECT, related_name="enrolments")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="enrolments")
    entry_key = models.CharField(max_length=100, help_text="What it is about, such as order:536365")
    event = models.ForeignKey(Event, models.PROTECT, related_name="enrolments")
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+")
    cart = models.ForeignKey(Cart, models.PROTECT, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=7, choices=State, default=State.WAITING)
    reason = models.CharField(max_length=40, blank=True, help_text="Why it left early or never entered")
    step_position = models.PositiveSmallIntegerField(default=0, help_text="The next step to take")
    entered_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["trigger", "customer", "entry_key"],
                name="one_enrolment_per_trigger_customer_and_entry_key",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="waiting"), name="enrolment_due"),
            models.Index(fields=["customer", "-entered_at"], name="enrolment_customer"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger_id} {self.entry_key}"
