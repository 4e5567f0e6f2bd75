"""Every email of the library has a flow, and every flow sends its email from what a shop really tells."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from campaigns.email_files import list_directories, read_directory
from campaigns.models import EmailTemplate, MessageOutcome, RenderedMessage, TemplateVersion
from campaigns.told import find_lacking
from campaigns.transports import DatabasePreviewStore
from delivery.preview import PreviewTransport
from recommendations.models import Kind
from shop.ingest import record_events
from shop.models import Order, Product
from tests.recommendations.shops import connect, make_model
from triggers.engine import sweep
from triggers.models import Enrolment, Trigger
from triggers.standard_flows import FLOWS, STANDARD_FLOWS, create_flows

pytestmark = pytest.mark.django_db

Element = dict[str, Any]
KEYS = [path.name for path in list_directories()]
SARA = {"id": "c-17", "email": "sara@buyer.example", "name": "Sara", "language": "en", "country": "GB"}
YES = {"basis": "explicit", "text": "Yes, send me offers by email.", "proof": "footer form"}


@pytest.fixture(autouse=True)
def published(now: datetime) -> None:
    """Every template as it is, published in English alone: the other languages take a minute to compile."""
    for path in list_directories():
        email = read_directory(path)
        template = EmailTemplate.objects.create(key=email.key, name=email.name)
        TemplateVersion.objects.create(
            template=template,
            number=1,
            source=email.source.text,
            texts={"en": email.texts["en"]},
            digest=email.digest,
            needs=list(email.needs),
            published_at=now,
        )


def tell(kind: str, at: datetime, **parts: Any) -> None:
    number = f"{kind} {at:%m-%d %H:%M}"
    element = {"id": number, "kind": kind, "occurred_at": at.isoformat(), **parts}
    if not kind.startswith(("product.updated", "order.delivered", "order.shipped")):
        element["customer"] = SARA
    [receipt] = record_events([element], source="shop", now=at)
    assert not receipt.errors


def tell_of_products(at: datetime, **changed: Any) -> None:
    for number, key in enumerate(("kettle", "teapot", "cups")):
        product: Element = {
            "id": key,
            "title": key.title(),
            "currency": "GBP",
            "price": "20.00",
            "product_type": key,
        }
        product |= {
            "url": f"https://shop.example/{key}",
            "attributes": {"rating": {"average": 4.6, "count": 9}},
        }
        tell("product.updated", at + timedelta(minutes=number), product={**product, **changed})


def tell_of_order(at: datetime, number: str = "1001") -> None:
    lines = [{"product": "teapot", "quantity": 2, "unit_price": "20.00"}]
    tell("order.placed", at, order={"id": number, "currency": "GBP", "lines": lines})


def learn(*, upgrades: bool = False) -> None:
    kettle, teapot, cups = (Product.objects.get(external_id=key) for key in ("kettle", "teapot", "cups"))
    model = make_model()
    connect(model, teapot, kettle, cups)
    connect(model, kettle, cups)
    if upgrades:
        Product.objects.filter(pk=kettle.pk).update(price="26.00", product_type="teapot")
        connect(model, teapot, kettle, kind=Kind.UPGRADE)


def start(name: str, now: datetime, *, agreed: bool = True) -> None:
    tell_of_products(now - timedelta(days=3))
    if agreed:
        tell("consent.granted", now - timedelta(days=2), consent=YES)
    create_flows(now - timedelta(days=1), holdout_share=0, names=[name])


def run(*moments: datetime) -> None:
    for moment in moments:
        sweep(moment, PreviewTransport(DatabasePreviewStore()))


def read_sent() -> list[RenderedMessage]:
    assert not MessageOutcome.objects.exists(), MessageOutcome.objects.values("reason", "detail")
    return list(RenderedMessage.objects.select_related("version__template").order_by("created_at"))


def expect(*templates: str) -> RenderedMessage:
    sent = read_sent()
    assert [one.version.template.key for one in sent] == list(templates)
    return sent[-1]


def test_every_email_of_the_library_is_sent_by_a_flow() -> None:
    sent = {key for flow in FLOWS.values() for _, key in flow.emails or ((0, flow.kind),)}
    assert sent == set(KEYS)


def test_a_shop_begins_with_four_flows_and_adds_others_by_name(now: datetime) -> None:
    assert len(create_flows(now)) == len(STANDARD_FLOWS)
    assert [trigger.key for trigger in create_flows(now, names=["welcome", "abandoned_cart"])] == ["welcome"]
    with pytest.raises(KeyError):
        create_flows(now, names=["nonsense"])


def test_a_parcel_that_left_is_followed(now: datetime) -> None:
    start("shipping_notice", now)
    tell_of_order(now - timedelta(hours=2))
    shipment = {
        "carrier": "Royal Mail",
        "tracking_number": "AB 1",
        "lines": [{"product": "teapot", "quantity": 1}],
    }
    tell("order.shipped", now, order={"id": "1001"}, shipment=shipment)
    run(now)
    sent = expect("shipping_notice")
    assert sent.context["shipment"]["lines"] == [{"title": "Teapot", "quantity": 1}]


def test_three_emails_about_one_cart(now: datetime) -> None:
    start("abandoned_cart_series", now)
    lines = [{"product": "teapot", "quantity": 1, "unit_price": "20.00"}]
    tell("cart.updated", now, cart={"id": "cart-9", "currency": "GBP", "lines": lines})
    run(*(now + timedelta(hours=hours) for hours in (0, 4, 28, 100)))
    expect("abandoned_cart", "abandoned_cart_help", "abandoned_cart_last")


@pytest.mark.parametrize("orders_meanwhile", [False, True])
def test_a_look_is_remembered_unless_an_order_followed(now: datetime, orders_meanwhile: bool) -> None:
    start("browse_reminder", now)
    learn()
    tell("product.viewed", now, product="teapot")
    run(now)
    if orders_meanwhile:
        tell_of_order(now + timedelta(hours=3))
    run(now + timedelta(hours=24))
    if orders_meanwhile:
        assert Enrolment.objects.get().reason == "ordered"
    else:
        context = expect("browse_reminder").context
        assert [product["title"] for product in context["products"]] == ["Teapot"]
        assert context["products"][0]["rating"] == {"average": "4.6", "count": 9}
        assert "Teapot" not in {product["title"] for product in context["complements"]}


def deliver(now: datetime, *, days: int) -> None:
    """An order that is delivered within the hour, and what comes of it so many days later."""
    tell_of_order(now)
    tell("order.delivered", now + timedelta(hours=1), order={"id": "1001"})
    run(now + timedelta(hours=1), now + timedelta(days=days, hours=1))


def test_what_was_bought_may_be_reviewed(now: datetime) -> None:
    start("review_request", now)
    deliver(now, days=21)
    assert [p["title"] for p in expect("review_request").context["products"]] == ["Teapot"]


def test_the_next_one_up_is_offered_after_a_while(now: datetime) -> None:
    start("upgrade_offer", now)
    learn(upgrades=True)
    deliver(now, days=120)
    assert [p["title"] for p in expect("upgrade_offer").context["upgrades"]] == ["Kettle"]


def test_what_belongs_together_is_offered_with_its_sum(now: datetime) -> None:
    start("bundle_offer", now)
    learn()
    deliver(now, days=30)
    bundle = expect("bundle_offer").context["bundle"]
    assert (bundle["sum"], len(bundle["products"])) == ("60.00", 3)


def test_nobody_is_written_to_with_nothing_to_show(now: datetime) -> None:
    start("bundle_offer", now)
    deliver(now, days=30)
    outcome = MessageOutcome.objects.get()
    assert (outcome.reason, outcome.detail) == ("nothing_to_show", "The email needs bundle.")
    assert not RenderedMessage.objects.exists()


def test_somebody_who_asks_nothing_of_our_suggestions_can_wave_them_away(now: datetime) -> None:
    start("offer_feedback", now)
    learn()
    deliver(now, days=90)
    context = expect("offer_feedback").context
    assert {p["title"] for p in context["products"]} == {"Kettle", "Cups"}
    assert all("/f/" in product["fewer"] for product in context["products"])
    assert context["links"]["pause"].endswith("?break")


def test_a_welcome_is_said_once(now: datetime) -> None:
    start("welcome", now, agreed=False)
    for hours in (0, 30):
        tell("consent.granted", now + timedelta(hours=hours), consent=YES)
        run(now + timedelta(hours=hours))
    expect("welcome")


def test_long_after_the_last_order_and_only_the_last(now: datetime) -> None:
    start("win_back", now)
    tell_of_order(now)
    run(now)
    tell_of_order(now + timedelta(days=100), "1002")
    run(*(now + timedelta(days=days) for days in (100, 180, 280)))
    assert expect("win_back").context["order"]["number"] == "1002"
    assert Enrolment.objects.get(order__external_id="1001").reason == "ordered"


@pytest.mark.parametrize(
    ("occasion", "subject"),
    [
        ({"kind": "birthday"}, "Happy birthday, Sara"),
        ({"kind": "anniversary", "years": 3}, "3 years with us"),
    ],
)
def test_a_day_to_celebrate(now: datetime, occasion: Element, subject: str) -> None:
    start("birthday", now)
    tell("customer.occasion", now, occasion=occasion)
    run(now)
    assert expect("birthday").subject == subject


@pytest.mark.parametrize("stock", [3, 0])
def test_what_was_asked_for_is_told_while_it_is_there(now: datetime, stock: int) -> None:
    start("back_in_stock", now)
    tell_of_products(now - timedelta(hours=1), stock=stock)
    tell("product.back_in_stock", now, product="teapot")
    run(now)
    if stock:
        assert expect("back_in_stock").subject == "Back in stock: Teapot"
    else:
        assert MessageOutcome.objects.get().reason == "nothing_to_show"


@pytest.mark.parametrize(("before", "shown"), [("25.00", "25.00"), (None, ""), ("15.00", None)])
def test_a_lower_price_is_told_with_the_one_before(
    now: datetime, before: str | None, shown: str | None
) -> None:
    start("price_drop", now)
    reduction = {"reduction": {"price_before": before, "currency": "GBP"}} if before else {}
    tell("product.price_reduced", now, product="teapot", **reduction)
    run(now)
    if shown is None:  # it costs more than it did
        assert MessageOutcome.objects.get().reason == "nothing_to_show"
    else:
        assert expect("price_drop").context["products"][0]["price_before"] == shown


def test_a_link_to_pass_on(now: datetime) -> None:
    start("referral", now)
    rewards = {"friend": {"percent": 10, "currency": "GBP"}, "you": {"amount": "5.00", "currency": "GBP"}}
    tell("referral.offered", now, referral={"url": "https://shop.example/r/SARA", **rewards})
    run(now)
    assert expect("referral").context["referral"]["you"]["amount"] == "5.00"


def test_what_was_used_up_is_offered_again(now: datetime) -> None:
    start("replenishment", now)
    for days in (120, 90, 60, 30):
        tell_of_order(now - timedelta(days=days, hours=-1), f"early {days}")
    Order.objects.update(delivered_at=now)
    Product.objects.update(attributes={"consumable": True})
    make_model()
    Trigger.objects.update(active_from=now - timedelta(days=31))
    run(now + timedelta(hours=2))
    assert [p["title"] for p in expect("replenishment").context["products"]] == ["Teapot"]


@pytest.mark.parametrize("key", KEYS)
def test_the_sample_of_an_email_has_what_it_needs(key: str) -> None:
    email = next(read_directory(path) for path in list_directories() if path.name == key)
    assert not find_lacking(email.needs, email.sample)
