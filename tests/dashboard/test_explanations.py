"""Why did this customer get, or not get, this email?"""

from datetime import timedelta

import pytest

from campaigns.models import Message
from dashboard.explanations import Answer, explain_campaign
from dashboard.reasons import SENTENCES, explain_reason
from shop.models import Customer
from tests.dashboard.rows import NEWEST, SmallShop, close, make_message
from triggers.models import Enrolment

pytestmark = pytest.mark.django_db


def ask(shop: SmallShop, customer: Customer, campaign: str) -> list[Answer]:
    messages = Message.objects.with_status().filter(
        customer=customer, step__campaign__triggers__kind=campaign
    )
    enrolments = Enrolment.objects.filter(customer=customer, trigger__kind=campaign)
    return explain_campaign(list(messages), list(enrolments), starts=["4 hours after a cart was left"])


def test_a_sent_email_is_a_yes_with_its_subject_and_its_cause(small_shop: SmallShop) -> None:
    (answer,) = ask(small_shop, small_shop.customers["en"], "order_confirmation")
    assert answer.verdict == "yes"
    assert answer.sentence == "Yes. “Your order, and what goes with it” was sent for order O-500."


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("fa", "No. The customer had already received as much mail as the limit allows."),
        ("ar", "No. The customer belongs to the comparison group that gets no email."),
        ("he", "No. The mailbox refused the email for good (SMTP 550)."),
        ("ru", "No. The customer has said no to marketing mail."),
    ],
)
def test_an_email_that_was_not_sent_is_a_no_with_its_reason(
    language: str, sentence: str, small_shop: SmallShop
) -> None:
    (answer,) = ask(small_shop, small_shop.customers[language], "abandoned_cart")
    assert (answer.verdict, answer.sentence) == ("no", sentence)


def test_a_customer_who_was_refused_at_the_door_is_a_no_as_well(small_shop: SmallShop) -> None:
    (answer,) = ask(small_shop, small_shop.customers["he"], "post_purchase_follow_up")
    assert answer.sentence == "No. This trigger writes to each customer only once, and already had."


def test_a_customer_to_whom_nothing_happened_is_told_what_starts_the_campaign(small_shop: SmallShop) -> None:
    (answer,) = ask(small_shop, small_shop.customers["en"], "post_purchase_follow_up")
    assert answer.verdict == "no"
    assert answer.sentence.endswith("It starts: 4 hours after a cart was left.")


def test_an_enrolment_that_waits_is_a_not_yet_with_its_time(small_shop: SmallShop) -> None:
    due = NEWEST + timedelta(hours=3)
    Enrolment.objects.filter(state="refused").update(state="waiting", reason="", due_at=due)
    (answer,) = ask(small_shop, small_shop.customers["he"], "post_purchase_follow_up")
    assert answer.verdict == "not_yet"
    assert answer.sentence == "Not yet. It is due on 2 Mar 2026, 15:00."


def test_an_email_nobody_can_know_about_is_a_perhaps(small_shop: SmallShop) -> None:
    message = make_message(small_shop, "order_confirmation", small_shop.customers["en"], at=NEWEST)
    close(message, "unknown", "in_doubt")
    newest = ask(small_shop, small_shop.customers["en"], "order_confirmation")[0]
    assert newest.sentence.startswith("Perhaps. The connection broke while sending")


@pytest.mark.parametrize("code", SENTENCES)
def test_every_reason_is_a_sentence(code: str) -> None:
    assert explain_reason(code).endswith(".")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("smtp_421", "The mailbox could not take the email just then (SMTP 421)."),
        ("http_400", "The mail provider refused the email (HTTP 400)."),
        ("some_new_code", "Reason: some new code."),
        ("", ""),
    ],
)
def test_a_code_without_a_sentence_of_its_own_still_says_something(code: str, sentence: str) -> None:
    assert explain_reason(code) == sentence
