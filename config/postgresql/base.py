"""Django's PostgreSQL, reading moments twenty times as fast.

A batch of 500 emails reads some four thousand of them, and Django's loader takes each apart in Python.
"""

from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader


class MomentLoader(BaseTzLoader):  # type: ignore[misc]  # Django has no types for it
    """A `timestamptz` of a connection in UTC. What only looks alike is left to Django's own."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        text = bytes(data).decode()
        if text.endswith("+00"):
            try:
                return datetime.fromisoformat(text)
            except ValueError:  # such as a year beyond 9999, about which Django has an error of its own
                pass
        loaded: datetime = super().load(data)
        return loaded


class DatabaseWrapper(base.DatabaseWrapper):
    def get_connection_params(self) -> dict[str, Any]:
        parameters: dict[str, Any] = super().get_connection_params()
        if self.timezone is UTC:
            adapters = type(parameters["context"])(parameters["context"])  # a copy: Django keeps its own
            adapters.register_loader("timestamptz", MomentLoader)
            parameters["context"] = adapters
        return parameters
