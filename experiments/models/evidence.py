"""What was known on each day and what was said of it: written once, never changed."""

from django.db import models

from experiments.models.design import Experiment


class Look(models.Model):
    """One day's look at one arm against another by one metric.

    Made of the people who entered up to `day`, each with a whole window, so a look that is taken late
    is the same as it would have been in time. `estimate` holds the fields of `estimates.Estimate`,
    `reached` and `needed` the z found and the z it took (empty: nothing would have been enough).
    """

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="looks")
    version = models.PositiveIntegerField()
    reference = models.CharField(max_length=40)
    arm = models.CharField(max_length=40)
    metric = models.CharField(max_length=12)
    day = models.DateField()
    number = models.PositiveIntegerField(help_text="Days since the first on which anybody counted")
    people = models.PositiveIntegerField()
    estimate = models.JSONField(null=True)
    fraction = models.FloatField(help_text="Of the planned people")
    reached = models.FloatField(null=True)
    needed = models.FloatField(null=True)
    sequence_low = models.FloatField(null=True)
    sequence_high = models.FloatField(null=True)
    is_last = models.BooleanField(default=False, help_text="The plan ended with this look")
    skipped = models.CharField(max_length=20, blank=True, help_text="Why nothing was decided on this look")
    taken_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "version", "reference", "arm", "metric", "day"],
                name="one_look_per_day_and_metric",
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.arm} {self.metric} {self.day}"


class Alarm(models.Model):
    """Something is wrong: a variant does harm, or the split is broken. Once raised it stays."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="alarms")
    version = models.PositiveIntegerField()
    arm = models.CharField(max_length=40, blank=True)
    metric = models.CharField(max_length=12, help_text="unsubscribe, complaint, bounce; split")
    severity = models.CharField(max_length=4)
    cause = models.CharField(max_length=30)
    control = models.FloatField(null=True)
    treated = models.FloatField(null=True)
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["experiment", "version", "arm", "metric", "severity"],
                name="one_alarm_per_arm_metric_and_severity",
            )
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.arm} {self.metric} {self.severity}"


class Decision(models.Model):
    """The verdict of one day, with its reasons in plain words."""

    experiment = models.ForeignKey(Experiment, models.CASCADE, related_name="decisions")
    version = models.PositiveIntegerField()
    day = models.DateField()
    status = models.CharField(max_length=30)
    arm = models.CharField(max_length=40, blank=True)
    rule = models.CharField(max_length=10, blank=True)
    words = models.TextField()
    reasons = models.JSONField(default=list)
    decided_at = models.DateTimeField()

    class Meta:
        ordering = ["-day"]
        constraints = [
            models.UniqueConstraint(fields=["experiment", "version", "day"], name="one_decision_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.experiment_id} {self.day} {self.status}"
