"""Kept bytecode: taken by the next process, and never run when it is stale, damaged, or somebody else's."""

import marshal
from datetime import UTC, datetime
from types import CodeType

import pytest
from pytest_django import Settings

from campaigns import programs
from campaigns.models import CompiledEmail
from campaigns.programs import seal, unseal, write_code
from campaigns.rendering import NoTracking, Renderer
from campaigns.templates_store import load_code
from tests.campaigns.emails import in_text
from tests.campaigns.test_rendering import publish

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CODE = compile("found = 6 * 7", "<test>", "exec")


def publish_one(content: str = "{{ customer.name }}") -> CompiledEmail:
    Renderer(now=NOW).prepare(publish(in_text(content)), language="en", changes={})
    return CompiledEmail.objects.get()


def run(code: CodeType) -> int:
    names: dict[str, int] = {}
    exec(code, names)  # noqa: S102 (the line above)
    return names["found"]


def test_what_was_sealed_comes_back() -> None:
    kept = unseal(seal(CODE, key="one"), key="one")
    assert kept is not None
    assert kept[0] is not None
    assert run(kept[0]) == 42


def test_that_there_is_no_code_is_kept_as_well() -> None:
    assert unseal(seal(None, key="one"), key="one") == (None,)


def test_every_damaged_byte_is_noticed() -> None:
    kept = seal(CODE, key="one")
    for place in range(len(kept)):
        damaged = kept[:place] + bytes([kept[place] ^ 1]) + kept[place + 1 :]
        assert unseal(damaged, key="one") is None


@pytest.mark.parametrize("kept", [b"", b"x", marshal.dumps(CODE), bytes(32) + marshal.dumps(CODE)])
def test_what_we_did_not_sign_is_not_even_read(kept: bytes) -> None:
    assert unseal(kept, key="one") is None


def test_code_for_other_sources_or_of_other_versions_or_another_shop_is_stale(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    kept = seal(CODE, key="one")
    assert unseal(kept, key="two") is None
    monkeypatch.setattr(programs, "_versions", lambda: "the next Python")
    assert unseal(kept, key="one") is None
    monkeypatch.undo()
    settings.SECRET_KEY = "another shop's"
    assert unseal(kept, key="one") is None


@pytest.mark.django_db
def test_a_new_process_takes_the_kept_code(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = publish_one()
    monkeypatch.setattr("campaigns.templates_store.write_code", lambda _: pytest.fail("written again"))
    assert load_code(compiled) == write_code(compiled.parts)


@pytest.mark.django_db
def test_damaged_code_is_written_and_kept_anew() -> None:
    compiled = publish_one()
    CompiledEmail.objects.update(code=b"not ours")
    damaged = CompiledEmail.objects.get()
    assert load_code(damaged) == write_code(compiled.parts)
    assert bytes(CompiledEmail.objects.get().code) == bytes(compiled.code)


@pytest.mark.django_db
def test_a_template_without_generated_code_is_rendered_by_jinja() -> None:
    version = publish(in_text("{% for one in shop.list if one > 1 %}{{ one }},{% endfor %}"))
    email = Renderer(now=NOW).render(
        version, language="en", changes={}, message_id="m", tracking=NoTracking(),
        context={"customer": {"name": "A"}, "shop": {"list": [1, 2, 3]}},
    )  # fmt: skip
    assert load_code(CompiledEmail.objects.get()) is None
    assert "2," in email.text
    assert "1," not in email.text
