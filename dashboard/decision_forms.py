"""The forms of what marketers decide by hand: lists, pins, complements; each error beside its field."""

from typing import Any

from django import forms
from django.db import IntegrityError, transaction
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dashboard.words import SIDE
from recommendations.models import ComplementRule, Listing, Pin
from shop.models import Product

_NAMED = 4
_LAST_PLACE = 3


class ProductField(forms.CharField):
    """A product by its number, or by its title where only one has it; None where it is left empty."""

    def __init__(self, **kwargs: Any) -> None:
        placeholder = forms.TextInput(attrs={"placeholder": gettext_lazy("Title or product number")})
        super().__init__(max_length=255, widget=placeholder, **kwargs)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _find_product(text) if text else None


def _find_product(text: str) -> Product:
    exact = Product.objects.filter(external_id=text).first()
    if exact:
        return exact
    matches = list(Product.objects.filter(title__iexact=text).order_by("pk")[: _NAMED + 1])
    if len(matches) == 1:
        return matches[0]
    if matches:
        numbers = ", ".join(product.external_id for product in matches[:_NAMED])
        raise forms.ValidationError(
            _("Several products are called so. Give the number of one, for example %(numbers)s."),
            params={"numbers": numbers},
        )
    raise forms.ValidationError(
        _("No product has the number or title “%(text)s”. The page “Recommendations” finds it by a part."),
        params={"text": text},
    )


class DecisionForm(forms.ModelForm[Any]):
    """A decision with its days. Saves once: what is there already is said, not written again.

    `clean` leaves out the model's own checks, whose words are the back office's; the database keeps them.
    """

    def __init__(self, *args: Any, place: str = "", **kwargs: Any) -> None:
        kwargs["label_suffix"] = ""
        super().__init__(*args, **kwargs)
        if hasattr(self.instance, "place"):
            self.instance.place = place
        for name, label in (("starts_on", _("First day")), ("ends_on", _("Last day"))):
            day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
            self.fields[name] = forms.DateField(label=label, required=False, widget=day)
        for field in self.fields.values():
            field.help_text = ""

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        first, last = cleaned.get("starts_on"), cleaned.get("ends_on")
        if first and last and last < first:
            self.add_error("ends_on", _("The last day is before the first."))
        return cleaned

    def add(self) -> Model | None:
        """The row that was written, or None with an error where there is such a one already."""
        try:
            with transaction.atomic():
                row: Model = self.save()
        except IntegrityError:
            self.add_error(None, _("There is such a one already. Remove it first to change its days."))
            return None
        return row

    def _require_one_of(self, product: str, text: str, message: str) -> None:
        """Both or none of the two is an error, unless one is wrong in itself."""
        if product in self.errors or text in self.errors:
            return
        if bool(self.cleaned_data.get(product)) == bool(self.cleaned_data.get(text)):
            self.add_error(product, message)


class ListingForm(DecisionForm):
    class Meta:
        model = Listing
        fields = ("side", "product", "category", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["side"] = forms.ChoiceField(label=_("List"), choices=list(SIDE.items()))
        self.fields["product"] = ProductField(label=_("Product"), required=False)
        self.fields["category"].label = _("Or a category or type")

    def clean_category(self) -> str:
        return _check_shelf(str(self.cleaned_data["category"]))

    def clean(self) -> dict[str, Any]:
        message = _("Name a product, or a category or type, and not both.")
        self._require_one_of("product", "category", message)
        return super().clean()


class PinForm(DecisionForm):
    class Meta:
        model = Pin
        fields = ("product", "position", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"] = ProductField(label=_("Product"))
        positions = forms.IntegerField(label=_("Position"), min_value=1, max_value=_LAST_PLACE, initial=1)
        self.fields["position"] = positions


class ComplementForm(DecisionForm):
    class Meta:
        model = ComplementRule
        fields = ("product", "product_type", "complement", "position", "starts_on", "ends_on", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"] = ProductField(label=_("With the product"), required=False)
        self.fields["complement"] = ProductField(label=_("Show"))
        labels = {"product_type": _("Or with every product of the type"), "note": _("Note for colleagues")}
        for name, label in labels.items():
            self.fields[name].label = label
        self.fields["position"] = forms.IntegerField(
            label=_("Order, the lowest first"), min_value=1, max_value=99, initial=1
        )

    def clean_product_type(self) -> str:
        return _check_shelf(str(self.cleaned_data["product_type"]))

    def clean(self) -> dict[str, Any]:
        self._require_one_of("product", "product_type", _("Name a product or a type, and not both."))
        cleaned = super().clean()
        product = cleaned.get("product")
        if product and product == cleaned.get("complement"):
            self.add_error("complement", _("A product does not go with itself."))
        return cleaned


def _check_shelf(name: str) -> str:
    """The category or type, if any product is in it: a rule about a misspelt one would never hold."""
    below = Q(category__startswith=f"{name} >") | Q(category__startswith=f"{name}>")
    ends = Q(category__endswith=f"> {name}") | Q(category__endswith=f">{name}")
    if name and not Product.objects.filter(Q(product_type=name) | Q(category=name) | below | ends).exists():
        raise forms.ValidationError(
            _("No product is in “%(name)s”. Write it as the catalogue does, for example Home > Kitchen."),
            params={"name": name},
        )
    return name
