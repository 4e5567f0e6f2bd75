"""A broadcast whose versions are tried on a part of the list first."""

from django.db import models

from campaigns.models.design import Campaign
from experiments.models import Experiment, Variant


class Trial(models.Model):
    """Versions of one broadcast on a part of its list, until `decide_at`; the leader goes to the rest.

    The row is the job: the rest waits in batches that nobody claims until `decided_at` is set.
    """

    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="trials")
    occurrence = models.CharField(max_length=100, help_text="The name of the broadcast")
    experiment = models.ForeignKey(Experiment, models.PROTECT, related_name="trials")
    people = models.PositiveIntegerField(help_text="Who get one of the versions, drawn by a hash")
    list_size = models.PositiveIntegerField()
    chance_right = models.FloatField(help_text="How often the leader of so many is the truly better version")
    started_at = models.DateTimeField()
    decide_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    leader = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=20, blank=True, help_text="Why the rest gets it")
    counts = models.JSONField(default=dict, help_text="By version, who did it and of how many, when decided")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "occurrence"], name="one_trial_per_campaign_and_occurrence"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.occurrence}"
