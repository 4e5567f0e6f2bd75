"""The rules that tell programs from people, applied to the whole history."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from campaigns.visits import VERSION, rescore_visits


class Command(BaseCommand):
    help = "Scores all opens and clicks anew: was it a person, or a scanner? What came in is not changed."

    def handle(self, **_: Any) -> None:
        last = scored = changed = 0
        while True:
            last, number, switched = rescore_visits(timezone.now(), after=last)
            if not number:
                break
            scored, changed = scored + number, changed + switched
        self.stdout.write(f"{scored} opens and clicks scored by rules {VERSION}; {changed} changed sides.")
