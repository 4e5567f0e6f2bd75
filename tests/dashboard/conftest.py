import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.dashboard.people import make_marketer
from tests.dashboard.rows import fill_small_shop
from tests.dashboard.sent import SmallShop


@pytest.fixture
def small_shop(db: None) -> SmallShop:
    return fill_small_shop()


@pytest.fixture
def marketer(db: None) -> User:
    return make_marketer()


@pytest.fixture
def signed_in(client: Client, marketer: User) -> Client:
    client.force_login(marketer)
    return client
