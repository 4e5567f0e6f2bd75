"""What customers made of what they were shown. Written from above, read when products are chosen."""

from django.db import models

from recommendations.models.tables import Kind
from shop.models import Customer, Product


class CustomerResponse(models.Model):
    """One customer and one product: how often shown, whether it was clicked since, "fewer of these".

    `ignored` counts the times shown since the last click; a click or a purchase sets it back to 0.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="product_responses")
    product = models.ForeignKey(Product, models.CASCADE, related_name="customer_responses")
    shown = models.PositiveIntegerField(default=0)
    ignored = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    last_shown_at = models.DateTimeField(null=True, blank=True)
    fewer_at = models.DateTimeField(
        null=True, blank=True, help_text='When the customer asked for "fewer of these"'
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "product"], name="one_response_per_customer_and_product"
            )
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.product_id}"


class ProductResponse(models.Model):
    """One product in one slot on one day: what its acceptance is computed from."""

    day = models.DateField()
    product = models.ForeignKey(Product, models.CASCADE, related_name="responses")
    kind = models.CharField(max_length=10, choices=Kind)
    shown = models.PositiveIntegerField(default=0)
    clicked = models.PositiveIntegerField(default=0)
    bought = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "product", "kind"], name="one_response_per_day_product_and_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.product_id}"


class FeedbackCursor(models.Model):
    """How far a stream of news has been counted. Moved in the transaction that counts."""

    name = models.CharField(max_length=40, unique=True)
    position = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} {self.position}"
