"""Which variant: experiments, their arms, and who was put into which, once and for all."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from shop.models import Customer


class Experiment(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    hypothesis = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.DRAFT)
    salt = models.CharField(max_length=40, help_text="Seeds the hash; a restart gets a new one")
    holdout_share = models.FloatField(
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text="Share of people who get nothing, so that the effect of writing at all is known",
    )
    window_days = models.PositiveIntegerField(default=7, help_text="Orders this long after count")
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class Variant(models.Model):
    """One arm. `changes` says what differs: {"texts": {"en": {"subject": "…"}}}, {"blocks": {"intro": "b"}}
    or {"recommender": "popular"}; empty for the control."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="variants")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=80)
    weight = models.FloatField(default=0.5, validators=[MinValueValidator(0)])
    changes = models.JSONField(default=dict, blank=True)
    is_control = models.BooleanField(default=False)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "key"], name="one_variant_per_experiment_and_key")
        ]

    def __str__(self) -> str:
        return self.name


class Assignment(models.Model):
    """The arm of one person, first wins; without a variant the person is held out."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="assignments")
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="assignments")
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, related_name="assignments")
    is_forced = models.BooleanField(default=False, help_text="Preview and test people never count")
    assigned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "customer"], name="one_assignment_per_experiment_and_customer"
            )
        ]
        indexes = [
            models.Index(
                fields=["experiment", "assigned_at"], condition=Q(is_forced=False), name="assignment_counted"
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.customer_id}"
