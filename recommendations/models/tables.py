"""Which products: versioned neighbour tables, the only thing an email reads."""

from django.db import models
from django.db.models import Q

from shop.models import Product


class Kind(models.TextChoices):
    COMPLEMENT = "complement", "Goes with it"
    UPGRADE = "upgrade", "A better one"
    SERVICE = "service", "A service for it"
    REPEAT = "repeat", "Due again"


class Slot(models.TextChoices):
    """What an email asks the tables: `basket` is the rest of an order, `next_new` what comes after it."""

    BASKET = "basket", "Goes with a cart or an order"
    SINGLE = "single", "Goes with one product"
    NEXT_NEW = "next_new", "Comes next, new to the customer"
    REPEAT = "repeat", "Due again"
    UPGRADE = "upgrade", "A better one"


TABLES = [
    (Kind.COMPLEMENT.value, Kind.COMPLEMENT.label),
    (Slot.SINGLE.value, Slot.SINGLE.label),
    (Slot.NEXT_NEW.value, Slot.NEXT_NEW.label),
    (Slot.REPEAT.value, Slot.REPEAT.label),
    (Kind.UPGRADE.value, Kind.UPGRADE.label),
]


class NeighbourModel(models.Model):
    """One build of the tables. The active one is swapped in a single transaction."""

    built_at = models.DateTimeField()
    is_active = models.BooleanField(default=False)
    is_complete = models.BooleanField(default=False, help_text="Not so while building, or when a build died")
    order_count = models.PositiveIntegerField(default=0)
    notes = models.JSONField(default=dict, blank=True, help_text="Scorer, settings and figures of the build")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="one_active_neighbour_model"
            )
        ]

    def __str__(self) -> str:
        return f"model {self.pk}"


class SlotChoice(models.Model):
    """Which scorer a model uses for a slot, and why: the figures of every one tried on the last month."""

    model = models.ForeignKey(NeighbourModel, models.CASCADE, related_name="choices")
    slot = models.CharField(max_length=10, choices=Slot)
    scorer = models.CharField(max_length=40)
    reason = models.TextField()
    settings = models.JSONField(default=dict)
    figures = models.JSONField(default=dict, help_text="By scorer: hit_rate@3, ndcg@10 and so on")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["model", "slot"], name="one_choice_per_model_and_slot")
        ]

    def __str__(self) -> str:
        return f"{self.slot}: {self.scorer}"


class RuleBook(models.Model):
    """The rules of one release, by their digest: a million picks that passed the same ones say only which."""

    digest = models.CharField(max_length=16, primary_key=True)
    codes = models.JSONField(help_text="In the order in which they were asked")
    relevance = models.JSONField(help_text="Those of them that what a person named need not pass")

    def __str__(self) -> str:
        return self.digest


class RecentSales(models.Model):
    """In how many orders of the last 30 days before the build a product was; those of none have no row."""

    model = models.ForeignKey(NeighbourModel, models.CASCADE, related_name="recent_sales")
    product = models.ForeignKey(Product, models.CASCADE, related_name="recent_sales")
    orders = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = "recent sales"
        constraints = [
            models.UniqueConstraint(
                fields=["model", "product"], name="one_row_of_recent_sales_per_model_and_product"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_id}: {self.orders}"


class PairPartition(models.Model):
    """The pair counts of one day's orders. `fingerprint` tells whether the day's lines have changed since."""

    day = models.DateField(unique=True)
    fingerprint = models.CharField(max_length=160)
    order_count = models.PositiveIntegerField()
    cells = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.day}"


class Neighbour(models.Model):
    """At most 50 a product and kind: what goes with it ("complement"; "single", "next_new" and "repeat"
    where another scorer was chosen for these slots), or a better one ("upgrade").
    `support` is the number of orders that hold both."""

    model = models.ForeignKey(NeighbourModel, models.CASCADE, related_name="neighbours")
    kind = models.CharField(max_length=10, choices=TABLES)
    product = models.ForeignKey(Product, models.CASCADE, related_name="neighbours")
    neighbour = models.ForeignKey(Product, models.CASCADE, related_name="neighbour_of")
    rank = models.PositiveSmallIntegerField()
    score = models.FloatField()
    support = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "kind", "product", "neighbour"], name="one_row_per_model_kind_and_pair"
            )
        ]
        indexes = [models.Index(fields=["model", "product", "kind", "rank"], name="neighbour_lookup")]

    def __str__(self) -> str:
        return f"{self.product_id} → {self.neighbour_id}"


class TypeNeighbour(models.Model):
    """Which types of product go together: what is asked where a product has too few orders of its own.

    `support` is the number of orders behind the pairs of products that the row sums up, `score` their share
    among all pairs of the type, 0 to 1.
    """

    model = models.ForeignKey(NeighbourModel, models.CASCADE, related_name="type_neighbours")
    product_type = models.CharField(max_length=255)
    neighbour_type = models.CharField(max_length=255)
    score = models.FloatField()
    support = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "product_type", "neighbour_type"], name="one_row_per_model_and_pair_of_types"
            )
        ]

    def __str__(self) -> str:
        return f"{self.product_type} → {self.neighbour_type}"


class Bestseller(models.Model):
    """What sold best lately on a shelf: a department (the first step of the category path), a type (written
    "= mug", see `recommendations.catalogue.shelf_of_type`), or "", the whole shop.

    `rank` starts at 0, `sold` counts the orders of the last 30 days that held the product.
    """

    model = models.ForeignKey(NeighbourModel, models.CASCADE, related_name="bestsellers")
    department = models.CharField(max_length=255, blank=True)
    product = models.ForeignKey(Product, models.CASCADE, related_name="bestseller_ranks")
    rank = models.PositiveSmallIntegerField()
    sold = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "department", "product"],
                name="one_bestseller_per_model_department_and_product",
            )
        ]

    def __str__(self) -> str:
        return f"{self.department}: {self.product_id}"


class EvaluationRun(models.Model):
    """A back-test on the shop's own orders: asked for, taken by one worker, and what came out.

    `report` is empty until it is finished; `refusal` says why there is none.
    """

    asked_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    report = models.JSONField(default=dict, blank=True)
    refusal = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                models.Value(1), condition=Q(finished_at=None), name="one_open_evaluation_run"
            )
        ]

    def __str__(self) -> str:
        return f"evaluation of {self.asked_at:%Y-%m-%d %H:%M}"
