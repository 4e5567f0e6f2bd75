"""The three flows of the demo, with their triggers, two running experiments and one person to log in."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction

from campaigns.models import Campaign, EmailTemplate, Step
from campaigns.templates_store import publish_all
from experiments.models import Experiment, Variant
from triggers.models import Trigger

LOGIN = "demo"
_MARKETING = Campaign.MessageClass.MARKETING

# Subjects of the second arm. A question instead of the plain statement of the template.
QUESTION_SUBJECTS = {
    "en": "Did you forget something?",
    "fa": "چیزی جا نگذاشته‌اید؟",
    "ar": "هل نسيتم شيئًا؟",
    "he": "שכחתם משהו?",
    "ru": "Вы ничего не забыли?",
    "de": "Haben Sie etwas vergessen?",
    "fr": "Vous avez oublié quelque chose ?",
}


@transaction.atomic
def set_up_flows(now: datetime) -> list[Trigger]:
    """Publishes the templates and starts three flows at `now`: nothing before it enrols anybody.

    Raises campaigns.compiler.CompileError for a template that doesn't compile, and EmailTemplate.DoesNotExist
    where one of the three isn't there.
    """
    publish_all(now)
    return [_set_up_confirmation(now), _set_up_cart(now), _set_up_follow_up(now)]


def set_up_login() -> bool:
    """A superuser `demo` with the password `demo`; refused outside the demo's own surroundings."""
    if settings.PAIRWELL["BASE_URL"].startswith("https://"):
        return False
    user, _ = get_user_model().objects.get_or_create(
        username=LOGIN, defaults={"is_staff": True, "is_superuser": True}
    )
    user.set_password(LOGIN)
    user.save()
    return True


def _set_up_confirmation(now: datetime) -> Trigger:
    key = "order_confirmation"
    campaign = _make_campaign(key, "Order confirmation", Campaign.MessageClass.TRANSACTIONAL)
    _make_step(campaign, key, complements=3)
    return _make_trigger(key, "Order placed", campaign, now=now, settings_={})


def _set_up_cart(now: datetime) -> Trigger:
    key = "abandoned_cart"
    campaign = _make_campaign(key, "Abandoned cart", _MARKETING)
    experiment = _make_subject_test(now)
    _make_step(campaign, key, complements=3, upgrades=2, experiment=experiment)
    return _make_trigger(key, "Cart left for four hours", campaign, now=now, settings_={"delay_minutes": 240})


def _set_up_follow_up(now: datetime) -> Trigger:
    key = "post_purchase_follow_up"
    campaign = _make_campaign(key, "After the delivery", _MARKETING)
    _make_step(campaign, key, complements=3, upgrades=1, experiment=_make_holdout(now))
    chosen = {"after": "delivered", "days": 2}
    return _make_trigger(key, "Two days after the delivery", campaign, now=now, settings_=chosen)


def _make_campaign(key: str, name: str, message_class: str) -> Campaign:
    return Campaign.objects.create(key=key.replace("_", "-"), name=name, message_class=message_class)


def _make_step(campaign: Campaign, template: str, **chosen: Any) -> Step:
    return Step.objects.create(
        campaign=campaign, position=0, template=EmailTemplate.objects.get(key=template), **chosen
    )


def _make_trigger(
    kind: str, name: str, campaign: Campaign, *, now: datetime, settings_: dict[str, Any]
) -> Trigger:
    return Trigger.objects.create(
        key=kind.replace("_", "-"),
        name=name,
        kind=kind,
        settings=settings_,
        campaign=campaign,
        active_from=now,
    )


def _make_subject_test(now: datetime) -> Experiment:
    experiment = Experiment.objects.create(
        key="cart-subject",
        name="Cart: statement or question",
        hypothesis="A question in the subject brings more people back to their cart.",
        status=Experiment.Status.RUNNING,
        salt="demo-cart-subject",
        holdout_share=0.0,
        started_at=now,
    )
    changes = {"texts": {language: {"subject": text} for language, text in QUESTION_SUBJECTS.items()}}
    Variant.objects.create(experiment=experiment, key="statement", name="Statement", is_control=True)
    Variant.objects.create(experiment=experiment, key="question", name="Question", changes=changes)
    return experiment


def _make_holdout(now: datetime) -> Experiment:
    experiment = Experiment.objects.create(
        key="follow-up-holdout",
        name="Follow-up: write or not",
        hypothesis="People who get the follow-up order more within two weeks than people who get nothing.",
        status=Experiment.Status.RUNNING,
        salt="demo-follow-up-holdout",
        holdout_share=0.10,
        window_days=14,
        started_at=now,
    )
    Variant.objects.create(
        experiment=experiment, key="follow-up", name="Follow-up", weight=1.0, is_control=True
    )
    return experiment
