"""What marketers decide by hand: limits and boosts, lists, pins, complements, bundles, services."""

from datetime import date

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from shop.models import Product

MOST_BOOST = 1.3
WHOLE_SHOP = "whole shop"  # as the history names the rules without a place
_IN_BOUNDS = [MinValueValidator(1.0), MaxValueValidator(MOST_BOOST)]
_POSITIONS = [MinValueValidator(1), MaxValueValidator(3)]


class Fallback(models.TextChoices):
    """How far the engine goes down when too little goes with a product; each step includes those before."""

    NONE = "none", "Show nothing"
    TYPES = "types", "Best sellers of the types that go with it"
    DEPARTMENTS = "departments", "Then best sellers of its department"
    SHOP = "shop", "Then best sellers of the whole shop"


class SameType(models.TextChoices):
    LEARNT = "learnt", "As learnt from orders"
    NEVER = "never", "Never another one of its type"
    ALWAYS = "always", "Another one of its type is welcome"


class Titles(models.TextChoices):
    WHERE_TRANSLATED = "where_translated", "Where any product has one, only products with one"
    OWN_LANGUAGE = "own_language", "Only products with a title in the customer's language"
    ANY = "any", "Any title will do"


class OfferRules(models.Model):
    """The shop's own limits. A field left empty keeps the default, or at one place the whole shop's."""

    place = models.CharField(
        max_length=60, blank=True, unique=True, help_text="A campaign's key, or api; empty for the whole shop"
    )
    most_picks = models.PositiveSmallIntegerField(null=True, blank=True, validators=_POSITIONS)
    fewest_picks = models.PositiveSmallIntegerField(
        null=True, blank=True, validators=_POSITIONS, help_text="With fewer the block is left out"
    )
    is_all_or_nothing = models.BooleanField(null=True, help_text="Three products or none")
    needs_image = models.BooleanField(null=True)
    is_one_per_type = models.BooleanField(null=True)
    same_type = models.CharField(max_length=10, blank=True, choices=SameType)
    fallback = models.CharField(max_length=11, blank=True, choices=Fallback)
    titles = models.CharField(max_length=16, blank=True, choices=Titles)
    min_support = models.PositiveIntegerField(null=True, blank=True, validators=[MinValueValidator(1)])
    min_score = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.0), MaxValueValidator(1.0)]
    )
    rebuy_days = models.PositiveIntegerField(null=True, blank=True, validators=[MaxValueValidator(730)])
    most_ignored = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Shown so often without a click, it is shown no more; 0: no limit"
    )
    proving_owners = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="So many customers who own both prove a better one that does not say what it adds; 0: any",
    )
    margin_boost = models.FloatField(null=True, blank=True, validators=_IN_BOUNDS)
    new_boost = models.FloatField(null=True, blank=True, validators=_IN_BOUNDS)
    new_days = models.PositiveSmallIntegerField(null=True, blank=True)
    slow_boost = models.FloatField(null=True, blank=True, validators=_IN_BOUNDS)

    class Meta:
        verbose_name_plural = "offer rules"
        constraints = [
            models.CheckConstraint(
                condition=Q(fewest_picks=None)
                | Q(most_picks=None)
                | Q(fewest_picks__lte=models.F("most_picks")),
                name="fewest_picks_at_most_most_picks",
                violation_error_message="The minimum is above the maximum: no block could ever be shown.",
            )
        ]

    def __str__(self) -> str:
        return self.place or WHOLE_SHOP


class Dated(models.Model):
    """In force from `starts_on` to `ends_on`, both included, UTC; empty is open."""

    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)

    class Meta:
        abstract = True

    def judge_day(self, day: date) -> str:
        """Whether it is in force on this day: now, later or over."""
        if self.starts_on and day < self.starts_on:
            return "later"
        return "over" if self.ends_on and self.ends_on < day else "now"

    @staticmethod
    def in_force(day: date) -> Q:
        """The condition on rows that they are in force on this day."""
        begun = Q(starts_on=None) | Q(starts_on__lte=day)
        return begun & (Q(ends_on=None) | Q(ends_on__gte=day))


class Listing(Dated):
    """An entry of the include or the exclude list of a place. Where any include holds, only those are shown;
    exclude always wins."""

    class Side(models.TextChoices):
        INCLUDE = "include", "Only these"
        EXCLUDE = "exclude", "Never these"

    side = models.CharField(max_length=7, choices=Side)
    place = models.CharField(max_length=60, blank=True, help_text="Empty for the whole shop")
    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True, related_name="listings")
    category = models.CharField(
        max_length=255, blank=True, help_text="A category and all below it, or a type"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product=None) ^ Q(category=""),
                name="listing_names_a_product_or_a_category",
                violation_error_message="Name a product or a category, and not both.",
            ),
            # Two of each, by what is named: SQLite knows no unique constraint that holds for NULL.
            models.UniqueConstraint(
                fields=["side", "place", "product"],
                condition=Q(category=""),
                name="one_listing_per_side_place_and_product",
            ),
            models.UniqueConstraint(
                fields=["side", "place", "category"],
                condition=Q(product=None),
                name="one_listing_per_side_place_and_category",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product or self.category}"


class Pin(Dated):
    """A product on a fixed position, as far as the hard rules let it be shown at all."""

    place = models.CharField(max_length=60, blank=True, help_text="Empty for the whole shop")
    product = models.ForeignKey(Product, models.CASCADE, related_name="pins")
    position = models.PositiveSmallIntegerField(validators=_POSITIONS)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["place", "position", "product"], name="one_pin_per_place_and_product"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product} ({self.position})"


class ComplementRule(Dated):
    """What goes with a product, or with a whole type, because a person says so. Works from day one."""

    product = models.ForeignKey(
        Product, models.CASCADE, null=True, blank=True, related_name="complement_rules"
    )
    product_type = models.CharField(max_length=255, blank=True, db_index=True)
    complement = models.ForeignKey(Product, models.CASCADE, related_name="complement_of")
    position = models.PositiveSmallIntegerField(default=1, help_text="The lowest goes first")
    note = models.CharField(max_length=255, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product=None) ^ Q(product_type=""),
                name="complement_rule_names_a_product_or_a_type",
                violation_error_message="Name a product or a type, and not both.",
            ),
            models.UniqueConstraint(
                fields=["product", "complement"],
                condition=Q(product_type=""),
                name="one_complement_rule_per_product",
            ),
            models.UniqueConstraint(
                fields=["product_type", "complement"],
                condition=Q(product=None),
                name="one_complement_rule_per_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.product or self.product_type} + {self.complement}"


class Bundle(Dated):
    """Products that the shop sells together for a price of its own."""

    external_id = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=255, blank=True)
    products = models.ManyToManyField(Product, related_name="bundles")
    price = models.DecimalField(max_digits=14, decimal_places=2, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3)
    url = models.URLField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.external_id


class ServiceOffer(models.Model):
    """A service (a product of the shop) for a product or a type, in a window of days after the purchase.

    Day 0 counts before the purchase as well: insurance belongs beside the cart.
    """

    class Kind(models.TextChoices):
        WARRANTY = "warranty", "Warranty"
        INSURANCE = "insurance", "Insurance"
        TRAINING = "training", "Training"
        SUPPORT = "support", "Support"
        REFILL = "refill", "Refill"

    kind = models.CharField(max_length=9, choices=Kind)
    service = models.ForeignKey(Product, models.CASCADE, related_name="service_offers")
    product = models.ForeignKey(Product, models.CASCADE, null=True, blank=True, related_name="services")
    product_type = models.CharField(max_length=255, blank=True, db_index=True)
    opens_after_days = models.PositiveSmallIntegerField(default=0)
    closes_after_days = models.PositiveSmallIntegerField(default=30)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(product=None) ^ Q(product_type=""),
                name="service_names_a_product_or_a_type",
                violation_error_message="Name a product or a type, and not both.",
            ),
            models.CheckConstraint(
                condition=Q(opens_after_days__lte=models.F("closes_after_days")),
                name="service_opens_before_it_closes",
                violation_error_message="The window closes before it opens.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.service_id}"
