"""What compiling once saves: one recipient's email against Jinja first and MJML per recipient.

    python -m benchmarks.rendering [--short] [--json FILE]

Both ways use the same engine, template, context and process, so the ratio holds where milliseconds don't.
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from campaigns.compiler import compile_email, expand_texts  # noqa: E402 (Django has to be set up first)
from campaigns.compiling.addresses import safe_url  # noqa: E402
from campaigns.compiling.engine import compile_mjml  # noqa: E402
from campaigns.compiling.sandbox import html_environment  # noqa: E402
from campaigns.compiling.source import Source  # noqa: E402
from campaigns.email_files import read_directory, templates_root  # noqa: E402
from campaigns.languages import direction_of  # noqa: E402
from campaigns.rendering import make_ready, render_ready  # noqa: E402

LANGUAGES = ("en", "fa")


def measure(call: Callable[[], Any], times: int) -> float:
    """Median milliseconds of one call, after one that warms up."""
    call()
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spans.append((time.perf_counter() - start) * 1000)
    return median(spans)


def measure_language(language: str, rounds: int) -> dict[str, float]:
    """Milliseconds per recipient of both ways, HTML only, and of the whole email with its text part."""
    email = read_directory(templates_root() / "order_confirmation")
    values = {**email.sample, "_link": safe_url, "_pixel": ""}
    start = time.perf_counter()
    parts = compile_email(email.source, email.texts, language=language, changes={})
    compiling = (time.perf_counter() - start) * 1000
    ready = make_ready(parts)
    expanded = expand_texts(email.source, email.texts, language=language, changes={})
    naive = html_environment(language).from_string(expanded.text)
    direction = direction_of(language)
    return {
        "compile_ms": compiling,
        "jinja_then_mjml_ms": measure(
            lambda: compile_mjml(Source(naive.render(values)), direction=direction), rounds
        ),
        "compiled_html_ms": measure(lambda: ready.html.render(values), rounds * 20),
        "whole_email_ms": measure(lambda: render_ready(ready, email.sample), rounds * 20),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    figures: dict[str, Any] = {}
    for language in LANGUAGES:
        figures[language] = measure_language(language, 3 if options.short else 20)
        for name, value in figures[language].items():
            print(f"{language}  {name:<20} {value:8.3f}")
    ratios = [
        figures[language]["jinja_then_mjml_ms"] / figures[language]["compiled_html_ms"]
        for language in LANGUAGES
    ]
    figures["compile_once_vs_same_engine"] = round(min(ratios), 1)
    print(f"compile_once_vs_same_engine {figures['compile_once_vs_same_engine']}")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
