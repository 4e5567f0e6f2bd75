"""The pages of an experiment in five languages, on a desk and on a phone, by eye, ear and keyboard."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from experiments.models import Experiment
from tests.browser.test_pages import WIDTHS, speak
from tests.browser.test_paths import tab_to
from tests.dashboard.trials import live_on, make_trial

LANGUAGES = ["en", "fa", "ar", "he", "ru"]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


@pytest.fixture
def decided(transactional_db: None) -> Experiment:
    experiment = make_trial()
    live_on(experiment, 40, orders=(9, 16, 1))
    return experiment


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_fits_reads_the_right_way_and_passes_axe(
    language: str,
    width: int,
    strict_page: Page,
    context: BrowserContext,
    live_server: LiveServer,
    decided: Experiment,
) -> None:
    speak(context, live_server, language)
    strict_page.set_viewport_size({"width": width, "height": 900})
    wrong = []
    for name, args in {
        "experiments": [],
        "experiment": [decided.key],
        "experiment_new": [],
        "experiment_planner": [],
    }.items():
        strict_page.goto(live_server.url + reverse(f"dashboard:{name}", args=args))
        strict_page.evaluate("document.querySelectorAll('details.data').forEach(d => d.open = true)")
        if strict_page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wrong.append(f"{name} overflows")
        if strict_page.evaluate("document.dir") != ("ltr" if language in {"en", "ru"} else "rtl"):
            wrong.append(f"{name} reads the wrong way")
        for scheme in ("light", "dark"):
            wrong += [f"{name} {scheme}: {found}" for found in _find_violations(strict_page, scheme)]
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


def _find_violations(page: Page, scheme: str) -> list[str]:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    results = Axe().run(page, options=RULES).response
    return [f"{v['id']} {[n['target'] for n in v['nodes']][:3]}" for v in results["violations"]]


def _tab_to_summary(page: Page, text: str) -> None:
    page.wait_for_load_state()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.querySelector('summary:focus')?.innerText.trim()") == text:
            return
    raise AssertionError(f"The keyboard never reached {text!r}")
