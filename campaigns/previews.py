"""An email as a customer would get it, only looked at: nothing is stored, counted or sent.

Context, products, fallback and rendering are those of sending. What differs: the message is never saved,
no consent is asked, and links that would do something for the customer lead to the shop instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from audience.consent import read_standings
from campaigns.checking.findings import Finding
from campaigns.checking.reading import Mail
from campaigns.compiler import CompileError
from campaigns.compiling.source import Source
from campaigns.composition import order_email
from campaigns.context import Context, describe_shop
from campaigns.eligibility import Send
from campaigns.email_checks import check_rendered
from campaigns.email_files import EmailDirectory
from campaigns.languages import fallback_chain
from campaigns.lines import read_lines
from campaigns.models import Campaign, Message, Step, TemplateVersion
from campaigns.preparation import recommend_for
from campaigns.prepared import Prepared
from campaigns.rendering import RenderedEmail, RenderError, join_parts, render_ready
from campaigns.templates_store import compile_once
from campaigns.told import find_newest_event
from campaigns.variants import Arm
from experiments.changes import email_changes
from experiments.models import Variant
from shop.models import Customer


@dataclass(frozen=True)
class Preview:
    """`problem` says why there is no email to look at."""

    email: RenderedEmail | None
    findings: tuple[Finding, ...] = ()
    problem: str = ""

    @property
    def kilobytes(self) -> int:
        """Of HTML, rounded up."""
        return -(-len(self.email.html.encode()) // 1000) if self.email else 0


@dataclass(frozen=True)
class Choice:
    """What to look at: a version (also one that was never saved), in one language and one arm."""

    version: TemplateVersion
    language: str
    variant: Variant | None = None

    @property
    def changes(self) -> Mapping[str, Any]:
        return self.variant.changes if self.variant else {}


def gather_context(choice: Choice, customer: Customer, now: datetime) -> Context:
    """What the template would see for this customer now, with the newest order and cart there are."""
    message = Message(
        step=find_step(choice.version),
        customer=customer,
        order=customer.orders.order_by("-placed_at").first(),
        cart=customer.carts.order_by("-updated_at").first(),
    )
    standing = replace(read_standings([customer], now)[customer.pk], language=choice.language)
    item = Prepared(message, Send(with_products=True), standing, arm=Arm(variant=choice.variant))
    item.event = find_newest_event(customer)
    lines = read_lines([message])
    recommend_for([item], lines, now)
    context = order_email(item, choice.version, lines[message.id]).context
    shop = settings.PAIRWELL["SHOP_URL"]
    return {**context, "links": {name: f"{shop}#{name}" for name in context["links"]}}


def complete_sample(sample: Mapping[str, Any]) -> Context:
    """A sample that may lack the shop."""
    return {"shop": describe_shop(), **sample}


def preview_email(choice: Choice, context: Context, *, checks: bool = True) -> Preview:
    """The email with what the checks say of it; a `problem` where it can't be compiled or rendered."""
    version = choice.version
    country = (context.get("customer") or {}).get("country") or settings.PAIRWELL["COUNTRY"]
    try:
        compiled = compile_once(
            version.source, version.texts, language=choice.language, changes=email_changes(choice.changes)
        )
        ready = join_parts(compiled.parts, compiled.code, country, settings.PAIRWELL["TIMEZONE"])
        email = render_ready(ready, context, label=version.template.key)
    except (CompileError, RenderError) as error:
        return Preview(None, problem=str(error))
    return Preview(email, tuple(_check(choice, context, email)) if checks else ())


def _check(choice: Choice, context: Context, email: RenderedEmail) -> list[Finding]:
    version, is_marketing = choice.version, find_step(choice.version).campaign.is_marketing
    mail = Mail(
        email,
        is_marketing=is_marketing,
        must_offer_leaving=is_marketing or bool(context.get("complements") or context.get("upgrades")),
        unsubscribe=str((context.get("links") or {}).get("unsubscribe") or ""),
        bytes_sent=len(email.html.encode()),
    )
    key = version.template.key
    about = EmailDirectory(
        key=key,
        name=version.template.name,
        is_marketing=is_marketing,
        source=Source(version.source, f"{key}/body.mjml"),
        texts=version.texts,
        sample=context,
    )
    found = check_rendered(about, mail, choice.language)
    return sorted(found, key=lambda finding: not finding.is_error)


def find_fallbacks(texts: Mapping[str, Mapping[str, str]], language: str) -> dict[str, str]:
    """The texts that this language lacks, each with the language whose words are shown instead."""
    chain = fallback_chain(language, settings.PAIRWELL["LANGUAGE"])
    own = {tag for tag in chain if language.startswith(tag)}
    every = dict.fromkeys(key for some in texts.values() for key in some)
    found = {key: next((tag for tag in chain if texts.get(tag, {}).get(key)), "") for key in every}
    return {key: tag for key, tag in found.items() if tag not in own}


def find_step(version: TemplateVersion) -> Step:
    """The first step that sends this template; for one that no campaign uses, a step of nobody's."""
    template = version.template
    step = template.steps.select_related("campaign").order_by("pk").first() if template.pk else None
    if step is not None:
        step.template = template
        return step
    campaign = Campaign(key=template.key, message_class=Campaign.MessageClass.MARKETING)
    return Step(campaign=campaign, template=template, upgrades=1)
