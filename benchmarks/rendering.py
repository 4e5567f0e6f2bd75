"""What an email costs: compiled once against MJML per recipient, generated code and batches against Jinja.

    python -m benchmarks.rendering [--short] [--json FILE]

Every way renders the same emails of the same recipients in the same process, in turns, so that the ratios
hold where microseconds don't. Every round has recipients that no round before had: those of a day of a shop
with 300 products, some bought far more often than others, after 2,000 others of that day were written.
`batch_vs_whole_all_different` is the worst case, where next to no line and no suggestion comes twice;
`batch_vs_whole_tracked` has clicks tracked, each message leading through addresses of its own. All
ways use the same filters, links and contexts; MJML per recipient renders the HTML only, and is therefore
compared with the HTML alone: in batches of 100 beside `mrml`; beside the engine in Python, which takes long,
in batches of 8, each of which cost more. Ratios are medians over languages of their medians over rounds;
CPU time, except for Node. `equal_share` is the share of recipients for whom the
generated code, the filled skeleton (where the email may be split) and Jinja give the very same email.
"""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from statistics import median
from time import process_time
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks._report import read_options, report  # noqa: E402 (Django has to be set up first)
from campaigns.compiler import compile_email, expand_texts  # noqa: E402
from campaigns.compiling.addresses import safe_url  # noqa: E402
from campaigns.compiling.engine import compile_mjml  # noqa: E402
from campaigns.compiling.sandbox import html_environment  # noqa: E402
from campaigns.compiling.source import Source  # noqa: E402
from campaigns.email_files import EmailDirectory, list_directories, read_directory  # noqa: E402
from campaigns.fragments import Fragments, Recipient, Splitter, Whole, fill_in, split  # noqa: E402
from campaigns.languages import direction_of  # noqa: E402
from campaigns.programs import seal, unseal, write_code  # noqa: E402
from campaigns.rendering import (  # noqa: E402
    NoTracking,
    ReadyEmail,
    make_ready,
    make_row,
    render_batch,
    render_ready,
    render_with_jinja,
)
from tests.campaigns.recipients import LANGUAGES, make_recipients, make_shoppers  # noqa: E402

MEASURED = "order_confirmation"
MEASURED_LANGUAGES = ("en", "fa")
RECIPIENTS = WARM = 2_000
_NODE = "const m=require('mjml');let s='';process.stdin.on('data',d=>s+=d).on('end',async()=>{await m(s);const t=process.hrtime.bigint();for(let i=0;i<20;i++)await m(s);console.log(Number(process.hrtime.bigint()-t)/2e7)})"  # noqa: E501 (a program of one line)

Context = Mapping[str, Any]
Ways = Mapping[str, Callable[[list[Context]], object]]


class Redirects:
    """Links that differ from message to message, as tracked ones do."""

    def __init__(self, context: Context) -> None:
        self._start = f"https://shop.example/c/{context['order']['number']}-"

    def link(self, url: str) -> str:
        return f"{self._start}{len(url)}"

    def pixel(self) -> str:
        return ""


def measure(ways: Ways, make: Callable[[int], list[Context]], rounds: int) -> dict[str, float]:
    """Median CPU milliseconds per recipient of each way, all of them in every round, which `make` gives."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 2):
        contexts = make(number)
        for name, render in ways.items():
            start = process_time()
            render(contexts)
            if number > 1:  # the first two rounds warm up
                spent[name].append(1000 * (process_time() - start) / len(contexts))
    return {name: median(times) for name, times in spent.items()}


def html_ways(email: EmailDirectory, language: str, ready: ReadyEmail) -> Iterator[tuple[str, Any]]:
    """The HTML alone: MJML for every recipient, or compiled once and filled in."""
    expanded = expand_texts(email.source, email.texts, language=language, changes={})
    naive = html_environment(ready.market).from_string(expanded.text)
    direction = direction_of(language)
    only_html = make_ready({**ready.parts, "subject": "", "preheader": "", "text": ""})

    def per_recipient(compile_one: Callable[[str], object]) -> Callable[[list[Context]], object]:
        return lambda contexts: [
            compile_one(naive.render({**one, "_link": safe_url, "_pixel": ""})) for one in contexts
        ]

    yield "same_engine", per_recipient(lambda mjml: compile_mjml(Source(mjml), direction=direction))
    to_html = find_mrml()
    if to_html:
        yield "mrml", per_recipient(to_html)
    yield "compiled_html", lambda contexts: render_batch(only_html, map(Recipient, contexts))


def find_mrml() -> Callable[[str], object] | None:
    try:
        from mrml import to_html
    except ImportError:
        print("mrml is not installed: skipped")
        return None
    return to_html


def whole_ways(ready: ReadyEmail, splitter: Splitter) -> Ways:
    """The email with all its parts."""

    def all_fragments(contexts: list[Context]) -> object:
        return splitter.render_fragments([Recipient(one) for one in contexts])

    def tracked_jinja(contexts: list[Context]) -> object:
        return [render_with_jinja(ready, one, tracking=Redirects(one)) for one in contexts]

    return {
        "tracked_jinja": tracked_jinja,
        "tracked_batch": lambda contexts: splitter.render_fragments(
            [Recipient(one, Redirects(one)) for one in contexts]
        ),
        "whole_jinja": lambda contexts: [render_with_jinja(ready, one) for one in contexts],
        "whole_generated": lambda contexts: render_batch(ready, map(Recipient, contexts)),
        "batch": all_fragments,
    }


def measure_language(language: str, short: bool) -> dict[str, float]:
    """Milliseconds per recipient of every way, for the email that is sent most."""
    email = next(read_directory(path) for path in list_directories() if path.name == MEASURED)
    parts = compile_email(email.source, email.texts, language=language, changes={})
    ready = make_ready(parts)
    splitter = split(ready)
    assert isinstance(splitter, Splitter)

    before = list(map(Recipient, make_shoppers(email.sample, WARM, seed="before")))
    splitter.render_fragments(before)
    ways = dict(html_ways(email, language, ready))
    ways["compiled_html"]([one.context for one in before])

    def some(number: int, *, count: int = 300) -> list[Context]:
        return list(make_shoppers(email.sample, count, seed=f"day {number} {count}"))

    def different(number: int) -> list[Context]:
        return list(make_recipients(email.sample, 300, seed=f"day {number}"))

    whole = measure(whole_ways(ready, splitter), some, 5 if short else 15)
    worst = measure(whole_ways(ready, splitter), different, 3 if short else 9)
    html = measure_html(ways, some, 3 if short else 15)
    return html | whole | {f"worst_{name}": value for name, value in worst.items()} | measure_loading(parts)


def measure_html(ways: Ways, some: Callable[..., list[Context]], rounds: int) -> dict[str, float]:
    """Milliseconds per recipient of the HTML alone; of the engine in Python, beside it, in small batches."""
    slow = {"same_engine": ways["same_engine"], "compiled_html_of_8": ways["compiled_html"]}
    fast = {name: way for name, way in ways.items() if name not in slow}
    return measure(slow, partial(some, count=8), rounds) | measure(fast, partial(some, count=100), rounds)


def measure_loading(parts: Any) -> dict[str, float]:
    """Milliseconds until a new process may render: from kept bytecode, by Jinja, by our own generator."""
    kept = seal(write_code(parts), key="benchmark")
    ways: Ways = {
        "load_kept_code": lambda _: unseal(kept, key="benchmark"),
        "write_code": lambda _: write_code(parts),
        "compile_jinja": lambda _: ReadyEmail(parts, parts["language"], "UTC", None).jinja,
    }
    return measure(ways, lambda _: [{}], 3)


def compare(recipients: int) -> dict[str, float]:
    """Equality of all ways over all templates and languages, and how many emails may be split."""
    found: Counter[str] = Counter()
    emails = [read_directory(path) for path in list_directories()]
    pairs = [(email, language) for email in emails for language in LANGUAGES]
    for email, language in pairs:
        parts = compile_email(email.source, email.texts, language=language, changes={})
        contexts = list(
            make_recipients(email.sample, -(-recipients // len(pairs)), seed=f"{email.key} {language}")
        )
        found += compare_ways(make_ready(parts), contexts)
    return {
        "equal_share": found["equal"] / found["all"],
        "generated_share": found["generated"] / found["all"],
        "split_share": found["split"] / found["all"],
        "recipients_per_skeleton": found["split"] / found["skeletons"],
        "recipients_compared": found["all"],
    }


def compare_ways(ready: ReadyEmail, contexts: Sequence[Context]) -> Counter[str]:
    splitter = split(ready)
    assert ready.program
    assert isinstance(splitter, Splitter)
    found: Counter[str] = Counter()
    for context, one in zip(contexts, splitter.render_fragments(map(Recipient, contexts)), strict=True):
        expected = render_with_jinja(ready, context)
        parts = (expected.subject, expected.html, expected.text)
        is_equal = render_ready(ready, context) == expected and (
            isinstance(one, Whole) or fill_in(one) == parts
        )
        is_generated = ready.program.fill([make_row(context, NoTracking())[0]]) != [None]
        found.update({"all": 1, "equal": is_equal, "generated": is_generated})
        found.update(split=isinstance(one, Fragments))
    return found + Counter(skeletons=len(splitter.skeletons))


def measure_node(language: str) -> float | None:
    """Milliseconds per compilation by npm's mjml, if Node has it."""
    node = shutil.which("node")
    email = next(read_directory(path) for path in list_directories() if path.name == MEASURED)
    expanded = expand_texts(email.source, email.texts, language=language, changes={})
    values = {**email.sample, "_link": safe_url, "_pixel": ""}
    mjml = html_environment(language).from_string(expanded.text).render(values)
    if node:
        done = subprocess.run([node, "-e", _NODE], input=mjml, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode == 0:
            return float(done.stdout)
    print("npm mjml: Node or its package mjml is not there, skipped")
    return None


def main() -> None:
    options = read_options(__doc__ or "")
    measured = {one: measure_language(one, options.short) for one in MEASURED_LANGUAGES}
    figures: dict[str, float] = {}

    def add_ratio(name: str, slow: str, fast: str) -> None:
        if all(slow in times for times in measured.values()):
            figures[name] = median(times[slow] / times[fast] for times in measured.values())

    add_ratio("compile_once_vs_same_engine", "same_engine", "compiled_html_of_8")
    add_ratio("compile_once_vs_mrml", "mrml", "compiled_html")
    add_ratio("batch_vs_whole", "whole_jinja", "batch")
    add_ratio("batch_vs_whole_all_different", "worst_whole_jinja", "worst_batch")
    add_ratio("batch_vs_whole_tracked", "tracked_jinja", "tracked_batch")
    add_ratio("generated_vs_jinja", "whole_jinja", "whole_generated")
    add_ratio("kept_code_vs_jinja", "compile_jinja", "load_kept_code")
    node = measure_node("en")
    if node:
        figures["compile_once_vs_npm"] = node / measured["en"]["compiled_html"]
    figures |= compare(RECIPIENTS)
    for language, times in measured.items():
        figures |= {f"{language}_{name}_ms": value for name, value in times.items()}
    report("Rendering", figures, options)


if __name__ == "__main__":
    main()
