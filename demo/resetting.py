"""Emptying the database before the demo, only where nothing of worth can be lost."""

from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.core.management.color import no_style
from django.db import connection, transaction

from shop.models import Customer, Event, Order, Product

APPS = ("shop", "audience", "experiments", "recommendations", "campaigns", "triggers")
_DEMO_PREFIXES = ("customer-", "bq-")


class ResetRefusedError(Exception):
    """The database may hold a real shop; the message says why and what to do."""


def check_reset(*, is_forced: bool) -> None:
    """Returns where the tables may be emptied; raises ResetRefusedError otherwise.

    Allowed are an empty database, the demo's own SQLite file, and anything when `is_forced`.
    """
    if Customer._meta.db_table not in connection.introspection.table_names():
        raise ResetRefusedError("The database has no tables yet. Run manage.py migrate first.")
    if is_forced or is_empty():
        return
    if not is_own_sqlite():
        raise ResetRefusedError(
            "This is not the demo's own SQLite file and it is not empty. Point DATABASE_URL at an empty "
            "database, or give --reset to delete everything in it."
        )
    if holds_strangers():
        raise ResetRefusedError(
            "The database holds customers that the demo didn't make. Point PAIRWELL_VAR_DIR somewhere else, "
            "or give --reset to delete everything in it."
        )


def empty_tables() -> None:
    """Deletes every row of Pairwell's apps, users and sessions stay; in one transaction."""
    models = [
        model for label in APPS for model in apps.get_app_config(label).get_models(include_auto_created=True)
    ]
    tables = [model._meta.db_table for model in models]
    statements = connection.ops.sql_flush(no_style(), tables, reset_sequences=True, allow_cascade=False)
    with connection.constraint_checks_disabled(), transaction.atomic():
        connection.ops.execute_sql_flush(statements)


def is_empty() -> bool:
    return not any(model.objects.exists() for model in (Customer, Product, Order, Event))


def is_own_sqlite() -> bool:
    """Whether the database is SQLite in PAIRWELL_VAR_DIR, or the in-memory one of the tests."""
    if connection.vendor != "sqlite":
        return False
    name = str(connection.settings_dict["NAME"])
    is_in_memory = name == ":memory:" or "mode=memory" in name
    return is_in_memory or Path(name).resolve().parent == Path(settings.VAR_DIR).resolve()


def holds_strangers() -> bool:
    """Whether any customer has an id that the demo never gives."""
    names = Customer.objects.values_list("external_id", flat=True)
    return any(not name.startswith(_DEMO_PREFIXES) for name in names.iterator(chunk_size=5000))
