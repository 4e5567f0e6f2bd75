"""The back-test on any shop's orders: free of leaks, honest about what it cannot read, at ease in any."""

import json
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from django.core.management import CommandError, call_command

from recommendations.answering import Answers
from recommendations.cases import SLOTS, make_cases, to_matrix
from recommendations.contenders import FEW_TRIED
from recommendations.evaluation import evaluate
from recommendations.evaluation_report import summarise
from recommendations.measures import measure
from recommendations.order_files import read_columns
from recommendations.sales import Sales, arrange_sales
from recommendations.selection import FEWEST_CASES, choose_scorers, take_until
from tests.recommendations.sales_files import make_shop, write_orders
from tests.recommendations.shops import make_customer, make_order, make_product

METHODS = {"engine", "popularity", "popularity_30d", "co_occurrence", "cosine", "bm25"}


def sales_of(lines: list[tuple[int, int, int, str]], directory: Path) -> Sales:
    return arrange_sales(read_columns(write_orders(directory / "orders.csv", lines), {}))


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("evaluate_recommendations", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


SHAPES: dict[str, dict[str, Any]] = {
    "pairs": {"orders": 1500, "products": 60, "size": 4},
    "grocery with a long tail": {"orders": 1500, "products": 2000, "size": 8, "together": 0.1},
    "best-sellers only": {"orders": 1200, "products": 40, "size": 3, "together": 0.0},
    "wholesaler": {"orders": 300, "products": 400, "size": 120, "together": 0.3},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_engine_never_loses_to_recent_best_sellers(shape: str, tmp_path: Path) -> None:
    found = evaluate(sales_of(make_shop(**SHAPES[shape]), tmp_path))
    for task in SLOTS:
        engine, floor = (found["tasks"][task][name] for name in ("engine", "popularity_30d"))
        noise = 2.0 * np.hypot(engine["hit_rate_se@3"], floor["hit_rate_se@3"])
        assert engine["hit_rate@3"] >= floor["hit_rate@3"] - noise, task


def test_the_rules_are_measured_beside_the_engine_where_asked(tmp_path: Path) -> None:
    found = evaluate(sales_of(make_shop(**SHAPES["pairs"], together=0.9), tmp_path), with_rules=True)
    assert found["rules_applied"] is True
    for task in ("basket", "single", "next_new"):
        figures = found["tasks"][task]["engine_with_rules"]
        assert 0.0 < figures["hit_rate@3"] <= found["tasks"][task]["engine"]["hit_rate@3"] + 0.02, task
    assert "engine_with_rules" not in found["tasks"]["repeat"]
    assert "through the rules of restraint" in " ".join(summarise(found))


def test_tables_sent_to_a_file_are_not_cut_at_the_width_of_a_terminal(tmp_path: Path) -> None:
    orders = write_orders(tmp_path / "orders.csv", make_shop(orders=200, products=12, size=3))
    printed = run("--orders", str(orders))
    assert "same_type_share@3" in printed
    assert "Bought together, plain" in printed
    assert "…" not in printed


def test_products_that_come_in_pairs_are_found(tmp_path: Path) -> None:
    found = evaluate(sales_of(make_shop(**SHAPES["pairs"], together=0.9), tmp_path))
    single = found["tasks"]["single"]
    assert single["engine"]["hit_rate@3"] > single["popularity_30d"]["hit_rate@3"] + 0.1
    assert set(single) == METHODS


def test_a_shop_with_few_questions_gets_a_cautious_scorer_or_a_clearly_better_one(tmp_path: Path) -> None:
    sales = sales_of(make_shop(orders=30, products=12, size=3, days=60), tmp_path)
    for slot, choice in choose_scorers(sales.baskets).items():
        assert f"{FEWEST_CASES} are needed" in choice.reason
        scorer, usual = choice.describe()["scorer"], FEW_TRIED[slot][0].name
        figures = choice.figures
        assert 0 < figures[usual]["n"] < FEWEST_CASES, slot
        margin = figures[scorer]["hit_rate@3"] - figures[usual]["hit_rate@3"]
        assert scorer == usual or margin > figures[usual]["hit_rate_se@3"], slot
    assert evaluate(sales)["train_orders"] < 30


def test_few_questions_that_only_best_sellers_answer_are_enough_to_take_these(tmp_path: Path) -> None:
    """Everybody buys the three stars, and with them something that nobody else does."""
    stars = [(order, order, order, f"star{star}") for order in range(40) for star in range(3)]
    lines = stars + [(order, order, order, f"rare{order}") for order in range(40)]
    choice = choose_scorers(sales_of(lines, tmp_path).baskets)["basket"]
    assert 0 < choice.figures["popularity_30d"]["n"] < FEWEST_CASES
    taken = choice.figures[choice.describe()["scorer"]]
    assert taken["hit_rate@3"] >= choice.figures["popularity_30d"]["hit_rate@3"]


def test_a_shop_of_which_nothing_can_be_asked_gets_the_cautious_scorer(tmp_path: Path) -> None:
    lines = [(day, day, day, f"sku{day % 3}") for day in range(20)]
    for slot, choice in choose_scorers(sales_of(lines, tmp_path).baskets).items():
        assert choice.describe()["scorer"] == FEW_TRIED[slot][0].name
        assert choice.reason.startswith("No order of the last months can be asked about")
        assert choice.figures == {}


@pytest.mark.parametrize(
    ("orders", "days"),
    [pytest.param(400, 25, id="a month old"), pytest.param(320, 240, id="forty orders a month")],
)
def test_a_young_or_a_quiet_shop_is_compared_with_best_sellers_too(
    orders: int, days: int, tmp_path: Path
) -> None:
    lines = make_shop(orders=orders, products=200, size=8, days=days, together=0.0)
    for slot, choice in choose_scorers(sales_of(lines, tmp_path).baskets).items():
        taken, floor = (choice.figures[name] for name in (choice.describe()["scorer"], "popularity_30d"))
        assert floor["n"] >= FEWEST_CASES, slot
        assert taken["hit_rate@3"] >= floor["hit_rate@3"], slot


def test_what_comes_after_the_split_changes_nothing_that_is_learnt(tmp_path: Path) -> None:
    lines = make_shop(orders=600, products=30, size=4)
    changed = [line if line[0] < 90 else (line[0], line[1], line[2], "sku3") for line in lines]
    cutoff = datetime(2026, 4, 1, tzinfo=UTC)
    found = [evaluate(sales_of(one, tmp_path), cutoff)["choices"] for one in (lines, changed)]
    assert found[0] == found[1]


def test_cases_ask_for_the_other_half_and_for_known_products_only(tmp_path: Path) -> None:
    lines = [(0, 1, 7, name) for name in "abcd"] + [(40, 2, 7, name) for name in "abcdz"]
    baskets = sales_of(lines, tmp_path).baskets
    past = take_until(baskets, split=30.0)
    known = np.bincount(past.product, minlength=baskets.product_count) > 0
    cases = make_cases(baskets, known, split=30.0)
    given, wanted = (set(part.indices.tolist()) for part in (cases["basket"].given, cases["basket"].wanted))
    assert (given | wanted, given & wanted) == ({0, 1, 2, 3}, set())
    assert (len(given), cases["single"].given.nnz) == (2, 1)
    assert len(cases["next_new"]) == 0, "the customer had them all"
    assert set(cases["repeat"].wanted.indices.tolist()) == {0, 1, 2, 3}


def test_a_hit_is_one_of_the_first_three() -> None:
    answers = Answers(np.array([[0, 1, 2, 3], [3, 0, 1, 2]], dtype=np.int64))
    figures = measure(answers, to_matrix([np.array([3]), np.array([3])], 6), known=6)
    assert figures["hit_rate@3"] == 0.5
    assert figures["ndcg@3"] == 0.5
    assert figures["recall@10"] == 1.0
    assert figures["coverage@3"] == pytest.approx(4 / 6, abs=1e-5)


def test_returns_free_lines_and_fees_are_left_out_and_counted() -> None:
    product = ["10001"] * 150 + ["POST", "10002", "10003"]
    table = pa.table(
        {
            "order": [str(row) for row in range(153)],
            "product": product,
            "time": ["2026-01-01 10:00:00"] * 153,
            "quantity": [1] * 151 + [-1, 1],
            "price": [2.0] * 152 + [0.0],
        }
    )
    sales = arrange_sales(table)
    assert sales.codes == ["10001"]
    assert sales.dropped == {
        "no order, product or time": 0,
        "returned or written off (quantity under 1)": 1,
        "no price": 1,
        "not a product, by the shape of its code": 1,
    }


def test_the_command_writes_a_summary_and_every_figure_without_a_database(tmp_path: Path) -> None:
    orders = write_orders(tmp_path / "o.csv", make_shop(orders=800, products=30, size=4))
    text = run("--orders", str(orders), "--json", str(tmp_path / "found.json"))
    found = json.loads((tmp_path / "found.json").read_text())
    assert "recent best-sellers" in text
    assert set(found["tasks"]) == {"basket", "single", "next_new", "repeat", "upgrade"}
    assert {"hit_rate@3", "recall@3", "ndcg@3", "coverage@3", "n"} <= set(found["tasks"]["basket"]["engine"])
    assert {"fit_seconds", "peak_mb", "predict_ms_per_1000"} <= set(found)


def test_what_cannot_be_asked_has_no_figures_and_a_reason(tmp_path: Path) -> None:
    shop = make_shop(orders=800, products=30, size=4)
    orders = write_orders(tmp_path / "o.csv", shop, header="order,nobody,product,date")
    report = tmp_path / "found.json"
    text = run("--orders", str(orders), "--json", str(report))
    found = json.loads(report.read_text())
    for task in ("next_new", "repeat", "upgrade"):
        for figures in found["tasks"][task].values():
            assert figures["n"] == 0
            assert {value for name, value in figures.items() if name != "n"} == {None}, task
    assert set(found["unasked"]) == {"next_new", "repeat", "upgrade"}
    assert "Are customers named?" in found["unasked"]["repeat"]
    assert found["unasked"]["upgrade"] == "Upgrades need prices, and there are none."
    assert "Next order: any product: not asked. No customer" in text
    counts = [figures["n"] for methods in found["tasks"].values() for figures in methods.values()]
    assert {type(count) for count in counts} == {int}
    assert {
        type(choice["figures"][name]["n"]) for choice in found["choices"] for name in choice["figures"]
    } == {int}


def test_columns_of_other_names_and_a_products_file_are_mapped(tmp_path: Path) -> None:
    header = "Ticket,Buyer,Article,Day"
    orders = write_orders(tmp_path / "o.csv", make_shop(orders=800, products=30, size=4), header=header)
    products = tmp_path / "p.csv"
    rows = [f"sku{number},Mug {number},mug,{5 + number / 4}" for number in range(30)]
    products.write_text("\n".join(["product,name,type,price", *rows]), encoding="utf8")
    found = tmp_path / "found.json"
    columns = "order=Ticket,customer=Buyer,product=Article,time=Day"
    run("--orders", str(orders), "--products", str(products), "--columns", columns, "--json", str(found))
    upgrade = json.loads(found.read_text())["tasks"]["upgrade"]["engine"]
    assert upgrade["n"] > 0
    assert upgrade["outside_band_or_type"] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--columns", "order=Nope"], "no column 'Nope'. It has: order, customer"),
        (["--columns", "orders=order"], "field=Column"),
        (["--cutoff", "2020-01-01"], "0 orders lie before 2020-01-01"),
        (["--cutoff", "soon"], "write for example"),
        (["--columns", "time=product"], "holds no times"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_way_out(
    arguments: list[str], complaint: str, tmp_path: Path
) -> None:
    orders = write_orders(tmp_path / "o.csv", make_shop(orders=80, products=30, size=4))
    with pytest.raises(CommandError, match=complaint):
        run("--orders", str(orders), *arguments)


def test_a_line_without_a_time_is_left_out_and_counted(tmp_path: Path) -> None:
    orders = write_orders(tmp_path / "o.csv", make_shop(orders=300, products=30, size=4))
    rows = orders.read_text().splitlines()
    rows[5] = rows[5].rpartition(",")[0] + ","
    rows[9] = rows[9].rpartition(",")[0] + ",yesterday"
    orders.write_text("\n".join(rows))
    sales = arrange_sales(read_columns(orders, {}))
    assert sales.dropped["no order, product or time"] == 2


@pytest.mark.parametrize("prices", [("£1,299.50", "£12.00"), ("1.299,50 €", "12,00 €"), ("1299.5", "12")])
def test_prices_are_read_the_way_the_file_writes_them(prices: tuple[str, str], tmp_path: Path) -> None:
    path = tmp_path / "o.csv"
    rows = [f'{order};p{product};2026-01-0{order};"{price}"' for order in (1, 2) for product, price in
            enumerate(prices)]  # fmt: skip
    path.write_text("\n".join(["order;product;date;price", *rows]), encoding="utf8")
    assert arrange_sales(read_columns(path, {})).price.tolist() == [1299.5, 12.0]


def test_a_file_that_is_missing_or_has_no_known_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no file"):
        run("--orders", str(tmp_path / "none.csv"))
    orders = write_orders(tmp_path / "o.csv", [(0, 1, 1, "a")], header="w,x,y,z")
    with pytest.raises(CommandError, match="Name it: --columns order="):
        run("--orders", str(orders))


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    orders = write_orders(tmp_path / "o.csv", [(0, 1, 1, "a")], header="order,date,product,date")
    with pytest.raises(CommandError, match="several columns named 'date'"):
        run("--orders", str(orders))


def test_a_folder_that_is_missing_is_named_before_the_work(tmp_path: Path) -> None:
    orders = write_orders(tmp_path / "o.csv", [(0, 1, 1, "a")])
    with pytest.raises(CommandError, match="no folder"):
        run("--orders", str(orders), "--json", str(tmp_path / "none" / "report.json"))


@pytest.mark.django_db
def test_without_a_file_the_recorded_orders_are_measured() -> None:
    phone, case = make_product("Phone"), make_product("Case")
    for days_ago in range(1, 60):
        make_order([phone, case], customer=make_customer(), days_ago=days_ago)
    assert "Learnt from 29 orders with 58 lines of 2 products" in run()
