"""The example of the guide for new transports runs as it is printed."""

import re
from pathlib import Path
from typing import Any

import pytest

from delivery.base import OutcomeKind, Transport
from delivery.configuration import ConfigurationError
from tests.delivery.envelopes import NOW, make_envelope
from tests.delivery.memory_store import MemoryStore

GUIDE = Path(__file__).resolve().parent.parent.parent / "docs" / "extending-transports.md"


def build_from_guide(settings: dict[str, str]) -> Transport:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    (example,) = [block for block in blocks if "FolderTransport" in block]
    names: dict[str, Any] = {}
    exec(compile(example, str(GUIDE), "exec"), names)  # noqa: S102 the page is ours
    transport: Transport = names["build"](settings, store=MemoryStore())
    return transport


def test_the_printed_transport_keeps_the_contract(tmp_path: Path) -> None:
    transport, envelope = build_from_guide({"MAIL_FOLDER": str(tmp_path)}), make_envelope()
    outcomes = transport.send([make_envelope(subject=""), envelope], now=NOW)
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.REJECTED, OutcomeKind.ACCEPTED]
    assert transport.find_accepted([envelope.delivery_id]) == {envelope.delivery_id}
    assert transport.check() == []


def test_the_printed_transport_postpones_what_it_cannot_write(tmp_path: Path) -> None:
    transport = build_from_guide({"MAIL_FOLDER": str(tmp_path / "missing")})
    assert transport.send([make_envelope()], now=NOW)[0].kind is OutcomeKind.RETRY
    assert transport.check() != []


def test_the_printed_factory_names_what_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="MAIL_FOLDER"):
        build_from_guide({})
