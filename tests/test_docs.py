"""What the documents show works as it stands there."""

import re
from datetime import UTC, datetime
from pathlib import Path

from shop.models import Event
from triggers import kinds

DOCS = Path(__file__).parent.parent / "docs"


def test_the_trigger_of_the_extenders_guide_works_as_it_is_written() -> None:
    [code] = re.findall(r"```python\n(.*?)```", (DOCS / "extending.md").read_text(encoding="utf8"), re.DOTALL)
    try:
        exec(compile(code, "extending.md", "exec"), {"__name__": "my_shop.triggers"})  # noqa: S102
        kind = kinds.get("product_viewed")
        settings = kind.clean_settings({})
        seen = Event(kind="product.viewed", customer_id=7, occurred_at=datetime(2026, 3, 2, 12, tzinfo=UTC))
        entry = kind.match(seen, settings)
        assert entry
        assert (entry.entry_key, entry.due_at.day) == ("viewer:7", 3)
        assert kind.describe(settings) == "24 hours after a product was looked at"
    finally:
        kinds.forget("product_viewed")


def test_every_variable_that_the_settings_read_is_in_the_documents() -> None:
    source = (DOCS.parent / "config" / "settings.py").read_text(encoding="utf8")
    names = set(re.findall(r'read_\w+\("(\w+)"', source))
    documented = (DOCS / "settings.md").read_text(encoding="utf8")
    assert sorted(name for name in names if name not in documented) == []


def test_each_test_that_the_guarantees_name_exists() -> None:
    text = (DOCS / "guarantees.md").read_text("utf8")
    named = set(re.findall(r"`([\w/]+\.py)((?:::\w+)+)`", text))
    assert len(named) > 40
    for path, names in named:
        source = (DOCS.parent / "tests" / path).read_text("utf8")
        for name in names.removeprefix("::").split("::"):
            assert re.search(rf"\b(def|class) {name}\b", source), f"{path}{names}"
