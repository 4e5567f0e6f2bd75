"""What the preview of a template is asked for: which text of it, whose data, in which language."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import Http404, QueryDict
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from campaigns.compiler import CompileError
from campaigns.email_files import read_directory, templates_root
from campaigns.languages import direction_of
from campaigns.models import EmailTemplate, TemplateVersion
from campaigns.previews import Choice, Preview, find_fallbacks, gather_context, preview_email
from dashboard.looks import LOOKS, WIDTHS
from dashboard.mail import read_sample
from experiments.models import Variant
from shop.models import Customer, Order

MOST_FOUND = 8


@dataclass(frozen=True)
class Wish:
    """Everything that the address of the page says; what it does not say, or says wrongly, is the usual."""

    template: EmailTemplate
    version: TemplateVersion
    draft: TemplateVersion | None
    variants: list[Variant]
    language: str
    customer: Customer | None = None
    variant: Variant | None = None
    look: str = "light"
    width: str = "desktop"
    is_draft: bool = False
    languages: list[tuple[str, int]] = field(default_factory=list)  # each with the texts that it lacks

    @property
    def choice(self) -> Choice:
        version = self.draft if self.draft and self.is_draft else self.version
        return Choice(version, self.language, self.variant)

    @property
    def direction(self) -> str:
        return direction_of(self.language)

    @property
    def fallbacks(self) -> dict[str, str]:
        return find_fallbacks(self.choice.version.texts, self.language)


def read_wish(key: str, asked: QueryDict) -> Wish:
    """Raises Http404 for a template that was never published, and for a customer or variant there is not."""
    template = get_object_or_404(EmailTemplate, key=key)
    version = template.versions.select_related("template").first()
    if version is None:
        raise Http404(f"The template {key} was never published.")
    draft, variants = _read_draft(template, version), _list_variants(template)
    is_draft = draft is not None and asked.get("source") == "draft"
    texts = (draft or version).texts if is_draft else version.texts
    return Wish(
        template,
        version,
        draft,
        variants,
        language=_choose_language(asked, texts),
        customer=_find_customer(asked.get("customer", "")),
        variant=next((v for v in variants if str(v.pk) == asked.get("variant")), None),
        look=asked.get("look", "") if asked.get("look") in LOOKS else "light",
        width=asked.get("width", "") if asked.get("width") in WIDTHS else "desktop",
        is_draft=is_draft,
        languages=[(code, len(find_fallbacks(texts, code))) for code in texts],
    )


def look_at(wish: Wish, now: datetime, *, checks: bool = True) -> Preview:
    """The email of this wish, for its customer or with the sample that lies beside the template."""
    context = choose_context(wish, now)
    if not context:
        return Preview(None, problem=_("There is no sample.json beside this template. Choose a customer."))
    return preview_email(wish.choice, context, checks=checks)


def choose_context(wish: Wish, now: datetime) -> dict[str, Any]:
    """That of the customer or of the sample; {} where there is neither."""
    if wish.customer:
        return gather_context(wish.choice, wish.customer, now)
    try:
        return read_sample(wish.template.key)
    except (OSError, ValueError):
        return {}


def find_customers(query: str) -> list[Customer]:
    """The first who fit a number, a name or an address."""
    known = Q(external_id__istartswith=query) | Q(external_id__iendswith=query)
    known |= Q(email__istartswith=query) | Q(name__icontains=query)
    known |= Q(pk__in=Order.objects.filter(external_id=query).values("customer"))
    return list(Customer.objects.filter(known).order_by("-pk")[:MOST_FOUND]) if query else []


def _read_draft(template: EmailTemplate, version: TemplateVersion) -> TemplateVersion | None:
    """The template as its files are now, where they differ from what is published; never saved."""
    directory = templates_root() / template.key
    try:
        email = read_directory(directory) if (directory / "body.mjml").is_file() else None
    except CompileError:
        return None
    if email is None or email.digest == version.digest:
        return None
    return TemplateVersion(
        template=template, number=version.number + 1, source=email.source.text, texts=email.texts
    )


def _list_variants(template: EmailTemplate) -> list[Variant]:
    """The variants of every experiment that decides about this template."""
    variants = Variant.objects.filter(experiment__campaigns__steps__template=template)
    return list(variants.select_related("experiment").distinct().order_by("experiment", "pk"))


def _find_customer(wanted: str) -> Customer | None:
    if not wanted:
        return None
    try:
        return get_object_or_404(Customer, uuid=uuid.UUID(wanted))
    except ValueError as error:
        raise Http404("This is no customer.") from error


def _choose_language(asked: QueryDict, texts: dict[str, Any]) -> str:
    """The language asked for, else that of the page, else the first one the template is written in."""
    wanted = (asked.get("language", ""), get_language() or "", *texts)
    return next((language for language in wanted if language in texts), "en")
