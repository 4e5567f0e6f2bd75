"""Two customers turn out to be one person: what the shop posts, and what follows from it everywhere."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from audience.consent import apply_consent_events, read_standings, record_consent, withdraw_consent
from audience.links import unsubscribe_url
from audience.models import ConsentEntry, Preference
from campaigns.models import Message
from experiments.assignment import assign, counted_assignments
from experiments.models import Variant
from privacy.people import find_person
from recommendations.models import CustomerResponse
from shop.api_keys import create_api_key
from shop.models import Customer, Event, Order
from tests.experiments.people import make_experiment
from tests.factories import NOW, make_cart, make_customer, make_order, make_product
from tests.flows import make_campaign, make_trigger
from tests.queries import count_statements
from tests.shop.elements import event, placed, product, record
from triggers.engine import take_events
from triggers.models import Enrolment

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


def merged(kept: Customer, gone: Customer, *, number: object = "m1") -> dict[str, Any]:
    return event(
        "customer.merged",
        number=number,
        customer={"id": kept.external_id},
        merged={"id": gone.external_id},
    )


def agree(customer: Customer) -> None:
    """A day before the merge: only a yes after it would outweigh the no."""
    yesterday = NOW - timedelta(days=1)
    record_consent(
        customer, state="granted", basis="explicit", source="api", occurred_at=yesterday, now=yesterday
    )


def reason_of(customer: Customer) -> str:
    customer.refresh_from_db()
    return read_standings([customer], LATER)[customer.pk].reason


def test_a_merge_by_the_api_keeps_the_older_arm_and_flags_it() -> None:
    experiment, kept, gone = make_experiment((1, 0)), make_customer(), make_customer()
    assign(experiment, [gone], NOW)
    Variant.objects.filter(key="a").update(weight=0)
    Variant.objects.filter(key="b").update(weight=1)
    assign(experiment, [kept], LATER)
    _, key = create_api_key("shop", now=NOW)
    posted = Client().post(
        "/api/v1/events", merged(kept, gone), "application/json", headers={"authorization": f"Bearer {key}"}
    )
    assert posted.json()["recorded"] == 1
    take_events(LATER)
    take_events(LATER)
    (row,) = counted_assignments(experiment)
    assert (row.customer, row.variant and row.variant.key, row.assigned_at) == (kept, "a", NOW)
    assert row.is_merged


def test_orders_carts_and_what_was_lacking_go_to_the_one_who_is_kept() -> None:
    kept, gone = make_customer(email="", attributes={"tier": 2}), make_customer(language="fa")
    order, cart = make_order(gone), make_cart(gone)
    gone.attributes = {"tier": 1, "size": "M"}
    gone.save()
    assert record(merged(kept, gone))[0].status == "recorded"
    for row in (kept, order, cart):
        row.refresh_from_db()
    assert (order.customer, cart.customer) == (kept, kept)
    assert (kept.email, kept.language, kept.attributes) == (gone.email, "fa", {"tier": 2, "size": "M"})


def test_news_under_the_old_id_counts_for_the_one_who_is_kept_even_down_a_chain() -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    record(merged(second, first, number="m1"), merged(third, second, number="m2"))
    record(event("product.updated", number="p", product=product()), placed("o", customer=first.external_id))
    assert Order.objects.get().customer == third
    assert set(Customer.objects.filter(merged_into=third)) == {first, second}


def test_the_same_person_twice_changes_nothing_and_nobody_is_merged_into_herself() -> None:
    kept, gone = make_customer(), make_customer()
    record(merged(kept, gone))
    assert record(merged(gone, kept, number="m2"))[0].status == "recorded"
    assert Customer.objects.get(merged_into=None) == kept
    (receipt,) = record(merged(kept, kept, number="m3"))
    assert (receipt.status, receipt.errors[0].path) == ("refused", "merged.id")


def test_who_was_never_heard_of_is_merged_before_her_first_news() -> None:
    kept = make_customer()
    record(event("customer.merged", customer={"id": kept.external_id}, merged={"id": "guest"}))
    record(event("product.updated", number="p", product=product()), placed("o", customer="guest"))
    assert Order.objects.get().customer == kept


@pytest.mark.parametrize("is_applied", [True, False])
def test_a_no_of_either_is_a_no_from_the_moment_the_merge_is_stored(*, is_applied: bool) -> None:
    kept, gone = make_customer(), make_customer()
    withdraw_consent(gone, source="one_click", now=NOW - timedelta(days=9))
    agree(kept)
    assert reason_of(kept) == ""
    record(merged(kept, gone))
    if is_applied:
        apply_consent_events(LATER)
        apply_consent_events(LATER)
        assert ConsentEntry.objects.filter(customer=kept, source="merge").count() == 1
    assert reason_of(kept) == "withdrawn"


def test_a_no_goes_down_a_chain_of_merges_in_one_batch() -> None:
    first, second, third = make_customer(), make_customer(), make_customer()
    withdraw_consent(first, source="one_click", now=NOW - timedelta(days=9))
    agree(third)
    record(merged(second, first, number="m1"), merged(third, second, number="m2"))
    assert reason_of(third) == "withdrawn"
    apply_consent_events(LATER)
    assert reason_of(third) == "withdrawn"


def test_a_yes_is_not_handed_on_and_the_one_who_goes_gets_no_marketing() -> None:
    kept, gone = make_customer(), make_customer()
    agree(gone)
    record(merged(kept, gone))
    apply_consent_events(LATER)
    assert (reason_of(kept), reason_of(gone)) == ("no_consent", "merged")


def test_of_two_preferences_the_stricter_counts() -> None:
    kept, gone = make_customer(), make_customer()
    Preference.objects.create(customer=kept, pace="weekly", declined_topics=["carts"], updated_at=NOW)
    Preference.objects.create(
        customer=gone,
        pace="monthly",
        declined_topics=["news"],
        no_suggestions=True,
        language="fa",
        updated_at=NOW,
    )
    record(merged(kept, gone))
    apply_consent_events(LATER)
    chosen = Preference.objects.get(customer=kept)
    assert (chosen.pace, chosen.declined_topics, chosen.no_suggestions) == (
        "monthly",
        ["carts", "news"],
        True,
    )
    assert chosen.language == "fa"


def test_of_two_chosen_languages_the_one_of_who_is_kept_stays() -> None:
    kept, gone = make_customer(), make_customer()
    Preference.objects.create(customer=kept, language="de", updated_at=NOW)
    Preference.objects.create(customer=gone, language="fa", updated_at=NOW)
    record(merged(kept, gone))
    apply_consent_events(LATER)
    assert Preference.objects.get(customer=kept).language == "de"


def test_the_link_in_an_old_email_takes_the_one_who_is_kept_out() -> None:
    kept, gone = make_customer(), make_customer()
    agree(kept)
    message = Message.objects.create(
        step=make_campaign().steps.get(), customer=gone, occurrence="a", queued_at=NOW, due_at=NOW
    )
    record(merged(kept, gone))
    link = unsubscribe_url(gone.uuid, message.pk)
    assert Client().post("/" + link.split("/", 3)[3]).status_code == 200
    assert reason_of(kept) == "withdrawn"


def test_emails_flows_and_answers_become_one_history_and_a_double_stays_behind() -> None:
    kept, gone, teapot = make_customer(), make_customer(), make_product()
    campaign = make_campaign()
    step, trigger = campaign.steps.get(), make_trigger("abandoned_cart", campaign=campaign)
    for customer, key in ((kept, "same"), (gone, "same"), (gone, "own")):
        Message.objects.create(step=step, customer=customer, occurrence=key, queued_at=NOW, due_at=NOW)
        cause = Event.objects.create(
            source="t", external_id=f"{customer.pk}{key}", kind="cart.updated", customer=customer,
            occurred_at=NOW, received_at=NOW, processed_at=NOW,
        )  # fmt: skip
        Enrolment.objects.create(
            trigger=trigger, customer=customer, entry_key=key, event=cause, entered_at=NOW, due_at=LATER,
            changed_at=NOW,
        )  # fmt: skip
        CustomerResponse.objects.update_or_create(customer=customer, product=teapot, defaults={"shown": 2})
    CustomerResponse.objects.filter(customer=gone).update(fewer_at=NOW)
    record(merged(kept, gone))
    take_events(NOW)
    assert sorted(kept.messages.values_list("occurrence", flat=True)) == ["own", "same"]
    assert sorted(kept.enrolments.filter(state="waiting").values_list("entry_key", flat=True)) == [
        "own",
        "same",
    ]
    (double,) = gone.enrolments.all()
    assert (double.state, double.reason) == ("exited", "merged")
    (answer,) = CustomerResponse.objects.all()
    assert (answer.customer, answer.shown, answer.fewer_at) == (kept, 4, NOW)


def test_a_hundred_merges_take_as_many_statements_as_two() -> None:
    experiment = make_experiment()

    def merge(count: int, prefix: str) -> int:
        people = [make_customer() for _ in range(2 * count)]
        assign(experiment, people, NOW)
        pairs = zip(people[:count], people[count:], strict=True)
        elements = [merged(a, b, number=f"{prefix}{n}") for n, (a, b) in enumerate(pairs)]
        with count_statements() as statements:
            record(*elements)
            apply_consent_events(LATER)
            take_events(LATER)
        return len(statements)

    assert merge(100, "many") <= merge(2, "few")


def test_whoever_asks_for_one_of_the_ids_gets_the_whole_person() -> None:
    kept, gone = make_customer(), make_customer()
    record(merged(kept, gone))
    for asked in (kept.external_id, gone.external_id, gone.email):
        person = find_person(asked)
        assert (set(person.customers), set(person.addresses)) == ({kept, gone}, {kept.email, gone.email})
