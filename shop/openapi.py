"""The OpenAPI document: hand-written paths, and the very schemas that check the events."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from shop.schemas import DEFINITIONS, KINDS

_added_paths: dict[str, Any] = {}
_added_schemas: dict[str, Any] = {}


def add_to_document(*, paths: dict[str, Any], schemas: dict[str, Any] | None = None) -> None:
    """Room for the endpoints of the apps above: call it in their AppConfig.ready()."""
    _added_paths.update(paths)
    _added_schemas.update(schemas or {})


def build_document() -> dict[str, Any]:
    """OpenAPI 3.1. Every schema of events.json is a component, every kind an alternative of Event."""
    document = json.loads(_written())
    components = document["components"]["schemas"]
    components["Event"]["oneOf"] = [{"$ref": f"#/components/schemas/{kind}"} for kind in KINDS]
    mapping = {kind: f"#/components/schemas/{kind}" for kind in KINDS}
    components["Event"]["discriminator"] = {"propertyName": "kind", "mapping": mapping}
    components.update(_as_components(DEFINITIONS))
    components.update(_added_schemas)
    document["paths"].update(_added_paths)
    _body_of(document["paths"]["/events"])["examples"] = _examples()
    return dict(document)


def _examples() -> dict[str, Any]:
    return {kind: {"value": DEFINITIONS[kind]["examples"][0]} for kind in KINDS}


def _body_of(path: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = path["post"]["requestBody"]["content"]["application/json"]
    return body


def _as_components(node: Any) -> Any:
    if isinstance(node, dict):
        return {name: _as_components(item) for name, item in node.items()}
    if isinstance(node, list):
        return [_as_components(item) for item in node]
    return node.replace("#/$defs/", "#/components/schemas/") if isinstance(node, str) else node


@cache
def _written() -> str:
    return (Path(__file__).parent / "schemas" / "openapi.json").read_text("utf8")
