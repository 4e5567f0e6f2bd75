"""The three flows of the demo, with their triggers, a letter to old customers, three experiments and one
person to log in."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Exists, OuterRef

from campaigns.broadcasts import queue_broadcast
from campaigns.models import Campaign, EmailTemplate, Step
from experiments.models import Experiment, Variant
from experiments.running import start
from shop.models import Customer, Order
from triggers.models import Trigger
from triggers.standard_flows import create_flows

LOGIN = "demo"

# Subjects of the second arm. A question instead of the plain statement of the template.
QUESTION_SUBJECTS = {
    "en": "Did you forget something?",
    "fa": "چیزی جا نگذاشته‌اید؟",
    "ar": "هل نسيت شيئًا؟",
    "he": "שכחת משהו?",
    "ru": "Вы ничего не забыли?",
    "de": "Haben Sie etwas vergessen?",
    "fr": "Vous avez oublié quelque chose ?",
}


# Subjects of the letter's second arm; how much more often the simulated readers click on it is told beside
# them (readers.CLICKS_TIMES).
LETTER_SUBJECTS = {
    "en": "Shall we show you what is new?",
    "fa": "تازه‌ها را نشانتان بدهیم؟",
    "ar": "هل نريك الجديد لدينا؟",
    "he": "רוצים לראות מה חדש?",
    "ru": "Показать вам, что нового?",
    "de": "Dürfen wir Ihnen zeigen, was es Neues gibt?",
    "fr": "On vous montre ce qu’il y a de nouveau ?",
}
LETTER = "win-back-letter"
LONG_AGO = timedelta(days=90)


@transaction.atomic
def set_up_flows(now: datetime) -> list[Trigger]:
    """The standard flows, started at `now`, with two experiments and a wait that a fortnight can show.

    Raises campaigns.compiler.CompileError for a template that doesn't compile.
    """
    triggers = create_flows(now, holdout_share=0)
    Campaign.objects.filter(key="abandoned-cart").update(experiment=_make_subject_test(now))
    Campaign.objects.filter(key="post-purchase-follow-up").update(experiment=_make_holdout(now))
    soon = {"after": "delivered", "days": 2}
    Trigger.objects.filter(key="post-purchase-follow-up").update(settings=soon)
    return triggers


@transaction.atomic
def send_letter(now: datetime) -> int:
    """Queues one email to everybody who has not ordered for a long time, in two versions; how many."""
    campaign = Campaign.objects.create(
        key=LETTER,
        name="Letter to old customers",
        message_class=Campaign.MessageClass.MARKETING,
        experiment=_make_letter_test(now),
    )
    Step.objects.create(campaign=campaign, position=0, template=EmailTemplate.objects.get(key="win_back"))
    orders = Order.objects.filter(customer=OuterRef("pk"))
    lapsed = Customer.objects.filter(Exists(orders)).exclude(
        Exists(orders.filter(placed_at__gte=now - LONG_AGO))
    )
    return queue_broadcast(campaign, now, occurrence="first", audience=lapsed)


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


def _make_letter_test(now: datetime) -> Experiment:
    """Decided by clicks, as a letter that goes out once can't wait for orders."""
    experiment = Experiment.objects.create(
        key="letter-subject",
        name="Letter: statement or question",
        hypothesis="A question in the subject makes more people look again.",
        salt="demo-letter-subject",
        holdout_share=0.0,
        window_days=3,
        metric=Experiment.Metric.CLICK,
        planned_people=600,
    )
    changes = {"texts": {language: {"subject": text} for language, text in LETTER_SUBJECTS.items()}}
    Variant.objects.create(experiment=experiment, key="statement", name="Statement", is_control=True)
    Variant.objects.create(experiment=experiment, key="question", name="Question", changes=changes)
    return start(experiment, now, actor="demo")


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
