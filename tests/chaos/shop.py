"""The shop of a run: two campaigns, a confirmation of orders and a reminder of carts."""

from datetime import timedelta

from django.core.management import call_command
from django.utils import timezone


def set_up_shop() -> str:
    """Migrates the database and fills it; the API key."""
    from campaigns.templates_store import publish_all
    from recommendations.building import rebuild_neighbours
    from shop.api_keys import create_api_key
    from tests.factories import make_order, make_product
    from tests.flows import make_campaign, make_trigger

    call_command("migrate", verbosity=0)
    now = timezone.now()
    publish_all(now)
    make_trigger("order_confirmation", campaign=make_campaign(key="confirmation"))
    reminder = make_campaign(key="reminder", marketing=True, template="abandoned_cart", topic="carts")
    make_trigger("abandoned_cart", campaign=reminder, settings={"delay_minutes": 15})
    kettle = make_product(external_id="kettle", title="Kettle", product_type="kettle", price=40)
    cups = make_product(external_id="cups", title="Cups", product_type="cup")
    for _ in range(12):
        make_order(None, lines=[kettle, cups], placed_at=now - timedelta(days=20))
    rebuild_neighbours(now)
    return create_api_key("chaos", now=now)[1]
