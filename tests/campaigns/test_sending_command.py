"""The switches on the command line."""

from datetime import datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from campaigns.alerts import raise_alert
from campaigns.models import Campaign, Route
from campaigns.sending import send_due
from tests.campaigns.answering import Provider
from tests.campaigns.conftest import QueueOrders

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("sending", *arguments, stdout=out)
    return out.getvalue().strip()


def test_all_mail_is_stopped_shown_and_let_go_again(now: datetime, queue_confirmations: QueueOrders) -> None:
    queue_confirmations()
    assert run("pause") == "everything is paused."
    assert run("pause") == "everything is paused already."
    assert "everything: paused since" in run("status")
    assert send_due(now, Provider()).accepted == 0
    assert run("resume") == "everything is open."
    assert send_due(now, Provider()).accepted == 1


def test_a_route_and_a_campaign_are_stopped_by_name(queue_confirmations: QueueOrders) -> None:
    queue_confirmations()
    assert run("pause", "--route", "sendgrid") == "sendgrid is paused."
    run("pause", "--campaign", "confirmations")
    assert Route.objects.get().name == "sendgrid"
    assert Campaign.objects.get().pause_reason == "by_hand"
    assert run("cancel", "--campaign", "confirmations") == "1 emails were cancelled."


def test_alerts_are_listed(now: datetime) -> None:
    raise_alert("route_down", "route:sendgrid", now=now)
    assert "alert route_down (route:sendgrid) since 2026-11-17 12:00" in run("status")


def test_a_campaign_that_does_not_exist_is_answered_with_those_that_do(
    queue_confirmations: QueueOrders,
) -> None:
    with pytest.raises(CommandError, match="there are: confirmations"):
        run("pause", "--campaign", "confirmation")


def test_a_route_has_nothing_waiting_to_cancel() -> None:
    with pytest.raises(CommandError, match="pause the route"):
        run("cancel", "--route", "sendgrid")
