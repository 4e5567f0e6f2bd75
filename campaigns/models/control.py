"""What stands between a due message and its sending: routes and their breakers, allowances, alerts."""

from django.db import models
from django.db.models import Q

from campaigns.models.design import Campaign


class Route(models.Model):
    """A way out for mail: closed by a person (`paused_at`), by its breaker, or open.

    The row named EVERYTHING is the switch for all mail. Whoever asks first makes the rows.
    """

    EVERYTHING = "everything"

    class Breaker(models.TextChoices):
        CLOSED = "closed", "Closed: mail flows"
        OPEN = "open", "Open: no mail until the next probe"
        HALF_OPEN = "half_open", "Half open: one small batch tries"

    name = models.CharField(max_length=120, unique=True, help_text="A transport's name, or everything")
    paused_at = models.DateTimeField(null=True, blank=True)
    breaker = models.CharField(max_length=9, choices=Breaker, default=Breaker.CLOSED)
    failures = models.PositiveIntegerField(default=0, help_text="Failed hand-overs in a row")
    openings = models.PositiveIntegerField(default=0, help_text="Times it opened since mail last flowed")
    reason = models.CharField(max_length=40, blank=True, help_text="Why the breaker opened")
    detail = models.CharField(max_length=255, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    probe_at = models.DateTimeField(null=True, blank=True, help_text="When the next probe may start")

    def __str__(self) -> str:
        return self.name


class Allowance(models.Model):
    """How much of a limit was used in a window; the workers share the row, so they respect one limit."""

    class Window(models.TextChoices):
        MINUTE = "minute", "Minute"
        DAY = "day", "Day"

    route = models.CharField(max_length=120)
    domain = models.CharField(max_length=253, blank=True, help_text="Of the recipients; empty: all of them")
    window = models.CharField(max_length=6, choices=Window)
    starts_at = models.DateTimeField()
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["route", "domain", "window", "starts_at"],
                name="one_allowance_per_route_domain_and_window",
            )
        ]

    def __str__(self) -> str:
        return f"{self.route} {self.domain} {self.window} {self.starts_at:%Y-%m-%d %H:%M}"


class SendingDay(models.Model):
    """What a campaign sent on a day and what came back: what its breakers judge, counted as it happens.

    Deleted when somebody resumes the campaign, so that it is judged anew.
    """

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="days")
    day = models.DateField(help_text="In UTC")
    handed_over = models.PositiveIntegerField(default=0)
    bounced = models.PositiveIntegerField(default=0, help_text="Hard bounces")
    dropped = models.PositiveIntegerField(default=0)
    complained = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0, help_text="Emails that could not be made")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["campaign", "day"], name="one_sending_day_per_campaign")
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id} {self.day}"


class Alert(models.Model):
    """Something a person has to know, raised once and open until it is over."""

    code = models.CharField(max_length=40)
    subject = models.CharField(max_length=140, help_text="route:NAME or campaign:KEY")
    detail = models.CharField(max_length=255, blank=True)
    figures = models.JSONField(default=dict, blank=True)
    raised_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "subject"],
                condition=Q(resolved_at=None),
                name="one_open_alert_per_code_and_subject",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.subject}"
