"""Two real processes that rebuild at once, on PostgreSQL: one whole version is left in use."""

import os
import subprocess
import sys
from collections import Counter

import pytest
from django.db import connection

from recommendations.models import Kind, Neighbour, NeighbourModel, PairPartition, SlotChoice
from tests.recommendations.shops import NOW, make_order, make_product
from tests.separate_shop import make_url

pytestmark = [pytest.mark.servers, pytest.mark.django_db(transaction=True)]

BUILDERS = 3
DAYS = 40


@pytest.fixture
def environment() -> dict[str, str]:
    assert connection.vendor == "postgresql", "Run this with `make test`: it needs PostgreSQL."
    url = make_url(connection.settings_dict, connection.settings_dict["NAME"])
    return os.environ | {"DATABASE_URL": url}


def sell_in_pairs() -> None:
    """Forty products, always bought two by two, over forty days."""
    products = [make_product() for _ in range(40)]
    for day in range(DAYS):
        for pair in range(day % 2, 20, 2):
            make_order(products[2 * pair : 2 * pair + 2], days_ago=day + 0.25)


def read_pairs(model: NeighbourModel) -> list[tuple[object, ...]]:
    rows = Neighbour.objects.filter(model=model).order_by("kind", "product", "rank")
    return list(rows.values_list("kind", "product", "neighbour", "rank", "support"))


def test_builds_at_once_leave_one_whole_version_and_one_count_a_day(environment: dict[str, str]) -> None:
    sell_in_pairs()
    command = [sys.executable, "manage.py", "rebuild_neighbours", "--as-of", NOW.isoformat()]
    builders = [
        subprocess.Popen(command, env=environment, stderr=subprocess.PIPE)  # noqa: S603 our own
        for _ in range(BUILDERS)
    ]
    ended = [(builder.communicate(timeout=240)[1], builder.returncode) for builder in builders]
    assert [code for _said, code in ended] == [0] * BUILDERS, ended
    (active,) = NeighbourModel.objects.filter(is_active=True)
    assert active.is_complete
    pairs = read_pairs(active)
    assert sum(kind == Kind.COMPLEMENT for kind, *_rest in pairs) == 40
    assert all(read_pairs(model) == pairs for model in NeighbourModel.objects.filter(is_complete=True))
    assert SlotChoice.objects.filter(model=active).count() == 5
    days = Counter(PairPartition.objects.values_list("day", flat=True))
    assert set(days.values()) == {1}
    assert sum(PairPartition.objects.values_list("order_count", flat=True)) == DAYS * 10
