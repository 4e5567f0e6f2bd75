"""Delivery is a plain library: it knows no models, and a preview needs no provider's package."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import delivery

PACKAGE = Path(delivery.__file__).resolve().parent
FORBIDDEN = ("django.db", "shop", "audience", "campaigns", "triggers", "celery")


def read_imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_module_knows_the_database_or_an_app() -> None:
    found = {
        (path.name, name)
        for path in PACKAGE.glob("*.py")
        for name in read_imports(path)
        if name.startswith(tuple(f"{root}." for root in FORBIDDEN)) or name in FORBIDDEN
    }
    assert found == set()


def test_a_preview_imports_no_provider_package() -> None:
    code = (
        "import sys; from delivery.registry import build_transport;"
        "build_transport('preview', {}, store=None);"
        "sys.exit(bool({'sendgrid', 'aiohttp', 'anymail', 'django'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE.parent, check=False)  # noqa: S603
    assert finished.returncode == 0
