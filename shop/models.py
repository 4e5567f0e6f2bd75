"""The store's facts. Everything above reads them; nothing here knows of emails."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class Customer(models.Model):
    """A person who shops. `uuid` never changes and is the only id that leaves this database."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    external_id = models.CharField(max_length=64, unique=True)
    email = models.EmailField(blank=True, db_index=True)
    name = models.CharField(max_length=120, blank=True)
    language = models.CharField(max_length=16, blank=True, help_text="BCP 47, empty for the shop's default")
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166-1 alpha-2")
    timezone = models.CharField(max_length=64, blank=True, help_text="IANA name, empty for the shop's")
    currency = models.CharField(max_length=3, blank=True, help_text="ISO 4217, empty for the shop's")
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    stated_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the newest word about it; older never wins"
    )
    merged_into = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="merged_from",
        help_text="The customer that this one turned out to be",
    )
    erased_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="A shell since then: nothing in it names a person"
    )

    class Meta:
        indexes = [models.Index(Lower("email"), name="customer_email_any_case")]
        permissions = [
            ("erase_customer", "Can erase a person"),
            ("export_customer", "Can export all that is held on a person"),
        ]

    def __str__(self) -> str:
        return self.name or self.external_id


class Product(models.Model):
    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        HIDDEN = "hidden", "Hidden"
        RETIRED = "retired", "Retired"

    external_id = models.CharField(max_length=64, unique=True)
    title = models.CharField(max_length=255)
    titles = models.JSONField(default=dict, blank=True, help_text='Titles by language: {"fa": "…"}')
    category = models.CharField(max_length=255, blank=True, db_index=True, help_text="Path: Home > Kitchen")
    product_type = models.CharField(max_length=80, blank=True, db_index=True)
    price = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(max_length=3)
    prices = models.JSONField(default=dict, blank=True, help_text='Other currencies: {"EUR": "12.50"}')
    image_url = models.URLField(max_length=500, blank=True)
    url = models.URLField(max_length=500, blank=True)
    stock = models.PositiveIntegerField(null=True, blank=True, help_text="Empty where stock is not tracked")
    status = models.CharField(max_length=8, choices=Status, default=Status.ACTIVE)
    attributes = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    stated_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the newest word about it; older never wins"
    )

    def __str__(self) -> str:
        return self.title


class Order(models.Model):
    """An order; `customer` is empty for a guest, whose basket still teaches what goes together."""

    external_id = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="orders")
    placed_at = models.DateTimeField(db_index=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)
    currency = models.CharField(max_length=3)
    total = models.DecimalField(max_digits=14, decimal_places=2)
    url = models.URLField(max_length=500, blank=True)
    attributes = models.JSONField(default=dict, blank=True)
    stated_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Time of the newest word about it; older never wins"
    )

    class Meta:
        indexes = [models.Index(fields=["customer", "placed_at"], name="order_customer_placed")]

    def __str__(self) -> str:
        return self.external_id


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="order_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class Refund(models.Model):
    """Money given back, a fact of its own: the order stays as it was placed."""

    external_id = models.CharField(max_length=64, unique=True)
    order = models.ForeignKey(Order, models.CASCADE, related_name="refunds")
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    refunded_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.external_id


class Cart(models.Model):
    """A cart as it was last seen. `is_derived` marks carts made from real orders for the sample shop."""

    external_id = models.CharField(max_length=64, unique=True)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="carts")
    updated_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True, blank=True, help_text="Ordered or emptied")
    currency = models.CharField(max_length=3)
    url = models.URLField(max_length=500, blank=True)
    is_derived = models.BooleanField(default=False)

    def __str__(self) -> str:
        return self.external_id


class CartLine(models.Model):
    cart = models.ForeignKey(Cart, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.PROTECT, related_name="cart_lines")
    quantity = models.PositiveIntegerField()
    unit_price = models.DecimalField(max_digits=14, decimal_places=2)

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class Event(models.Model):
    """One thing that happened, appended once under (source, external_id) and never rewritten.

    `processed_at`, `consent_applied_at` and `problem` are the readers' marks, not part of the fact:
    triggers and audience each set their own.
    """

    source = models.CharField(max_length=40)
    external_id = models.CharField(max_length=100)
    kind = models.CharField(max_length=40)
    customer = models.ForeignKey(Customer, models.PROTECT, null=True, blank=True, related_name="events")
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="events")
    cart = models.ForeignKey(Cart, models.PROTECT, null=True, blank=True, related_name="events")
    product = models.ForeignKey(Product, models.PROTECT, null=True, blank=True, related_name="events")
    occurred_at = models.DateTimeField(db_index=True)
    received_at = models.DateTimeField()
    payload = models.JSONField(default=dict)
    payload_digest = models.CharField(max_length=64)
    processed_at = models.DateTimeField(null=True, blank=True)
    consent_applied_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=80, blank=True, help_text="The error that put it aside")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id"], name="one_event_per_source_and_external_id"
            )
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(processed_at=None), name="event_unprocessed"),
            models.Index(fields=["kind", "consent_applied_at"], name="event_consent_unapplied"),
            models.Index(fields=["customer", "occurred_at"], name="event_customer_occurred"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class ApiKey(models.Model):
    """A key for the HTTP API: only its SHA-256 is kept, so a stolen database opens nothing."""

    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="Shown so that a person can tell keys apart")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class ExchangeRate(models.Model):
    """What one unit of a currency is worth in the shop's own, from a moment until the next rate."""

    currency = models.CharField(max_length=3, help_text="ISO 4217")
    valid_from = models.DateTimeField()
    rate = models.DecimalField(max_digits=18, decimal_places=8, help_text="In the shop's own currency")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["currency", "valid_from"], name="one_rate_per_currency_and_moment"
            ),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_above_0"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.rate}"
