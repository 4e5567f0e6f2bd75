"""Strict readers for environment variables: a wrong value stops the start with what, where and how."""

import json
import os
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_BOOLEANS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


def read_str(name: str, default: str = "") -> str:
    """The variable, or the content of the file that NAME_FILE names (for mounted secrets)."""
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf8").strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {path}, which can't be read: {error}") from error
    return os.environ.get(name, default)


def read_bool(name: str, default: bool) -> bool:
    raw = os.environ.get(name, "")
    if not raw:
        return default
    try:
        return _BOOLEANS[raw.lower()]
    except KeyError:
        raise ImproperlyConfigured(f"{name} is {raw!r}; write True or False.") from None


def read_int(name: str, default: int) -> int:
    raw = os.environ.get(name, "")
    try:
        return int(raw) if raw else default
    except ValueError:
        raise ImproperlyConfigured(f"{name} is {raw!r}; write a whole number.") from None


def read_list(name: str, default: str = "") -> list[str]:
    """Comma-separated words, blanks dropped."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def read_json(name: str) -> dict[str, Any]:
    """A JSON object, empty where the variable is; NAME_FILE works here too, for secrets."""
    raw = read_str(name)
    try:
        value = json.loads(raw) if raw else {}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is not JSON: {error}.") from None
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f'{name} must be a JSON object, such as {{"POSTMARK_SERVER_TOKEN": "…"}}.')
    return value
