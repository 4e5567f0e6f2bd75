"""The tables to look at. Nothing here is edited by hand: the next build would undo it."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from recommendations.models import Bestseller, Neighbour, NeighbourModel


class _ReadOnly:
    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        return False
