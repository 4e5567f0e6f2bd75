"""The page that says how good the recommendations are, and the button that has them measured again."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from recommendations.evaluation_runs import run_evaluation
from recommendations.models import EvaluationRun
from shop.models import Order
from tests.recommendations.shops import make_customer, make_order, make_product

pytestmark = pytest.mark.django_db
ASK = "dashboard:evaluation_ask"
BUTTON = "Measure again"
WAITING = "A new report has been asked for."


@pytest.fixture
def analyst(client: Client, marketer: User) -> Client:
    """One of the staff who may have the recommendations measured."""
    marketer.user_permissions.add(Permission.objects.get(codename="add_evaluationrun"))
    client.force_login(marketer)
    return client


def read_page(client: Client) -> str:
    return client.get(reverse("dashboard:evaluation")).content.decode()


def sell_for_two_months() -> None:
    cup, saucer, customer = make_product("Cup"), make_product("Saucer"), make_customer()
    for days in range(60):
        make_order([cup, saucer], customer=customer, days_ago=days)


def test_pressing_the_button_asks_for_a_report_and_the_page_waits_for_it(analyst: Client) -> None:
    assert BUTTON in read_page(analyst)
    answer = analyst.post(reverse(ASK), follow=True)
    assert answer.redirect_chain == [(reverse("dashboard:evaluation"), 302)]
    html = answer.content.decode()
    assert "Asked for. The engine measures when no email is due" in html
    assert WAITING in html
    assert BUTTON not in html
    assert EvaluationRun.objects.get().finished_at is None


def test_pressing_twice_asks_once(analyst: Client) -> None:
    analyst.post(reverse(ASK))
    analyst.post(reverse(ASK))
    assert EvaluationRun.objects.count() == 1


def test_what_was_asked_for_is_shown_once_it_is_measured_and_can_be_asked_again(analyst: Client) -> None:
    sell_for_two_months()
    analyst.post(reverse(ASK))
    run = run_evaluation(timezone.now())
    assert run is not None
    html = read_page(analyst)
    assert f"learnt from {run.report['train_orders']} orders of 2 products" in html
    assert "Of three products one was bought in 100%" in html
    assert BUTTON in html
    assert WAITING not in html


def test_a_shop_with_nothing_to_measure_is_told_what_is_missing(analyst: Client) -> None:
    analyst.post(reverse(ASK))
    run_evaluation(timezone.now() + timedelta(minutes=1))
    assert not Order.objects.exists()
    html = read_page(analyst)
    assert "there was nothing to measure: orders are needed from before the last 30 days" in html
    assert BUTTON in html


def test_who_may_only_look_has_no_button_and_is_refused(signed_in: Client) -> None:
    assert BUTTON not in read_page(signed_in)
    assert signed_in.post(reverse(ASK)).status_code == 403
    assert not EvaluationRun.objects.exists()


def test_a_link_alone_measures_nothing(analyst: Client) -> None:
    assert analyst.get(reverse(ASK)).status_code == 405
    assert not EvaluationRun.objects.exists()
