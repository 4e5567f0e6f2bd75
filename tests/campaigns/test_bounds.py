"""No data makes an email endless: loops and texts beyond what one needs are refused, and it is said which."""

from typing import Any

import pytest

from campaigns.compiler import CompiledParts
from campaigns.fragments import Recipient
from campaigns.rendering import (
    NoTracking,
    ReadyEmail,
    RenderedEmail,
    RenderError,
    make_ready,
    make_row,
    render_batch,
    render_ready,
    render_with_jinja,
)
from tests.campaigns.emails import in_column, render_one

LINES = "{% for line in order.lines %}<p>{{ line.title }}</p>{% endfor %}"
NESTED = "{% for a in order.lines %}{% for b in order.lines %}{{ b.title }}{% endfor %}{% endfor %}"
KEPT = "{% for a in order.lines %}{% for b in a.parts %}{{ b.title }}{% endfor %}{% endfor %}"
IN_ROWS = "{% for row in order.lines|batch(2) %}{% for line in row %}{{ line.title }}{% endfor %}{% endfor %}"


def ready_html(html: str) -> ReadyEmail:
    return make_ready(CompiledParts(language="en", subject="s", preheader="p", html=html, text="t"))


def with_lines(count: int, title: str = "Cup") -> dict[str, Any]:
    return {"order": {"lines": [{"title": title} for _ in range(count)]}}


@pytest.mark.parametrize("html", [LINES, "{% set lines = order.lines %}" + LINES])
def test_a_loop_takes_a_thousand_items_and_not_one_more(html: str) -> None:
    ready = ready_html(html)
    assert render_ready(ready, with_lines(1_000)).html.count("Cup") == 1_000
    with pytest.raises(RenderError, match=r"email: “order.lines” has 1001 items.*order.lines\[:20\]"):
        render_ready(ready, with_lines(1_001))


@pytest.mark.parametrize(
    ("html", "shown"),
    [("{% for l in order.lines[:20] %}{{ l.title }}{% endfor %}", 20), (IN_ROWS, 1_400)],
)
def test_what_a_slice_or_a_filter_leaves_is_what_counts(html: str, shown: int) -> None:
    assert render_ready(ready_html(html), with_lines(1_400)).html.count("Cup") == shown


def test_the_items_of_a_filter_are_named_by_what_they_are_taken_from() -> None:
    with pytest.raises(RenderError, match=r"“order.lines” has 1250 items"):
        render_ready(ready_html(IN_ROWS), with_lines(2_500))


def test_loops_inside_loops_have_one_bound_together() -> None:
    ready = ready_html(NESTED)
    assert render_ready(ready, with_lines(99)).html.count("Cup") == 99 * 99
    with pytest.raises(RenderError, match="all together take at most 10000 rounds"):
        render_ready(ready, with_lines(101))


@pytest.mark.parametrize("count", [99, 100, 101, 1_000, 1_001])
@pytest.mark.parametrize("html", [LINES, NESTED, IN_ROWS])
def test_generated_code_and_jinja_agree_on_the_bounds(html: str, count: int) -> None:
    def outcome(render: Any) -> Any:
        try:
            return render(ready_html(html), with_lines(count))
        except RenderError as error:
            return str(error)

    assert outcome(render_ready) == outcome(render_with_jinja)


@pytest.mark.parametrize(("parts", "bound"), [(199, ""), (200, "10000 rounds"), (1_001, "1001 items")])
def test_loops_that_are_kept_with_their_line_count_each_time(parts: int, bound: str) -> None:
    lines = [{"parts": [{"title": "Cup"}] * parts}] * 50
    ready = ready_html(KEPT)
    for _ in range(2):  # the second time from what was kept
        found = render_batch(ready, [Recipient({"order": {"lines": lines}})])[0]
        assert bound in str(found) if bound else isinstance(found, RenderedEmail)


def test_long_data_within_the_bounds_is_still_rendered_by_generated_code() -> None:
    program = ready_html(LINES).program
    assert program is not None
    rows = [make_row(with_lines(count), NoTracking())[0] for count in (1_000, 1_001)]
    assert [filled is not None for filled in program.fill(rows)] == [True, False]


def test_jinja_stops_at_the_piece_that_makes_the_email_too_long() -> None:
    long = "x" * 200_000
    with pytest.raises(RenderError, match="more than 500000 characters; show fewer things"):
        render_with_jinja(ready_html(LINES), with_lines(900, long))


def test_one_endless_email_keeps_none_of_its_batch() -> None:
    ready = ready_html(LINES)
    contexts = [with_lines(1), with_lines(5_000), with_lines(2)]
    kinds = [type(email) for email in render_batch(ready, map(Recipient, contexts))]
    assert kinds == [RenderedEmail, RenderError, RenderedEmail]


def test_a_column_of_a_compiled_email_is_bound_as_well() -> None:
    rows = "{% for line in order.lines %}<tr><td>{{ line.title }}</td></tr>{% endfor %}"
    source = in_column(f"<mj-table>{rows}</mj-table>")
    with pytest.raises(RenderError, match=r"“order.lines” has 1001 items"):
        render_one(source, with_lines(1_001))
