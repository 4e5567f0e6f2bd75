"""What every test shares: a fixed clock, and work that is done once for all of them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import TransactionTestCase
from django.utils import translation
from hypothesis import settings as hypothesis_settings

from campaigns import templates_store
from campaigns.compiler import CompiledParts, compile_email, compiled_key
from campaigns.compiling.source import Source
from campaigns.transports import build_current_transport

# The same examples on every machine, however slow it is.
hypothesis_settings.register_profile("pairwell", deadline=None, derandomize=True)
hypothesis_settings.load_profile("pairwell")


@pytest.fixture
def now() -> datetime:
    """A Tuesday at noon in London: nobody's quiet hours in Europe."""
    return datetime(2026, 11, 17, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def settings_as_found(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A setting that one test changes in place would decide another test, on some days and not on others."""
    before = dict(django_settings.PAIRWELL)
    yield
    monkeypatch.undo()  # a plugin may have asked for it first, and then it would be undone after this
    assert before == django_settings.PAIRWELL, "This test left a setting changed: use monkeypatch.setitem."


@pytest.fixture(autouse=True)
def usual_language() -> None:
    """A page that one test reads in Russian leaves its language to whatever comes next in the process."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def fresh_transport() -> None:
    """The transport is built once a process; a test that changes the settings wants another."""
    build_current_transport.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def compile_each_email_once() -> Iterator[None]:
    """Many tests publish the same templates: each compiles for real once, then its result is used again."""
    known: dict[str, CompiledParts] = {}

    def compile_or_remember(source: str | Source, texts: Any, **options: Any) -> CompiledParts:
        text = source.text if isinstance(source, Source) else source
        key = compiled_key(text, texts, **options)
        if key not in known:
            known[key] = compile_email(source, texts, **options)
        return known[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates_store, "compile_email", compile_or_remember)
        yield


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Marks what touches a database before pytest selects by marks; then browser tests go last: Playwright
    leaves an event loop running, beside which no other can start."""
    for item in items:
        if _touches_database(item):
            item.add_marker("database")
    yield
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)


def _touches_database(item: pytest.Item) -> bool:
    is_django_case = issubclass(getattr(item, "cls", None) or object, TransactionTestCase)
    return (
        is_django_case
        or item.get_closest_marker("django_db") is not None
        or "django_db_setup" in getattr(item, "fixturenames", ())
    )
