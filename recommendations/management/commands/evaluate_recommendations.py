"""Measure the recommendations on a shop's own orders: a file, or the database."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from recommendations.evaluation import evaluate
from recommendations.evaluation_report import open_console, print_report
from recommendations.evaluation_runs import store_report
from recommendations.order_files import OrderFileError, read_columns, read_mapping
from recommendations.recorded_sales import read_recorded_sales
from recommendations.sales import Sales, arrange_sales


class Command(BaseCommand):
    help = (
        "Learn from the orders before a day, guess those of the 30 days after it, and say how well it went."
    )
    requires_system_checks: list[str] = []  # a file needs no database

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--orders", type=Path, metavar="FILE", help="CSV or Parquet; default: the database"
        )
        parser.add_argument(
            "--products", type=Path, metavar="FILE", help="names, categories, prices by product"
        )
        parser.add_argument("--cutoff", metavar="DATE", help="default: 30 days before the newest order")
        parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure here")
        parser.add_argument(
            "--store", action="store_true", help="show the report in the dashboard; recorded orders only"
        )
        parser.add_argument(
            "--with-rules", action="store_true", help="also through the rules that hold for emails (slower)"
        )
        parser.add_argument(
            "--columns", default="", help="order=InvoiceNo,product=StockCode,time=InvoiceDate,…"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        if options["store"] and options["orders"]:
            raise CommandError("--store keeps reports of the recorded orders only: leave out --orders.")
        if options["json"] and not options["json"].parent.is_dir():  # said before the work, not after it
            raise CommandError(f"--json: there is no folder {options['json'].parent}. Make it first.")
        console = open_console(cast(IO[str], self.stdout))
        cutoff = _read_day(options["cutoff"])
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        try:
            with Progress(
                *columns, console=Console(file=cast(IO[str], self.stderr)), transient=True
            ) as progress:
                bar = progress.add_task("Reading orders", total=1.0)
                sales = _read_sales(options)
                found = evaluate(
                    sales,
                    cutoff,
                    report=lambda step, share: progress.update(bar, description=step, completed=share),
                    with_rules=options["with_rules"],
                )
        except OrderFileError as error:
            raise CommandError(str(error)) from error
        found["lines_left_out"] = dict(sales.dropped)
        print_report(found, console)
        if options["store"]:
            store_report(found, timezone.now())
        if options["json"]:
            options["json"].write_text(json.dumps(found, indent=2) + "\n", encoding="utf8")


def _read_sales(options: dict[str, Any]) -> Sales:
    mapping = read_mapping(options["columns"])
    if options["orders"] is None:
        return read_recorded_sales()
    products = options["products"]
    wanted = {field: column for field, column in mapping.items() if field in {"name", "category", "type"}}
    described = None
    if products:
        described, wanted = _read_products(products, mapping)
    of_lines = {field: column for field, column in mapping.items() if field not in wanted or not products}
    return arrange_sales(read_columns(options["orders"], of_lines), described)


def _read_products(path: Path, mapping: dict[str, str]) -> tuple[Any, dict[str, str]]:
    """The products file, and the part of the mapping that names columns of it alone."""
    from recommendations.order_files import read_names

    names = read_names(path)
    inside = {field: column for field, column in mapping.items() if column in names}
    table = read_columns(path, inside, ("product",), optional=("name", "category", "type", "price"))
    return table, {field: column for field, column in inside.items() if field != "product"}


def _read_day(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--cutoff {text!r} is no ISO 8601 day; write for example 2026-05-01.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
