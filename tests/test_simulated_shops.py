"""One small shop of each kind lives on the real engine, from carts to the verdict on its experiment."""

import pytest

from benchmarks.simulated_shops import run_shop
from campaigns.models import Message
from campaigns.templates_store import publish_all
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def test_what_is_plainly_better_is_found_from_carts_mails_clicks_and_orders() -> None:
    publish_all(NOW)
    end = run_shop(1, (0.25, 0.75))
    assert end.status == "better"
    assert not Message.objects.exists()


def test_where_nothing_differs_nothing_is_found() -> None:
    publish_all(NOW)
    assert run_shop(2, (0.3, 0.3)).status == "no difference found"
