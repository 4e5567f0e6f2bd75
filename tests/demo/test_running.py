"""A day of the boutique with the real engine, from the events to the mail in the preview inbox."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from pytest_django import Settings

from campaigns.models import (
    Campaign,
    Message,
    MessageEvent,
    MessageOutcome,
    MessageProduct,
    PreviewMail,
    RenderedMessage,
)
from demo import figures, running
from demo.boutique.days import tell_boutique
from demo.boutique.loading import load_boutique
from demo.dates import Calendar
from demo.elements import sort_by_time
from demo.flows import QUESTION_SUBJECTS, send_letter, set_up_flows, set_up_login
from demo.living import Clock, Lived
from demo.readers import Readers
from demo.resetting import empty_tables
from demo.running import Told
from experiments.models import Experiment
from shop.models import Order
from tests.factories import make_customer, make_order
from triggers.models import Enrolment, Trigger

START = datetime(2026, 11, 7, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def live_for(hours: int) -> tuple[Lived, Readers]:
    load_boutique(START)
    running.learn(Calendar(0, START, START + timedelta(days=14)))
    set_up_flows(START)
    told = Told(sort_by_time(tell_boutique(START)), derived=Counter())
    return running.live(told, Clock(START, START + timedelta(hours=hours), timedelta(hours=6)))


def test_a_day_of_the_boutique_ends_in_the_inbox() -> None:
    lived, readers = live_for(24)
    assert lived.receipts == {"recorded": 2}
    recipients = set(PreviewMail.objects.values_list("recipient", flat=True))
    assert recipients == {"sara@example.com", "emma@example.com"}
    assert readers.counts["delivered"] == 2


def test_a_persian_order_is_confirmed_in_persian_with_what_goes_with_the_phone() -> None:
    live_for(12)
    rendered = RenderedMessage.objects.get()
    assert rendered.language == "fa"
    shown = MessageProduct.objects.filter(message=rendered.message)
    assert {"bq-film"} <= set(shown.values_list("product__external_id", flat=True))
    assert all(row.because_of and row.because_of.external_id in {"bq-phone", "bq-case"} for row in shown)


def test_six_days_bring_confirmations_cart_mail_and_follow_ups() -> None:
    live_for(24 * 6)
    sent = RenderedMessage.objects.values_list("message__step__campaign__key", flat=True)
    assert set(sent) == {
        "order-confirmation",
        "abandoned-cart",
        "post-purchase-follow-up",
    }
    assert Enrolment.objects.filter(cart__customer__external_id="bq-omar", state="done").exists()
    assert not MessageOutcome.objects.filter(reason="render_failed").exists()


def test_readers_open_after_the_delivery_and_do_nothing_before_its_time() -> None:
    live_for(24 * 6)
    acts = MessageEvent.objects.filter(provider="demo").values_list("message", "kind", "occurred_at")
    delivered = {message: at for message, kind, at in acts if kind == "delivered"}
    opened = [(message, at) for message, kind, at in acts if kind == "opened"]
    assert opened
    assert all(delivered[message] < at <= START + timedelta(days=6) for message, at in opened)


@pytest.mark.django_db(transaction=True)
def test_readers_decide_by_what_a_message_is_about_and_so_the_same_on_every_run() -> None:
    live_for(24 * 6)
    who = MessageEvent.objects.filter(kind="opened").values_list(
        "message__customer__external_id", "occurred_at"
    )
    first = sorted(who)
    empty_tables()
    live_for(24 * 6)
    assert sorted(who.all()) == first


def test_the_summary_speaks_of_enrolments_messages_products_and_arms() -> None:
    _, readers = live_for(24 * 6)
    sections = [
        figures.read_enrolments(),
        figures.read_messages(),
        figures.read_products(),
        figures.read_languages(),
        *figures.read_experiments(),
        figures.read_readers(readers.counts, START, START + timedelta(days=6)),
    ]
    assert all(section.rows for section in sections)
    assert "SIMULATED" in sections[-1].note


def test_three_flows_start_at_the_first_live_midnight_with_two_experiments() -> None:
    set_up_flows(START)
    assert set(Trigger.objects.values_list("active_from", flat=True)) == {START}
    classes = dict(Campaign.objects.values_list("key", "message_class"))
    assert classes["order-confirmation"] == "transactional"
    assert classes["abandoned-cart"] == classes["post-purchase-follow-up"] == "marketing"
    assert Experiment.objects.filter(status="running").count() == 2
    assert set(QUESTION_SUBJECTS) >= {"en", "fa", "ar", "he", "ru"}


def test_the_letter_goes_once_to_who_has_not_ordered_for_long_in_two_versions() -> None:
    set_up_flows(START)
    lapsed, regular, _never = make_customer(), make_customer(), make_customer()
    make_order(lapsed, placed_at=START - timedelta(days=91))
    make_order(regular, placed_at=START - timedelta(days=91))
    make_order(regular, placed_at=START - timedelta(days=3))
    assert send_letter(START) == 1
    assert Message.objects.get().customer == lapsed
    letter = Experiment.objects.get(key="letter-subject")
    assert (letter.status, letter.metric, letter.variants.count()) == ("running", "click", 2)


def test_the_demo_login_is_refused_on_a_public_address(settings: Settings) -> None:
    settings.PAIRWELL = settings.PAIRWELL | {"BASE_URL": "https://pairwell.example"}
    assert not set_up_login()
    assert not get_user_model().objects.exists()


def test_the_demo_login_is_a_superuser_called_demo() -> None:
    assert set_up_login()
    assert get_user_model().objects.get(username="demo").is_superuser


def test_the_demo_never_sends_real_mail(settings: Settings) -> None:
    settings.PAIRWELL = settings.PAIRWELL | {"TRANSPORT": "smtp"}
    with pytest.raises(CommandError, match="unset PAIRWELL_TRANSPORT"):
        call_command("demo", stdout=StringIO())
    assert not Order.objects.exists()


def test_a_day_that_is_not_over_is_refused_before_anything_is_deleted() -> None:
    load_boutique(START)
    with pytest.raises(CommandError, match="not over yet"):
        call_command("demo", "--until", "2999-01-01", "--reset", stdout=StringIO())
    assert Order.objects.count() == 220
