"""`check --deploy` refuses a half-configured production, each time with a hint."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.checks import check_database, check_identity, check_secrets, check_transport

READY: dict[str, Any] = {
    "BASE_URL": "https://mail.shop.example.com",
    "SHOP_NAME": "Shop",
    "SHOP_URL": "https://shop.example.com",
    "SHOP_ADDRESS": "5 Real Road, York",
    "FROM_EMAIL": "orders@shop.example.com",
    "MARKETING_FROM_EMAIL": "hello@shop.example.com",
    "SUPPORT_EMAIL": "help@shop.example.com",
    "LINK_KEY": "a key of its own",
    "METRICS_TOKEN": "token",
    "TRANSPORT": "sendgrid",
    "SENDGRID_API_KEY": f"SG.{'a' * 22}.{'b' * 43}",
    "SENDGRID_WEBHOOK_KEYS": ["a public key"],
}


@pytest.fixture
def production(settings: Any) -> dict[str, Any]:
    settings.SECRET_KEY = "x" * 50
    settings.PAIRWELL = settings.PAIRWELL | READY
    settings.ALLOWED_HOSTS = ["mail.shop.example.com"]
    return settings.PAIRWELL  # type: ignore[no-any-return]


def find_ids() -> list[str]:
    checks = (check_secrets, check_identity, check_transport, check_database)
    return [found.id for check in checks for found in check()]  # type: ignore[misc]


def test_a_production_that_is_ready_has_nothing_to_mend(production: dict[str, Any]) -> None:
    assert find_ids() == []


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("BASE_URL", "http://mail.shop.example.com", "pairwell.E002"),
        ("FROM_EMAIL", "orders@shop.example", "pairwell.E003"),
        ("BASE_URL", "https://other.example.com", "pairwell.E009"),
        ("SHOP_NAME", "", "pairwell.E003"),
        ("SHOP_ADDRESS", "…", "pairwell.E004"),
        ("SHOP_ADDRESS", "1 Sample Street, London", "pairwell.E004"),
        ("TRANSPORT", "preview", "pairwell.E005"),
        ("TRANSPORT", "pigeon", "pairwell.E006"),
        ("TRANSPORT", "smtp", "pairwell.E006"),
        ("SENDGRID_API_KEY", "", "pairwell.E006"),
        ("SENDGRID_WEBHOOK_KEYS", [], "pairwell.E007"),
        ("LEASE_SECONDS", 60, "pairwell.E010"),
        ("METRICS_TOKEN", "", "pairwell.W002"),
    ],
)
def test_each_gap_is_named(production: dict[str, Any], name: str, value: object, problem: str) -> None:
    production[name] = value
    assert find_ids() == [problem]


def test_the_demos_secret_key_is_refused(production: dict[str, Any], settings: Any) -> None:
    settings.SECRET_KEY = "insecure-key-for-the-demo-and-the-tests-only"
    assert find_ids() == ["pairwell.E001"]


def test_celery_on_sqlite_is_refused(
    production: dict[str, Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CELERY_BROKER_URL = "redis://127.0.0.1/0"
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    assert find_ids() == ["pairwell.E008"]


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"PAIRWELL_DEBUG": "maybe"}, "PAIRWELL_DEBUG is 'maybe'; write True or False."),
        ({"PAIRWELL_BATCH_SIZE": "many"}, "PAIRWELL_BATCH_SIZE is 'many'; write a whole number."),
        ({"SENDGRID_API_KEY_FILE": "/no/such/file"}, "SENDGRID_API_KEY_FILE names /no/such/file"),
    ],
)
def test_a_wrong_variable_stops_the_start_with_what_is_wrong(
    tmp_path: Path, variables: dict[str, str], words: str
) -> None:
    environment = os.environ | {"PAIRWELL_VAR_DIR": str(tmp_path)} | variables
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert words in done.stderr
