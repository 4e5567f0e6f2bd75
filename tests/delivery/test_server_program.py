"""The local SendGrid as a program, as the tests that kill processes use it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.base import OutcomeKind
from delivery.sendgrid import SendGridTransport
from tests.delivery.envelopes import NOW, make_envelope

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def accepted_file(tmp_path: Path) -> Path:
    return tmp_path / "accepted.jsonl"


@pytest.fixture
def port(accepted_file: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "tests.servers.sendgrid_server", "--accepted", str(accepted_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:  # noqa: S603 our own
        assert process.stdout is not None
        yield int(json.loads(process.stdout.readline())["port"])
        process.terminate()
        assert process.wait(10) == 0


def test_it_counts_each_accepted_email_on_disk_before_it_answers(port: int, accepted_file: Path) -> None:
    batch = [make_envelope() for _ in range(5)]
    outcomes = SendGridTransport("SG.test", f"http://127.0.0.1:{port}").send(batch, now=NOW)
    assert {outcome.kind for outcome in outcomes} == {OutcomeKind.ACCEPTED}
    lines = [json.loads(line) for line in accepted_file.read_text("utf-8").splitlines()]
    assert {line["delivery_id"] for line in lines} == {str(envelope.delivery_id) for envelope in batch}
    assert len(lines) == 5
