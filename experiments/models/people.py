"""Who is in which arm, under which split, and what they did, added up by day."""

from django.db import models
from django.db.models import Q

from experiments.models.design import Experiment, Variant
from shop.models import Customer


class AllocationEpoch(models.Model):
    """A time in which the split stayed as it was. Arms are compared within an epoch only.

    `shares` are the planned shares of people by arm, "" for the held out; they sum to 1.
    """

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="epochs")
    version = models.PositiveIntegerField(default=1)
    number = models.PositiveIntegerField()
    shares = models.JSONField()
    allocation = models.JSONField(default=dict, help_text="A bandit's shares of those who are no evidence")
    started_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "number"], name="one_epoch_per_experiment_and_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} epoch {self.number}"


class Assignment(models.Model):
    """The arm of one person, first wins; without a variant the person is held out."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="assignments")
    version = models.PositiveIntegerField(default=1)
    epoch = models.ForeignKey(
        AllocationEpoch, models.PROTECT, null=True, blank=True, related_name="assignments"
    )
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="assignments")
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, related_name="assignments")
    market = models.CharField(max_length=2, blank=True, help_text="The person's country when they entered")
    is_forced = models.BooleanField(default=False, help_text="Preview and test people never count")
    is_evidence = models.BooleanField(
        default=True, help_text="Not so where a bandit chose the arm by what it had seen"
    )
    is_merged = models.BooleanField(
        default=False, help_text="Two customers turned out to be one person, who may have seen both arms"
    )
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, related_name="merged_from"
    )
    assigned_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "version", "customer"],
                name="one_assignment_per_experiment_version_and_customer",
            ),
            models.CheckConstraint(
                condition=Q(is_forced=True) | Q(epoch__isnull=False), name="assignment_of_an_epoch"
            ),
        ]
        indexes = [
            models.Index(
                fields=["experiment", "assigned_at"], condition=Q(is_forced=False), name="assignment_counted"
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.customer_id}"


class DayTotals(models.Model):
    """What the people who entered on one day did within the window, added up by arm and market.

    Each counter counts people, once each. Money is in the shop's currency, less refunds within the
    window; `revenue`, `margin` and their squares are sums of what counts (capped), `revenue_uncapped`
    and `attributed` are for showing. `arm` is the variant's key, "" for the held out.
    """

    epoch = models.ForeignKey(AllocationEpoch, models.CASCADE, related_name="days")
    arm = models.CharField(max_length=40, blank=True)
    market = models.CharField(max_length=2, blank=True)
    day = models.DateField()
    is_evidence = models.BooleanField(default=True)
    is_matured = models.BooleanField(default=False, help_text="The window of everybody is over")
    people = models.PositiveIntegerField(default=0)
    mailed = models.PositiveIntegerField(default=0)
    delivered = models.PositiveIntegerField(default=0)
    opened = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    converted = models.PositiveIntegerField(default=0)
    unsubscribed = models.PositiveIntegerField(default=0)
    complained = models.PositiveIntegerField(default=0)
    bounced = models.PositiveIntegerField(default=0)
    merged = models.PositiveIntegerField(default=0)
    orders = models.PositiveIntegerField(default=0)
    orders_squares = models.FloatField(default=0)
    revenue = models.FloatField(default=0)
    revenue_squares = models.FloatField(default=0)
    revenue_orders = models.FloatField(default=0, help_text="Sum over people of revenue times orders")
    revenue_uncapped = models.FloatField(default=0)
    margin = models.FloatField(default=0)
    margin_squares = models.FloatField(default=0)
    attributed = models.FloatField(default=0)

    class Meta:
        verbose_name_plural = "day totals"
        constraints = [
            models.UniqueConstraint(
                fields=["epoch", "day", "arm", "market", "is_evidence"],
                name="one_total_per_epoch_day_arm_and_market",
            )
        ]

    def __str__(self) -> str:
        return f"{self.epoch_id} {self.day} {self.arm}"
