"""What a customer may choose about our emails, and saving it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction

from audience.consent import record_consent, withdraw_consent
from audience.models import PARTS_OF_MARKETING, ConsentEntry, Preference
from audience.standings import Standing, read_standings
from shop.models import Customer

PAUSE = timedelta(days=30)
_SOURCE = "preference_page"
_TEXT_VERSION = "preference page, text 1"  # rises with every change to the wording of the yes


@dataclass(frozen=True, slots=True)
class Choices:
    """One submitted form. `showed_marketing` is what the page said when it was opened: leaving a yes
    that was already ticked is not a consent, and must not undo an unsubscribe made meanwhile."""

    marketing: bool
    showed_marketing: bool
    pace: str
    no_suggestions: bool
    language: str  # empty to leave it as it is
    pause: bool | None  # True for 30 days from now, False to end it, None to leave it as it is
    wanted_topics: frozenset[str] | None = None  # None where the form did not ask


def is_subscribed(standing: Standing) -> bool:
    """Whether the customer gets marketing now, or will when the pause is over."""
    return standing.reason in {"", "paused"}


@transaction.atomic
def save_choices(customer: Customer, choices: Choices, now: datetime) -> Preference:
    """The stored preference. Consent changes become ledger lines at once; saving twice changes nothing."""
    Customer.objects.select_for_update(no_key=True).get(pk=customer.pk)
    _save_consent(customer, choices, now)
    changes: dict[str, object] = {"pace": choices.pace, "no_suggestions": choices.no_suggestions}
    if choices.language:
        changes["language"] = choices.language
    if choices.pause is not None:
        changes["paused_until"] = now + PAUSE if choices.pause else None
    if choices.wanted_topics is not None:
        declined = [t.value for t in PARTS_OF_MARKETING if t.value not in choices.wanted_topics]
        changes["declined_topics"] = declined
    preference, _ = Preference.objects.update_or_create(
        customer=customer, defaults={**changes, "updated_at": now}
    )
    return preference


def _save_consent(customer: Customer, choices: Choices, now: datetime) -> None:
    subscribed = is_subscribed(read_standings([customer], now)[customer.pk])
    if choices.marketing and not choices.showed_marketing and not subscribed:
        record_consent(
            customer,
            state=ConsentEntry.State.GRANTED,
            basis=ConsentEntry.Basis.EXPLICIT,
            source=_SOURCE,
            proof=_SOURCE,
            text_version=_TEXT_VERSION,
            occurred_at=now,
            now=now,
        )
    elif not choices.marketing and (subscribed or choices.showed_marketing):
        withdraw_consent(customer, source=_SOURCE, proof=_TEXT_VERSION, now=now)
