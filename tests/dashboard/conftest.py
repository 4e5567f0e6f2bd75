from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from tests.dashboard.rows import SmallShop, fill_small_shop


@pytest.fixture(autouse=True)
def _static_root(settings: Settings, tmp_path: Path) -> None:
    """WhiteNoise warns of a folder that only a deployment has."""
    settings.STATIC_ROOT = str(tmp_path)


@pytest.fixture
def small_shop(db: None) -> SmallShop:
    return fill_small_shop()


@pytest.fixture
def marketer(db: None) -> User:
    return User.objects.create_user("marketer", password="a long enough password")


@pytest.fixture
def signed_in(client: Client, marketer: User) -> Client:
    client.force_login(marketer)
    return client
