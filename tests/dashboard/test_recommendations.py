"""The rules that marketers set, and the account of a choice, on a page."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from recommendations.models import OfferRules
from tests.dashboard.sent import SmallShop

pytestmark = pytest.mark.django_db
RULES = {
    "most_picks": "2", "is_all_or_nothing": "unknown", "needs_image": "true", "is_one_per_type": "false",
    "new_boost": "1.2",
}  # fmt: skip


@pytest.fixture
def merchandiser(client: Client, marketer: User) -> Client:
    marketer.user_permissions.add(Permission.objects.get(codename="change_offerrules"))
    client.force_login(marketer)
    return client


def test_what_is_saved_holds_and_what_is_left_empty_stays_as_usual(merchandiser: Client) -> None:
    answer = merchandiser.post(reverse("dashboard:recommendation_rules"), RULES)
    assert answer.status_code == 302
    rules = OfferRules.objects.get(place="")
    assert (rules.most_picks, rules.needs_image, rules.is_one_per_type, rules.new_boost) == (
        2,
        True,
        False,
        1.2,
    )
    assert (rules.is_all_or_nothing, rules.rebuy_days, rules.fallback) == (None, None, "")


def test_a_boost_without_measure_is_refused_beside_its_field(merchandiser: Client) -> None:
    answer = merchandiser.post(reverse("dashboard:recommendation_rules"), RULES | {"new_boost": "9"})
    assert "less than or equal to 1.3" in answer.content.decode()
    assert not OfferRules.objects.exists()


def test_who_may_only_look_changes_nothing(signed_in: Client, marketer: User) -> None:
    marketer.user_permissions.clear()
    marketer.groups.clear()
    assert signed_in.post(reverse("dashboard:recommendation_rules"), RULES).status_code == 403
    assert not OfferRules.objects.exists()


def test_the_page_of_a_customer_tells_the_way_from_candidates_to_shown(
    signed_in: Client, small_shop: SmallShop
) -> None:
    customer = small_shop.customers["fa"].external_id
    html = signed_in.get(reverse("dashboard:recommendations"), {"customer": customer}).content.decode()
    assert "From the candidates to those shown" in html
    nobody = signed_in.get(reverse("dashboard:recommendations"), {"customer": "nobody"}).content.decode()
    assert "No customer has this number or address." in nobody
