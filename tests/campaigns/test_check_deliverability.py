"""The command, with a DNS of the test's own."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from pytest_django import Settings

from campaigns.management.commands.check_deliverability import Command
from tests.delivery.dns_zone import FAILS, Zone, good_zone, make_key


@pytest.fixture(autouse=True)
def public_shop(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "BASE_URL": "https://mail.shop.example"}


def check(zone: Zone, *arguments: str) -> tuple[int, str]:
    command, out = Command(stdout=StringIO()), StringIO()
    command.dns = zone
    try:
        call_command(command, "shop.example", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_a_good_domain_ends_with_0() -> None:
    code, told = check(good_zone(), "--selector", "s1")
    assert code == 0, told
    assert "OK            SPF" in told
    assert "NOT CHECKED   PTR" in told
    assert "OK            Headers" in told


def test_a_problem_ends_with_1_and_says_how_to_mend_it() -> None:
    code, told = check(good_zone(spf=["v=spf1 +all"]), "--selector", "s1")
    assert code == 1
    assert "PROBLEM       SPF           +all lets everybody send in your name." in told
    assert "End the record in -all." in told


@pytest.mark.parametrize("part", ["spf", "dkim", "dmarc", "mx"])
def test_a_failed_look_up_ends_with_3(part: str) -> None:
    code, told = check(good_zone(**{part: FAILS}), "--selector", "s1")
    assert code == 3
    assert f"UNKNOWN       {part.upper()}" in told


def test_without_a_selector_nothing_is_claimed_of_dkim() -> None:
    assert check(good_zone())[0] == 3


def test_programs_get_json() -> None:
    _, told = check(good_zone(), "--selector", "s1", "--json")
    findings: list[dict[str, Any]] = json.loads(told)
    assert {f["check"]: f["state"] for f in findings}["DMARC"] == "ok"


def test_the_key_that_signs_is_compared_with_the_published_one(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "DKIM_SELECTOR": "s1", "DKIM_KEY": make_key()[0]}
    assert check(good_zone())[0] == 0
    code, told = check(good_zone(dkim=[f"v=DKIM1; p={make_key(3072)[1]}"]))
    assert code == 1
    assert "not the one we sign with" in told


def test_links_that_are_not_https_are_a_problem(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "BASE_URL": "http://127.0.0.1:8000"}
    code, told = check(good_zone(), "--selector", "s1")
    assert code == 1
    assert "List-Unsubscribe does not hold exactly one https address." in told


def test_one_sender_for_everything_is_worth_a_word(settings: Settings) -> None:
    settings.PAIRWELL = {**settings.PAIRWELL, "MARKETING_FROM_EMAIL": settings.PAIRWELL["FROM_EMAIL"]}
    code, told = check(good_zone(), "--selector", "s1")
    assert code == 0
    assert "WARNING       Headers" in told
