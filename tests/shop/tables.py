"""Small tables to import, and what an import refused of them."""

import csv
from pathlib import Path

from django.core.management import call_command

HEADER = "order,placed_at,currency,product,quantity,unit_price,customer"
GOOD = "1001,2026-01-05 10:00,GBP,teapot,1,24.00,sara"


def write(file: Path, *lines: str, encoding: str = "utf-8") -> None:
    file.write_text("\n".join(lines) + "\n", encoding=encoding)


def refusals(file: Path, command: str, *options: str) -> list[dict[str, str]]:
    report = file.with_suffix(".refused.csv")
    call_command(command, file, "--refused", report, *options)
    with report.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))
