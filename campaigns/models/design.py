"""What a marketer makes: templates and their published versions, campaigns and their steps."""

from django.core.validators import MaxValueValidator
from django.db import models

from audience.models import PARTS_OF_MARKETING, Topic
from experiments.models import Experiment


class EmailTemplate(models.Model):
    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)

    def __str__(self) -> str:
        return self.name


class TemplateVersion(models.Model):
    """A published state of a template; never changed, so that any sent email can be rendered again."""

    template = models.ForeignKey(EmailTemplate, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    source = models.TextField(help_text="Jinja in MJML")
    texts = models.JSONField(default=dict, help_text='Texts by language: {"fa": {"subject": "…"}}')
    digest = models.CharField(max_length=64)
    needs = models.JSONField(default=list, help_text='What a context must hold: ["order", "links.confirm"]')
    published_at = models.DateTimeField()

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["template", "number"], name="one_version_per_template_and_number")
        ]

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"


class CompiledEmail(models.Model):
    """MJML compiled once for a version, a language and an arm; from here on nothing is compiled."""

    key = models.CharField(max_length=64, unique=True, help_text="SHA-256 of sources, language and versions")
    version = models.ForeignKey(TemplateVersion, models.CASCADE, related_name="compiled")
    language = models.CharField(max_length=16)
    parts = models.JSONField(help_text="Jinja sources of subject, preheader, html and text")
    code = models.BinaryField(default=b"", help_text="Signed bytecode of these parts (campaigns.programs)")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.version_id} {self.language}"


class Campaign(models.Model):
    class MessageClass(models.TextChoices):
        TRANSACTIONAL = "transactional", "Transactional"
        MARKETING = "marketing", "Marketing"
        LEGAL = "legal", "Asked for by law"  # such as the confirmation of an address; never with products

    class Status(models.TextChoices):
        LIVE = "live", "Live"
        PAUSED = "paused", "Paused"

    class DoubtPolicy(models.TextChoices):
        BY_CLASS = "", "By class: transactional again, marketing never"
        AT_MOST_ONCE = "at_most_once", "Never again"
        AT_LEAST_ONCE = "at_least_once", "Again, flagged as a possible duplicate"

    key = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    message_class = models.CharField(max_length=13, choices=MessageClass)
    topic = models.CharField(
        max_length=10,
        choices=[(part.value, part.label) for part in PARTS_OF_MARKETING],
        default=Topic.NEWS,
        help_text="Which part of marketing it is; customers can decline each",
    )
    status = models.CharField(max_length=6, choices=Status, default=Status.LIVE)
    experiment = models.ForeignKey(
        Experiment,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="campaigns",
        help_text="One arm a person for all steps",
    )
    planned_experiments = models.ManyToManyField(
        Experiment,
        blank=True,
        related_name="planned_campaigns",
        help_text="Each takes the flow over when it starts; until then nothing is sent differently",
    )
    pause_reason = models.CharField(max_length=40, blank=True, help_text="by_hand, or the breaker's code")
    pause_figures = models.JSONField(default=dict, blank=True, help_text="What the breaker counted")
    paused_at = models.DateTimeField(null=True, blank=True)
    judged_from = models.DateTimeField(null=True, blank=True, help_text="What was sent before is forgiven")
    doubt_policy = models.CharField(
        max_length=13,
        choices=DoubtPolicy,
        blank=True,
        default=DoubtPolicy.BY_CLASS,
        help_text="What to do with an email of which nobody can know whether it left",
    )
    track_opens = models.BooleanField(default=True)
    track_clicks = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.name

    @property
    def is_legal(self) -> bool:
        return self.message_class == self.MessageClass.LEGAL

    @property
    def is_marketing(self) -> bool:
        return self.message_class == self.MessageClass.MARKETING

    @property
    def resends_doubtful(self) -> bool:
        """Whether an email that may have left is sent again."""
        if self.doubt_policy == self.DoubtPolicy.BY_CLASS:
            return not self.is_marketing
        return self.doubt_policy == self.DoubtPolicy.AT_LEAST_ONCE


class Step(models.Model):
    """One email of a campaign, `delay_hours` after the one before it (or after the trigger's own wait)."""

    class Products(models.TextChoices):
        """What a template gets as `products` where the event brings none of its own."""

        NONE = "", "None"
        ORDERED = "ordered", "What was ordered"
        SUGGESTED = "suggested", "What would be suggested"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    delay_hours = models.PositiveIntegerField(default=0)
    template = models.ForeignKey(EmailTemplate, models.PROTECT, related_name="steps")
    complements = models.PositiveSmallIntegerField(default=3, validators=[MaxValueValidator(3)])
    upgrades = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(3)])
    services = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(3)])
    repeats = models.PositiveSmallIntegerField(default=0, validators=[MaxValueValidator(3)])
    products = models.CharField(max_length=9, choices=Products, blank=True, default=Products.NONE)
    shows_bundle = models.BooleanField(
        default=False, help_text="Three products with one price, where they fit"
    )

    class Meta:
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "position"], name="one_step_per_campaign_and_position"
            )
        ]

    def __str__(self) -> str:
        return f"{self.campaign} {self.position + 1}"
