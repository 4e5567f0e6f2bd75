"""Real engine processes, killed in the middle and run side by side: each email once, none lost."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection

from tests.separate_shop import SeparateShop, open_separate_shop

ORDERS = 80
MAILS = "select count(*) from campaigns_previewmail"
OPEN = (
    "select count(*) from campaigns_message m left join campaigns_sendbatch b on b.id = m.batch_id"
    " where not m.is_closed and (b.id is null or b.state <> 'done')"
)
COPIES = "select count(*) from campaigns_previewmail group by delivery_id having count(*) > 1"


@pytest.fixture
def shop(tmp_path: Path, django_db_blocker: pytest.FixtureRequest) -> Iterator[SeparateShop]:
    # Small batches and a short lease make many places to be killed in, and a quick recovery.
    small = {"PAIRWELL_BATCH_SIZE": "5", "PAIRWELL_LEASE_SECONDS": "4"}
    with open_separate_shop(tmp_path, connection.settings_dict, **small) as shop:
        shop.run("-m", "tests.separate_shop", "set-up", str(ORDERS))
        yield shop


def wait_until(condition: Callable[[], bool], seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.02)


def is_finished(shop: SeparateShop) -> bool:
    queued = shop.count("select count(*) from campaigns_message")[0][0]
    return bool(queued == ORDERS and shop.count(OPEN)[0][0] == 0)


def test_an_engine_killed_again_and_again_sends_each_email_once(shop: SeparateShop) -> None:
    for kills in range(1, 4):
        engine = shop.start("manage.py", "run_engine", "--poll", "0.1")
        wait_until(lambda target=kills * 15: shop.count(MAILS)[0][0] >= target)  # type: ignore[misc]
        engine.kill()
        engine.wait(timeout=30)
    engine = shop.start("manage.py", "run_engine", "--poll", "0.1")
    wait_until(lambda: is_finished(shop))
    engine.terminate()
    assert engine.wait(timeout=30) == 0
    assert shop.count(MAILS) == [(ORDERS,)]
    assert shop.count(COPIES) == []


def test_two_engines_at_once_send_each_email_once(shop: SeparateShop) -> None:
    engines = [shop.start("manage.py", "run_engine", "--poll", "0.1") for _ in range(2)]
    wait_until(lambda: is_finished(shop))
    for engine in engines:
        engine.terminate()
    assert [engine.wait(timeout=30) for engine in engines] == [0, 0]
    assert shop.count(MAILS) == [(ORDERS,)]
    assert shop.count(COPIES) == []


@pytest.fixture
def sendgrid(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A SendGrid of our own in another process: its address, and the file of all that it accepted."""
    accepted = tmp_path / "accepted.jsonl"
    accepted.touch()
    command = [
        sys.executable,
        "-m",
        "tests.servers.sendgrid_server",
        "--accepted",
        str(accepted),
        "--no-judge",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:  # noqa: S603 (our own words)
        assert server.stdout
        yield f"http://127.0.0.1:{json.loads(server.stdout.readline())['port']}", accepted
        server.terminate()


def test_an_engine_killed_while_handing_over_to_sendgrid_sends_each_email_once(
    tmp_path: Path, sendgrid: tuple[str, Path]
) -> None:
    """What had left is told by SendGrid's events; only what nobody ever heard of is sent again."""
    address, accepted = sendgrid
    variables = {
        "PAIRWELL_TRANSPORT": "sendgrid",
        "SENDGRID_HOST": address,
        "SENDGRID_API_KEY": f"SG.{'a' * 22}.{'b' * 43}",
        "PAIRWELL_BATCH_SIZE": "20",
        "PAIRWELL_LEASE_SECONDS": "4",
        "PAIRWELL_DOUBT_MINUTES": "0",
    }

    def count_accepted() -> int:
        return len(accepted.read_text(encoding="utf8").splitlines())

    with open_separate_shop(tmp_path, connection.settings_dict, **variables) as shop:
        shop.run("-m", "tests.separate_shop", "set-up", str(ORDERS))
        for target in (5, 35):
            engine = shop.start("manage.py", "run_engine", "--poll", "0.1")
            wait_until(lambda target=target: count_accepted() >= target)  # type: ignore[misc]
            engine.kill()
            engine.wait(timeout=30)
            shop.run("-m", "tests.separate_shop", "hear", str(accepted))
        engine = shop.start("manage.py", "run_engine", "--poll", "0.1")
        wait_until(lambda: is_finished(shop) and count_accepted() >= ORDERS)
        engine.terminate()
        assert engine.wait(timeout=30) == 0
    delivered = [json.loads(line)["delivery_id"] for line in accepted.read_text(encoding="utf8").splitlines()]
    assert len(delivered) == len(set(delivered)) == ORDERS
