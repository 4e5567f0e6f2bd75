"""A broadcast is queued by the database, once for everyone, and judged when it is sent."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db.models import CharField, Value
from django.db.models.functions import Concat

from campaigns import broadcasts
from campaigns.broadcasts import estimate_broadcast, queue_broadcast
from campaigns.models import Alert, Message, MessageOutcome, SendBatch
from campaigns.outcomes import Tally
from campaigns.sending import send_due
from delivery.preview import PreviewTransport
from shop.models import Customer
from tests.campaigns.conftest import agree
from tests.campaigns.emails import in_text
from tests.campaigns.test_rendering import publish
from tests.factories import make_customer
from tests.flows import make_campaign
from tests.queries import count_statements

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(django_settings.PAIRWELL, "BATCH_SIZE", 2)
    monkeypatch.setattr(broadcasts, "CUSTOMERS_AT_ONCE", 5)


def test_everyone_with_an_address_gets_one_message_in_a_full_batch(now: datetime) -> None:
    customers = [make_customer() for _ in range(12)]
    make_customer(email="")
    campaign = make_campaign(marketing=True)
    assert queue_broadcast(campaign, now, occurrence="spring") == 12
    assert set(Message.objects.values_list("customer", flat=True)) == {c.pk for c in customers}
    sizes = [batch.messages.count() for batch in SendBatch.objects.order_by("pk")]
    assert sizes == [2, 2, 1, 2, 2, 1, 2]  # twelve in parts of five, in batches of two
    assert set(Message.objects.values_list("queued_at", "due_at", "is_closed")) == {(now, now, False)}


def test_the_same_broadcast_again_adds_only_who_is_new(now: datetime) -> None:
    campaign = make_campaign(marketing=True)
    make_customer()
    queue_broadcast(campaign, now, occurrence="spring")
    make_customer()
    assert queue_broadcast(campaign, now, occurrence="spring") == 1
    assert queue_broadcast(campaign, now, occurrence="spring") == 0
    assert (Message.objects.count(), SendBatch.objects.count()) == (2, 2)


def test_an_audience_narrows_it(now: datetime) -> None:
    make_customer(country="DE")
    wanted = make_customer(country="FR")
    audience = Customer.objects.filter(country="FR")
    assert queue_broadcast(make_campaign(marketing=True), now, occurrence="fr", audience=audience) == 1
    assert Message.objects.get().customer == wanted


def test_consent_is_judged_when_it_is_sent(now: datetime, transport: PreviewTransport) -> None:
    agree(make_customer(), now - timedelta(days=1))
    make_customer()
    way_out = '{{ shop.address }} <a href="{{ links.unsubscribe }}">No more</a>'
    source = in_text(f"Hello {{{{ customer.name }}}} {way_out}")
    queue_broadcast(make_campaign(marketing=True, template=publish(source).template.key), now, occurrence="s")
    assert send_due(now, transport) == Tally(accepted=1, skipped=1)
    assert MessageOutcome.objects.get().reason == "no_consent"


def test_the_number_of_statements_depends_on_the_parts_alone(now: datetime) -> None:
    campaign = make_campaign(marketing=True)
    counts = []
    for number in (2, 5):
        audience = Customer.objects.filter(pk__in=[make_customer().pk for _ in range(number)])
        with count_statements() as statements:
            queue_broadcast(campaign, now, occurrence=f"of {number}", audience=audience)
        counts.append(len(statements))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("occurrence", ["", "x" * 101])
def test_a_name_that_cannot_be_stored_is_refused(now: datetime, occurrence: str) -> None:
    with pytest.raises(ValueError, match="Name the broadcast"):
        queue_broadcast(make_campaign(), now, occurrence=occurrence)


def test_a_campaign_without_an_email_is_refused(now: datetime) -> None:
    campaign = make_campaign()
    campaign.steps.all().delete()
    with pytest.raises(ValueError, match="Add a step"):
        queue_broadcast(campaign, now, occurrence="x")


def limit(monkeypatch: pytest.MonkeyPatch, **values: object) -> None:
    for name, value in values.items():
        monkeypatch.setitem(django_settings.PAIRWELL, name.upper(), value)


WARM_UP = {"from": "2026-11-16", "start": 10, "factor": 1, "target": 50}


def test_how_long_the_limits_let_it_last_is_known_beforehand(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(12):
        make_customer()
    assert (estimate_broadcast(now).ends_at, estimate_broadcast(now).reason) == (now, "")
    limit(monkeypatch, rate_per_minute=5)  # four of them offers
    assert estimate_broadcast(now).ends_at == now + timedelta(minutes=2)
    limit(
        monkeypatch, rate_per_minute=0, warm_up=WARM_UP | {"start": 5, "factor": 2}
    )  # 10 a day by now, 8 offers
    tomorrow = (now + timedelta(days=1)).replace(hour=0)
    pace = estimate_broadcast(now)
    assert (pace.people, pace.ends_at, pace.days, pace.reason) == (12, tomorrow, 2, "warm_up")
    limit(monkeypatch, warm_up={}, domain_rates={"buyer.example": 1})
    Customer.objects.update(email=Concat("pk", Value("@Buyer.example"), output_field=CharField()))
    pace = estimate_broadcast(now)
    assert (pace.ends_at, pace.reason) == (now + timedelta(minutes=11), "domain_limit")


@pytest.mark.parametrize(("people", "warned"), [(32, False), (33, True)])
def test_more_than_three_days_are_told_before_it_begins(
    now: datetime, monkeypatch: pytest.MonkeyPatch, *, people: int, warned: bool
) -> None:
    limit(monkeypatch, warm_up=WARM_UP)  # eight offers a day
    for _ in range(people):
        make_customer()
    queue_broadcast(make_campaign(marketing=True), now.replace(hour=0), occurrence="spring")
    alerts = list(Alert.objects.values_list("code", "figures"))
    assert alerts == ([("broadcast_slow", {"people": people, "days": 5})] if warned else [])


def test_no_limit_costs_no_statement(now: datetime) -> None:
    with count_statements() as statements:
        estimate_broadcast(now)
    assert len(statements) == 0
