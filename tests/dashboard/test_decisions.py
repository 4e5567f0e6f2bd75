"""What marketers decide by hand, on its page: seen, added, removed, by those who may, with a trace."""

from datetime import date

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from recommendations.models import ComplementRule, Listing, OfferRules, Pin
from shop.models import Product
from tests.factories import make_product

pytestmark = pytest.mark.django_db
PAGE = "dashboard:recommendation_rules"
_MAY = ["change_offerrules"] + [
    f"{verb}_{model}" for verb in ("add", "delete") for model in ("listing", "pin", "complementrule")
]


@pytest.fixture
def merchandiser(client: Client, marketer: User) -> Client:
    marketer.user_permissions.add(*Permission.objects.filter(codename__in=_MAY))
    client.force_login(marketer)
    return client


@pytest.fixture
def mug() -> Product:
    return make_product(title="Mug", external_id="M-1", category="Home > Kitchen", product_type="mug")


def add(client: Client, kind: str, place: str = "", **fields: str) -> str:
    """Posts the form of a kind; what the page says then."""
    data = {"what": kind} | {f"{kind}-{name}": value for name, value in fields.items()}
    answer = client.post(f"{reverse(PAGE)}?place={place}", data, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_a_product_is_kept_out_between_two_days(merchandiser: Client, mug: Product) -> None:
    html = add(
        merchandiser, "listing", side="exclude", product="M-1", starts_on="2026-01-01", ends_on="2026-02-01"
    )
    row = Listing.objects.get()
    assert (row.side, row.place, row.product, row.starts_on, row.ends_on) == (
        "exclude", "", mug, date(2026, 1, 1), date(2026, 2, 1)
    )  # fmt: skip
    assert "Mug: Put on a list" in html
    assert LogEntry.objects.get().change_message == "listed"


def test_what_is_decided_at_one_place_stays_there(merchandiser: Client, mug: Product) -> None:
    Campaign.objects.create(key="cart", name="Left cart", message_class="marketing")
    html = add(merchandiser, "pin", "cart", product="mug", position="2")
    pin = Pin.objects.get()
    assert (pin.place, pin.product, pin.position) == ("cart", mug, 2)
    assert "What holds at “Left cart”" in html
    whole = merchandiser.get(reverse(PAGE)).content.decode()
    assert "Remove Mug" not in whole


def test_a_complement_for_a_whole_type_is_added_found_and_removed(merchandiser: Client, mug: Product) -> None:
    make_product(title="Tray", external_id="T-1")
    add(merchandiser, "complement", product_type="mug", complement="Tray", position="1", note="Set of spring")
    rule = ComplementRule.objects.get()
    assert (rule.product_type, rule.complement.title, rule.note) == ("mug", "Tray", "Set of spring")
    assert "Set of spring" in merchandiser.get(reverse(PAGE), {"q": "tray"}).content.decode()
    assert "Set of spring" not in merchandiser.get(reverse(PAGE), {"q": "kettle"}).content.decode()
    answer = merchandiser.post(reverse("dashboard:decision_remove", args=["complement", rule.pk]))
    assert answer.status_code == 302
    assert not ComplementRule.objects.exists()
    assert list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True)) == [
        "paired",
        "unpaired",
    ]


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        ("listing", {"side": "exclude"}, "Name a product, or a category or type, and not both."),
        ("listing", {"side": "exclude", "product": "M-1", "category": "mug"}, "and not both."),
        ("listing", {"side": "exclude", "category": "Kichen"}, "No product is in “Kichen”."),
        ("listing", {"side": "exclude", "product": "M-9"}, "No product has the number or title “M-9”."),
        ("pin", {"product": "Twin", "position": "1"}, "for example W-1, W-2."),
        ("pin", {"product": "M-1", "position": "4"}, "less than or equal to 3"),
        ("pin", {"product": "M-1", "position": "1", "starts_on": "2026-03-02", "ends_on": "2026-03-01"},
         "The last day is before the first."),
        ("complement", {"product": "M-1", "complement": "M-1", "position": "1"}, "does not go with itself."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(
    kind: str, fields: dict[str, str], said: str, merchandiser: Client, mug: Product
) -> None:
    make_product(title="Twin", external_id="W-1")
    make_product(title="Twin", external_id="W-2")
    assert said in add(merchandiser, kind, **fields)
    assert not LogEntry.objects.exists()
    assert [model.objects.count() for model in (Listing, Pin, ComplementRule)] == [0, 0, 0]


def test_the_same_twice_is_one_and_says_so(merchandiser: Client, mug: Product) -> None:
    add(merchandiser, "listing", side="exclude", category="Home > Kitchen")
    assert "There is such a one already." in add(
        merchandiser, "listing", side="exclude", category="Home > Kitchen"
    )
    assert Listing.objects.count() == LogEntry.objects.count() == 1


def test_limits_of_a_place_lie_over_those_of_the_whole_shop(merchandiser: Client) -> None:
    OfferRules.objects.create(most_picks=2)
    merchandiser.post(f"{reverse(PAGE)}?place=api", {"what": "rules", "rebuy_days": "30"})
    assert OfferRules.objects.get(place="api").rebuy_days == 30
    html = merchandiser.get(reverse(PAGE), {"place": "api"}).content.decode()
    assert "In force: 2, as set for the whole shop" in html
    assert "In force: 30, as set here" in html
    assert "In force: 5, as usual" in html


def test_who_may_only_look_sees_it_and_can_neither_add_nor_remove(signed_in: Client, mug: Product) -> None:
    pin = Pin.objects.create(product=mug, position=1)
    html = signed_in.get(reverse(PAGE)).content.decode()
    assert "Mug" in html
    assert "Add one" not in html
    assert "Remove Mug" not in html
    data = {"what": "pin", "pin-product": "M-1", "pin-position": "2"}
    assert signed_in.post(reverse(PAGE), data).status_code == 403
    assert signed_in.post(reverse("dashboard:decision_remove", args=["pin", pin.pk])).status_code == 403
    assert Pin.objects.get() == pin


def test_a_place_that_is_none_is_not_found(merchandiser: Client) -> None:
    assert merchandiser.get(reverse(PAGE), {"place": "nowhere"}).status_code == 404
