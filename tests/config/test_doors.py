"""Doors that do not exist: nothing fetches an address out of the data, nobody uploads or attaches a file."""

import ast
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from delivery.base import Envelope

ROOT = Path(__file__).parents[2]
PACKAGES = ("audience", "campaigns", "config", "dashboard", "demo", "experiments", "privacy",
            "recommendations", "shop", "triggers")  # fmt: skip
CLIENTS = {"aiohttp", "ftplib", "http.client", "httpx", "requests", "socket", "smtplib", "urllib.request",
           "urllib3"}  # fmt: skip
UPLOADS = {"FileField", "ImageField", "FILES", "default_storage"}


def read_nodes(package: str) -> Iterator[tuple[Path, ast.AST]]:
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf8"))):
            yield path, node


def list_imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_but_delivery_can_open_a_connection(package: str) -> None:
    """So no address of a picture, a product or a link is ever fetched, wherever it may lead."""
    for path, node in read_nodes(package):
        for name in list_imports(node):
            assert name not in CLIENTS, f"{path} imports {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_nobody_can_upload_a_file(package: str) -> None:
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for _, node in read_nodes(package)
        if isinstance(node, ast.Attribute | ast.Name)
    }
    assert not names & UPLOADS


def test_an_email_has_no_attachments() -> None:
    assert not {field.name for field in fields(Envelope)} & {"attachments", "files"}
