"""The pages of an experiment in five languages, on a desk and on a phone, by eye, ear and keyboard."""

from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from campaigns.models import Campaign, Message
from experiments.models import Experiment, Variant
from recommendations.evaluation_runs import ask_for_evaluation, run_evaluation
from tests.browser.test_pages import WIDTHS, speak
from tests.browser.test_paths import tab_to
from tests.dashboard.trials import live_on, make_trial
from tests.experiments.people import make_experiment
from tests.factories import make_customer as make_shop_customer
from tests.flows import make_campaign
from tests.recommendations.shops import NOW, make_customer, make_order, make_product

LANGUAGES = ["en", "fa", "ar", "he", "ru"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def decided(transactional_db: None) -> Experiment:
    experiment = make_trial()
    live_on(experiment, 40, orders=(9, 16, 1))
    return experiment


@pytest.fixture
def draft(transactional_db: None) -> Experiment:
    draft = Experiment.objects.create(key="next", name="Next question", hypothesis="It is clicked more.")
    Variant.objects.create(experiment=draft, key="control", name="As it is", is_control=True)
    changes = {"texts": {"en": {"subject": "Forgot something?"}, "fa": {"subject": "چیزی جا گذاشتید؟"}}}
    Variant.objects.create(experiment=draft, key="version-b", name="Question", changes=changes)
    flow = Campaign.objects.create(key="cart", name="Left cart", message_class="marketing")
    draft.planned_campaigns.add(flow)
    return draft


@pytest.fixture
def listed(transactional_db: None) -> Campaign:
    """A campaign without a trigger, two versions to try, and 30 people."""
    for number in range(30):
        make_shop_customer(external_id=f"listed-{number}")
    return make_campaign(
        marketing=True, key="spring", name="Spring", experiment=make_experiment(key="spring", name="Spring")
    )


@pytest.fixture
def measured(transactional_db: None) -> None:
    """A report on the recommendations, measured on two months of orders."""
    cup, saucer, customer = make_product("Cup"), make_product("Saucer"), make_customer()
    for days in range(60):
        make_order([cup, saucer], customer=customer, days_ago=days)
    ask_for_evaluation(NOW)
    assert run_evaluation(NOW)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_reads_the_right_way_and_passes_axe(
    language: str,
    width: int,
    strict_page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    decided: Experiment,
    draft: Experiment,
    listed: Campaign,
    measured: None,
) -> None:
    speak(context, live_server, language)
    strict_page.set_viewport_size({"width": width, "height": 900})
    wrong = []
    for name, address in _list_pages(decided, draft, listed).items():
        strict_page.goto(live_server.url + address)
        strict_page.evaluate("document.querySelectorAll('details.data').forEach(d => d.open = true)")
        if strict_page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name} overflows")
        if strict_page.evaluate("document.dir") != ("ltr" if language in {"en", "ru"} else "rtl"):
            wrong.append(f"{name} reads the wrong way")
        for scheme in ("light", "dark"):
            wrong += [f"{name} {scheme}: {found}" for found in find_violations(strict_page, scheme)]
    assert wrong == []


def test_axes_run_from_left_to_right_on_a_page_that_does_not(
    strict_page: Page, context: BrowserContext, live_server: LiveServer, decided: Experiment
) -> None:
    speak(context, live_server, "fa")
    strict_page.goto(live_server.url + reverse("dashboard:experiment", args=[decided.key]))
    charts = strict_page.locator("svg.chart")
    expect(charts).to_have_count(2)
    directions = charts.evaluate_all("all => all.map(svg => getComputedStyle(svg).direction)")
    assert directions == ["ltr", "ltr"]


def test_the_keyboard_stops_an_experiment(
    strict_page: Page, live_server: LiveServer, decided: Experiment
) -> None:
    strict_page.goto(live_server.url + reverse("dashboard:experiment", args=[decided.key]))
    _tab_to_summary(strict_page, "Stop")
    strict_page.keyboard.press("Enter")
    tab_to(strict_page, "Yes, stop it")
    strict_page.keyboard.press("Enter")
    expect(strict_page.get_by_role("status")).to_contain_text("is stopped.")
    decided.refresh_from_db()
    assert decided.status == Experiment.Status.STOPPED


def test_the_keyboard_starts_a_draft(strict_page: Page, live_server: LiveServer, decided: Experiment) -> None:
    Experiment.objects.update(status=Experiment.Status.DRAFT)
    strict_page.goto(live_server.url + reverse("dashboard:experiment", args=[decided.key]))
    _tab_to_summary(strict_page, "Start")
    strict_page.keyboard.press("Enter")
    tab_to(strict_page, "Yes, start it")
    strict_page.keyboard.press("Enter")
    expect(strict_page.get_by_role("status")).to_contain_text("is running.")


def test_a_marketer_sees_what_a_trial_would_do_and_sends_it_by_keyboard(
    strict_page: Page, live_server: LiveServer, listed: Campaign
) -> None:
    strict_page.goto(live_server.url + reverse("dashboard:campaign", args=[listed.key]))
    strict_page.get_by_role("link", name="Try versions on a part of the list").click()
    strict_page.get_by_label("Name of this sending").fill("spring")
    strict_page.get_by_label("People who get each version").fill("5")
    tab_to(strict_page, "See what would happen")
    strict_page.keyboard.press("Enter")
    expect(strict_page.get_by_text("10 of 30 people get one of the versions.")).to_be_visible()
    assert not Message.objects.exists()
    expect(strict_page.get_by_label("Name of this sending")).to_be_editable()
    tab_to(strict_page, "Yes, send it to the list")
    strict_page.keyboard.press("Enter")
    expect(strict_page.get_by_role("status")).to_contain_text("Emails queued: 30.")
    assert Message.objects.count() == 30


def _list_pages(decided: Experiment, draft: Experiment, listed: Campaign) -> dict[str, str]:
    trial = reverse("dashboard:trial", args=[listed.key])
    planned = urlencode({"baseline": 3, "effect": 20, "daily": 50, "arms": 2, "window": 7})
    return {
        "list": reverse("dashboard:experiments"),
        "result": reverse("dashboard:experiment", args=[decided.key]),
        "new": reverse("dashboard:experiment_new"),
        "draft": reverse("dashboard:experiment", args=[draft.key]),
        "edit": reverse("dashboard:experiment_edit", args=[draft.key]),
        "planner": reverse("dashboard:experiment_planner"),
        "plan": reverse("dashboard:experiment_planner") + "?" + planned,
        "evaluation": reverse("dashboard:evaluation"),
        "trial": trial,
        "trial seen": f"{trial}?{urlencode({'occurrence': 'spring', 'hours': 24, 'rate': 3, 'spread': 0.3})}",
        "trial refused": reverse("dashboard:trial", args=["cart"]) + "?hours=0",
    }


def find_violations(page: Page, scheme: str) -> list[str]:
    # Without motion, or a button is caught half way from the colours of one scheme to those of the other.
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light", reduced_motion="reduce")
    results = Axe().run(page, options=RULES).response
    return [f"{v['id']} {[n['target'] for n in v['nodes']][:3]}" for v in results["violations"]]


def _tab_to_summary(page: Page, text: str) -> None:
    page.wait_for_load_state()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.querySelector('summary:focus')?.innerText.trim()") == text:
            return
    raise AssertionError(f"The keyboard never reached {text!r}")
