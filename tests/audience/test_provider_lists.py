"""Our suppressions and SendGrid's lists: theirs are read, ours are told, and ours decide."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from audience.evidence import clear_old_evidence
from audience.models import ProviderList, Suppression
from audience.provider_lists import Provider, sync_suppressions
from audience.suppression import suppress
from delivery.sendgrid_lists import LISTS, SendGridLists
from tests.audience.people import NOW, days_ago, grant, make_customer, standing_of, withdraw
from tests.queries import count_statements
from tests.servers.http_server import Answer, Misbehaviour
from tests.servers.sendgrid_lists_server import ListsServer
from triggers.chores import Chore, Chores

pytestmark = pytest.mark.django_db
ALL = len(LISTS) + 1  # theirs and ours
GROUP = 7


@pytest.fixture
def server() -> Iterator[ListsServer]:
    with ListsServer() as server:
        yield server


@pytest.fixture
def provider(server: ListsServer) -> Provider:
    return Provider(SendGridLists("SG.lists", server.url, timeout=5), GROUP)


def sync(provider: Provider, now: datetime = NOW) -> int:
    return sync_suppressions(provider, now, pages=100)


def suppress_by_hand(address: str, scope: str = "all", at: datetime = NOW) -> None:
    suppress(address, scope=scope, reason="manual", now=at)


@pytest.mark.parametrize(
    ("name", "scope", "reason"),
    [
        ("bounces", "all", "bounced"),
        ("invalid_emails", "all", "bounced"),
        ("spam_reports", "marketing", "complained"),
        ("unsubscribes", "marketing", "unsubscribed"),
        ("groups", "marketing", "unsubscribed"),
    ],
)
def test_who_is_on_a_list_of_theirs_is_suppressed_here(
    server: ListsServer, provider: Provider, name: str, scope: str, reason: str
) -> None:
    customer = make_customer()
    grant(customer, at=days_ago(9))
    server.put(name, customer.email.upper(), days_ago(1))
    sync(provider)
    row = Suppression.objects.get()
    assert (row.scope, row.reason, row.created_at) == (scope, reason, days_ago(1))
    assert standing_of(customer).reason == "suppressed"


def test_a_block_is_about_one_email_and_suppresses_nobody(server: ListsServer, provider: Provider) -> None:
    server.put("blocks", "blocked@buyer.example", days_ago(1))
    sync(provider)
    assert Suppression.objects.count() == 0
    assert ProviderList.objects.get(name="blocks").entries == 1


def test_a_long_list_is_read_page_by_page_and_once(server: ListsServer, provider: Provider) -> None:
    for number in range(1201):
        server.put("bounces", f"b{number}@buyer.example", days_ago(2))
    sync(provider)
    assert Suppression.objects.count() == 1201
    assert [page["offset"] for page in server.list_pages("bounces")] == [["0"], ["500"], ["1000"]]
    assert sync(provider) == 0, "nothing is due before tomorrow"


def test_what_was_interrupted_goes_on_where_it_stopped(server: ListsServer, provider: Provider) -> None:
    for number in range(1201):
        server.put("bounces", f"b{number}@buyer.example", days_ago(2))
    sync_suppressions(provider, NOW, pages=1)
    server.fail_next(Misbehaviour.CLOSE)
    while sync_suppressions(provider, NOW, pages=1):
        pass
    later = NOW + timedelta(hours=1)
    server.put("bounces", "while-it-was-read@buyer.example", NOW + timedelta(minutes=1))
    while sync_suppressions(provider, later, pages=1):
        pass
    offsets = [int(page["offset"][0]) for page in server.list_pages("bounces")]
    assert sorted(set(offsets)) == [0, 500, 1000]
    assert len(offsets) <= 4, "no page that was kept is read again"
    assert {page["end_time"][0] for page in server.list_pages("bounces")} == {str(int(NOW.timestamp()))}
    assert Suppression.objects.count() == 1201


def test_the_next_day_asks_for_what_is_new_and_a_day_more(server: ListsServer, provider: Provider) -> None:
    sync(provider)
    tomorrow = NOW + timedelta(days=1)
    server.put("bounces", "new@buyer.example", NOW + timedelta(hours=1))
    assert sync(provider, tomorrow) == ALL
    first, second = server.list_pages("bounces")
    assert "start_time" not in first
    assert second["start_time"] == [str(int(days_ago(1).timestamp()))]
    assert Suppression.objects.count() == 1


def test_a_429_is_waited_for_and_the_other_lists_go_on(server: ListsServer, provider: Provider) -> None:
    at = NOW + timedelta(minutes=3)
    server.fail_next(Answer(429, headers={"X-RateLimit-Reset": str(int(at.timestamp()))}))
    assert sync(provider) == ALL
    (waiting,) = ProviderList.objects.exclude(problem="")
    assert (waiting.due_at, waiting.problem.split(":")[0]) == (at, "http_429")
    assert sync(provider, at - timedelta(seconds=1)) == 0
    assert sync(provider, at) == 1
    assert not ProviderList.objects.exclude(problem="").exists()


@pytest.mark.parametrize(
    "fault",
    [
        Answer(401),
        Answer(403),
        Answer(500, b"<html>"),
        Answer(302, headers={"Location": "http://127.0.0.1:9/"}),
        Answer(200, b"<html>not a list"),
        Answer(200, b'{"errors": []}'),
        Misbehaviour.HALF_BODY,
    ],
)
def test_whatever_is_wrong_there_nobody_is_let_go_here(
    server: ListsServer, provider: Provider, fault: Answer | Misbehaviour
) -> None:
    suppress("a@buyer.example", scope="all", reason="bounced", now=NOW)
    server.fail_always(fault)
    assert sync(provider) == ALL
    assert Suppression.objects.count() == 1
    assert ProviderList.objects.exclude(problem="").count() == len(LISTS)
    assert min(ProviderList.objects.values_list("due_at", flat=True)) > NOW


def test_a_broken_entry_costs_none_of_its_neighbours(server: ListsServer, provider: Provider) -> None:
    server.put_raw(None, 7, [], {"email": 5}, {"email": "a@b.example"}, {"email": "x", "created": 1})
    server.put_raw({"email": "a@b.example", "created_at": 10**30})
    server.put("groups", "good@buyer.example", days_ago(1), group_id=GROUP)
    sync(provider)
    assert Suppression.objects.count() == 1


def test_who_is_no_longer_on_their_list_stays_on_ours(server: ListsServer, provider: Provider) -> None:
    customer = make_customer()
    server.put("unsubscribes", customer.email, days_ago(1))
    sync(provider)
    server.remove_all()
    for day in (1, 2, 30):
        sync(provider, NOW + timedelta(days=day))
    assert standing_of(customer).reason == "suppressed"


def test_an_old_entry_of_theirs_does_not_undo_a_newer_yes_to_the_shop(
    server: ListsServer, provider: Provider
) -> None:
    customer = make_customer()
    server.put("unsubscribes", customer.email, days_ago(5))
    grant(customer, at=days_ago(2))
    sync(provider)
    assert standing_of(customer).may_market


def test_and_no_yes_that_is_older_than_the_no_undoes_the_no(server: ListsServer, provider: Provider) -> None:
    customer = make_customer()
    withdraw(customer, at=days_ago(1))
    grant(customer, at=days_ago(3))
    server.put("unsubscribes", customer.email, days_ago(5))
    sync(provider)
    assert not standing_of(customer).may_market


def test_what_the_shop_suppressed_is_told_once(server: ListsServer, provider: Provider) -> None:
    everything, offers = make_customer(), make_customer()
    suppress_by_hand(everything.email)
    suppress_by_hand(offers.email, "marketing")
    suppress_by_hand("nobody-s@buyer.example")
    for day in range(3):
        sync(provider, NOW + timedelta(days=day))
    assert sorted(server.told) == [
        ("/v3/asm/groups/7/suppressions", [offers.email]),
        ("/v3/asm/suppressions/global", [everything.email]),
    ]


def test_what_was_not_taken_is_told_again(server: ListsServer, provider: Provider) -> None:
    customer = make_customer()
    sync(provider)
    suppress_by_hand(customer.email)
    tomorrow = NOW + timedelta(days=1)
    server.fail_always(Answer(503))
    sync(provider, tomorrow)
    server.fail_always(None)
    assert server.told == []
    sync(provider, tomorrow + timedelta(hours=2))
    assert server.told == [("/v3/asm/suppressions/global", [customer.email])]


def test_without_a_group_a_no_to_offers_alone_stays_here(server: ListsServer) -> None:
    suppress_by_hand(make_customer().email, "marketing")
    sync(Provider(SendGridLists("SG.lists", server.url, timeout=5)))
    assert server.told == [], "their only other list would stop order confirmations, too"


def test_what_they_said_or_who_was_erased_is_not_told_back(server: ListsServer, provider: Provider) -> None:
    customer = make_customer()
    server.put("bounces", customer.email, days_ago(1))
    suppress("erased@buyer.example", scope="all", reason="erased", now=NOW)
    make_customer(email="erased@buyer.example")
    for day in range(2):
        sync(provider, NOW + timedelta(days=day))
    assert server.told == []


def test_what_we_told_them_does_not_come_back_as_their_word(server: ListsServer, provider: Provider) -> None:
    customer = make_customer()
    suppress_by_hand(customer.email)
    sync(provider)
    server.put("unsubscribes", customer.email, NOW)
    sync(provider, NOW + timedelta(days=1))
    assert Suppression.objects.get().reason == "manual"


def test_one_address_that_no_mail_can_reach_keeps_nobody_else_from_being_told(
    server: ListsServer, provider: Provider
) -> None:
    good, bad = make_customer(), make_customer(email="سارا@buyer.example")
    suppress_by_hand(good.email)
    suppress_by_hand(bad.email)
    sync(provider)
    assert server.told == [("/v3/asm/suppressions/global", [good.email])]


def test_a_page_takes_as_many_queries_for_five_hundred_as_for_five(
    server: ListsServer, provider: Provider
) -> None:
    counts = []
    for day, number in enumerate((5, 480)):
        at = NOW + timedelta(days=day)
        for index in range(number):
            server.put("bounces", f"t{day}-{index}@buyer.example", at)
            suppress_by_hand(make_customer().email, at=at)
        with count_statements() as statements:
            sync(provider, at)
        counts.append(len(statements))
    assert counts[1] == counts[0]
    assert Suppression.objects.filter(reason="bounced").count() == 485


def test_neither_addresses_nor_the_key_reach_a_log_a_row_or_an_error(
    server: ListsServer, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    customer = make_customer(email="canary@buyer.example")
    suppress_by_hand(customer.email)
    server.put("bounces", "canary-too@buyer.example", days_ago(1), reason="550 canary-too@buyer.example")
    with caplog.at_level(logging.DEBUG):
        server.fail_next(
            Answer(400, b'{"errors": [{"message": "canary@buyer.example is odd"}]}'), Answer(403)
        )
        sync(provider)
        sync(provider, NOW + timedelta(days=1))
    logged = "".join(str(r.__dict__) for r in caplog.records if not r.name.startswith("django.db"))
    kept = json.dumps([*Suppression.objects.values(), *ProviderList.objects.values()], default=str)
    for secret in ("canary", "SG.lists"):
        assert secret not in logged + kept + repr(provider)


@pytest.fixture
def configured(settings: Settings, server: ListsServer) -> None:
    own = {"TRANSPORT": "sendgrid", "SENDGRID_API_KEY": "SG.lists", "SENDGRID_HOST": server.url}
    settings.PAIRWELL = {**settings.PAIRWELL, **own, "SENDGRID_UNSUBSCRIBE_GROUP": 0}


def test_the_command_does_it_all_at_once_and_says_what(
    server: ListsServer, configured: None, capsys: pytest.CaptureFixture[str]
) -> None:
    server.put("bounces", "a@buyer.example", datetime(2026, 1, 5, tzinfo=UTC))
    call_command("sync_suppressions")
    assert "bounces         1 read" in capsys.readouterr().out
    assert Suppression.objects.count() == 1


def test_the_command_fails_and_says_which_list_waits(
    server: ListsServer, configured: None, capsys: pytest.CaptureFixture[str]
) -> None:
    server.fail_always(Answer(403))
    with pytest.raises(CommandError, match="Not all lists"):
        call_command("sync_suppressions")
    assert "bounces         http_403: The key lacks a right" in capsys.readouterr().out


def test_the_command_names_the_setting_that_is_missing(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "SENDGRID_API_KEY": ""}
    with pytest.raises(CommandError, match="SENDGRID_API_KEY: It is empty"):
        call_command("sync_suppressions")


def test_the_idle_engine_keeps_the_lists_in_step_and_clears_old_proofs(
    server: ListsServer, configured: None
) -> None:
    entry = grant(make_customer(country="GB"), at=days_ago(9))
    type(entry).objects.filter(pk=entry.pk).update(proof="form 17")
    withdraw(entry.customer)
    server.put("bounces", "a@buyer.example", NOW)
    chores, later = Chores(), NOW + timedelta(days=365 * 10)
    chores.run_due(later)
    entry.refresh_from_db()
    assert (entry.proof, Suppression.objects.count()) == ("", 1)
    assert clear_old_evidence(later) == 0


def test_a_chore_that_fails_stops_no_other_and_is_tried_again_at_its_time() -> None:
    seen: list[str] = []

    def fail(_now: datetime) -> None:
        seen.append("failed")
        raise RuntimeError

    hour = timedelta(hours=1)
    chores = Chores((Chore(hour, fail, "It failed."), Chore(hour, lambda _now: seen.append("done"), "")))
    for minutes in (0, 1, 60):
        chores.run_due(NOW + timedelta(minutes=minutes))
    assert seen == ["failed", "done"] * 2
