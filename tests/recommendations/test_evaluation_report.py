"""What a back-test says of a task that nobody could be asked about."""

from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

from recommendations.evaluation import evaluate
from recommendations.evaluation_report import open_console, print_report
from recommendations.order_files import read_columns
from recommendations.sales import arrange_sales
from tests.recommendations.sales_files import write_orders


def test_a_task_without_a_case_has_no_figure_and_says_so(tmp_path: Path) -> None:
    lines = [(order, order, order % 2, f"2026-01-{1 + order % 28:02} 10:00") for order in range(60)]
    sales = arrange_sales(read_columns(write_orders(tmp_path / "orders.csv", lines), {}))
    found = evaluate(sales, datetime(2026, 1, 15, tzinfo=UTC))
    basket = found["tasks"]["basket"]["engine"]
    assert (basket["n"], basket["hit_rate@3"], type(basket["n"])) == (0, None, int)
    printed = StringIO()
    print_report(found, open_console(printed))
    table = printed.getvalue().split("Rest of an order, half of it known (n = 0)")[1]
    assert "nothing to ask in these orders" in printed.getvalue()
    assert "0.000" not in table.split("(n = ")[0]
