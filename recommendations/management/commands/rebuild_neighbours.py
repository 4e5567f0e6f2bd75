"""Rebuild what goes with what from the orders so far."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from recommendations.building import rebuild_neighbours


class Command(BaseCommand):
    help = "Count which products are bought together and put the new tables into use."

    def handle(self, *_args: Any, **_options: Any) -> None:
        model = rebuild_neighbours(timezone.now(), report=self.stdout.write)
        for name, figure in model.notes["counts"].items():
            self.stdout.write(f"  {name:12} {figure:>9,}")
