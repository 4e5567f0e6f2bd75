"""Who may look, who may change, and who did."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse

from campaigns.models import Campaign
from tests.dashboard.people import PASSWORD
from tests.dashboard.sent import SmallShop
from tests.dashboard.test_pages import PAGES, address
from triggers.models import Trigger

pytestmark = pytest.mark.django_db
PAUSE = ("campaign_status", {"status": "paused"})
SETTINGS = {"name": "Left cart", "status": "paused", "reentry": "once", "reentry_days": "0"}
EDIT = ("trigger", SETTINGS | {"settings-delay_minutes": "60"})


@pytest.fixture
def buyer(client: Client) -> Client:
    """A customer of a Django shop, whose login is good for the shop alone."""
    client.force_login(User.objects.create_user("buyer", password=PASSWORD))
    return client


@pytest.fixture
def onlooker(client: Client) -> Client:
    """One of the staff without any permission."""
    client.force_login(User.objects.create_user("onlooker", is_staff=True))
    return client


def post(client: Client, name: str, data: dict[str, str]) -> int:
    return client.post(reverse(f"dashboard:{name}", args=["abandoned-cart"]), data).status_code


def read(client: Client, name: str) -> str:
    return client.get(reverse(f"dashboard:{name}", args=["abandoned-cart"])).content.decode()


def test_a_login_that_is_not_of_the_staff_sees_no_page(buyer: Client, small_shop: SmallShop) -> None:
    answers = [buyer.get(address(name, small_shop)) for name in PAGES]
    assert {answer.status_code for answer in answers} == {403}
    assert all("script-src 'self'" in answer.headers["Content-Security-Policy"] for answer in answers)
    assert "You are logged in as buyer." in answers[0].content.decode()
    assert not any("Olivia" in answer.content.decode() for answer in answers)


@pytest.mark.parametrize("mail", ["message_mail", "preview_mail", "template_mail"])
def test_a_login_that_is_not_of_the_staff_reads_no_email(
    buyer: Client, small_shop: SmallShop, mail: str
) -> None:
    about = {
        "message_mail": small_shop.messages["cart fa"].pk,
        "preview_mail": small_shop.preview.pk,
        "template_mail": "abandoned_cart",
    }
    answer = buyer.get(reverse(f"dashboard:{mail}", args=[about[mail]]))
    assert answer.status_code == 403
    assert "سلام" not in answer.content.decode()


def test_whoever_logs_in_without_being_of_the_staff_is_told_so(client: Client, buyer: Client) -> None:
    client.logout()
    data = {"username": "buyer", "password": PASSWORD, "next": ""}
    answer = client.post(reverse("dashboard:login"), data, follow=True)
    assert answer.status_code == 403
    assert "Log out" in answer.content.decode()


@pytest.mark.parametrize("who", ["buyer", "onlooker"])
@pytest.mark.parametrize(("name", "data"), [PAUSE, EDIT])
def test_nobody_changes_anything_without_the_permission(
    request: pytest.FixtureRequest, small_shop: SmallShop, who: str, name: str, data: dict[str, str]
) -> None:
    assert post(request.getfixturevalue(who), name, data) == 403
    assert Campaign.objects.get(key="abandoned-cart").status == Campaign.Status.LIVE
    assert Trigger.objects.get(key="abandoned-cart").name == "Abandoned cart"
    assert not LogEntry.objects.exists()


def test_the_staff_may_look_at_every_page_but_one_that_only_writes(
    onlooker: Client, small_shop: SmallShop
) -> None:
    answers = {name: onlooker.get(address(name, small_shop)).status_code for name in PAGES}
    assert answers.pop("experiment_new") == 403
    assert set(answers.values()) == {200}


def test_buttons_are_for_those_who_may_press_them(
    client: Client, onlooker: Client, marketer: User, small_shop: SmallShop
) -> None:
    for shown in (False, True):
        assert ("Yes, pause it" in read(client, "campaign")) is shown
        assert ("Save</button>" in read(client, "trigger")) is shown
        assert (" disabled" in read(client, "trigger")) is not shown
        client.force_login(marketer)


@pytest.mark.parametrize(
    ("permission", "allowed", "refused"),
    [("change_campaign", PAUSE, EDIT), ("change_trigger", EDIT, PAUSE)],
)
def test_each_permission_opens_its_own_door_only(
    onlooker: Client,
    small_shop: SmallShop,
    permission: str,
    allowed: tuple[str, dict[str, str]],
    refused: tuple[str, dict[str, str]],
) -> None:
    User.objects.get().user_permissions.set(Permission.objects.filter(codename=permission))
    assert (post(onlooker, *allowed), post(onlooker, *refused)) == (302, 403)


def test_the_campaign_page_tells_who_paused_resumed_and_edited(
    signed_in: Client, small_shop: SmallShop
) -> None:
    assert "Changed by hand" not in read(signed_in, "campaign")
    post(signed_in, *PAUSE)
    post(signed_in, "campaign_status", {"status": "live"})
    post(signed_in, *EDIT)
    html = read(signed_in, "campaign")
    told = ["Left cart: Settings changed", "Abandoned cart: Resumed", "Abandoned cart: Paused"]
    assert [html.index(line) for line in told] == sorted(html.index(line) for line in told)
    assert html.count("<bdi>marketer</bdi>") == 3


def test_pausing_twice_is_told_once_and_other_campaigns_tell_nothing(
    signed_in: Client, small_shop: SmallShop
) -> None:
    post(signed_in, *PAUSE)
    post(signed_in, *PAUSE)
    assert LogEntry.objects.get().change_message == "paused"
    other = signed_in.get(reverse("dashboard:campaign", args=["order-confirmation"]))
    assert "Changed by hand" not in other.content.decode()
