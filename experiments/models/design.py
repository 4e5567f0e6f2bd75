"""What a marketer makes: an experiment, its variants, and which experiments exclude each other."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q


class Layer(models.Model):
    """Experiments of one layer share no person: each owns some of the layer's 100 slots of people."""

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1, help_text="Raising it deals the people anew")

    def __str__(self) -> str:
        return self.name


class Experiment(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", "Draft"
        RUNNING = "running", "Running"
        STOPPED = "stopped", "Stopped"

    class Mode(models.TextChoices):
        FIXED = "fixed", "Fixed split"
        BANDIT = "bandit", "More people to what leads (allocation, not evidence)"

    class Metric(models.TextChoices):
        CLICK = "click", "Clicks"
        CONVERSION = "conversion", "Orders"
        REVENUE = "revenue", "Revenue"
        MARGIN = "margin", "Margin"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    hypothesis = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=7, choices=Status, default=Status.DRAFT)
    is_global = models.BooleanField(
        default=False, help_text="Holds people out of all marketing; everything else is tried on the rest"
    )
    mode = models.CharField(max_length=6, choices=Mode, default=Mode.FIXED)
    salt = models.CharField(max_length=40, help_text="Seeds the hash; a restart gets a new one")
    version = models.PositiveIntegerField(
        default=1, help_text="A restart raises it; who entered before it no longer counts"
    )
    layer = models.ForeignKey(Layer, models.PROTECT, null=True, blank=True, related_name="experiments")
    coverage = models.FloatField(
        default=1.0,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of people who take part; the others get what they always got and do not count",
    )
    markets = models.JSONField(
        default=list, blank=True, help_text='Countries that take part, such as ["GB", "IR"]; empty for all'
    )
    holdout_share = models.FloatField(
        default=0.05,
        validators=[MinValueValidator(0), MaxValueValidator(0.5)],
        help_text="Share of people who get nothing, so that the effect of writing at all is known",
    )
    window_days = models.PositiveIntegerField(default=7, help_text="What people do this long after counts")
    metric = models.CharField(
        max_length=10, choices=Metric, default=Metric.CONVERSION, help_text="The one that decides"
    )
    planned_people = models.PositiveIntegerField(
        null=True, blank=True, help_text="Matured people of control and variant that end it; empty for no end"
    )
    ends_on = models.DateField(
        null=True, blank=True, help_text="The plan's last day, also if fewer people came; fixed at the start"
    )
    revenue_cap = models.FloatField(
        null=True, blank=True, help_text="What one person's revenue counts at most; fixed at the start"
    )
    auto_roll_out = models.BooleanField(default=False, help_text="Send the better one to all once decided")
    rolled_out = models.ForeignKey(
        "Variant",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="What everybody gets now",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    counted_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When its people were last counted"
    )

    allocated_on = models.DateField(
        null=True, blank=True, editable=False, help_text="When a bandit last dealt its weights anew"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_global"],
                condition=Q(is_global=True, status="running"),
                name="one_running_global_holdout",
            )
        ]

    def __str__(self) -> str:
        return self.name


class LayerSlot(models.Model):
    """One hundredth of a layer's people and the experiment that owns it; no slot has two owners."""

    layer = models.ForeignKey(Layer, models.CASCADE, related_name="slots")
    number = models.PositiveSmallIntegerField()
    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="slots")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["layer", "number"], name="one_experiment_per_layer_slot"),
            models.CheckConstraint(condition=Q(number__lt=100), name="layer_slot_below_100"),
        ]

    def __str__(self) -> str:
        return f"{self.layer_id} {self.number}"


class Variant(models.Model):
    """One arm. `changes` says what differs (experiments.changes); empty for the control."""

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


class AuditEntry(models.Model):
    """Who did what to an experiment, and when; appended only."""

    class Action(models.TextChoices):
        STARTED = "started", "Started"
        STOPPED = "stopped", "Stopped"
        RESTARTED = "restarted", "Started again"
        SPLIT_CHANGED = "split", "Split changed"
        ROLLED_OUT = "rolled_out", "Rolled out"
        EDITED = "edited", "Draft written"
        AUTOMATIC = "automatic", "Automatic roll-out switched"

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="audit_entries")
    action = models.CharField(max_length=10, choices=Action)
    actor = models.CharField(max_length=150, help_text="A user's name, or the program that decided")
    detail = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.action} {self.at:%Y-%m-%d}"
