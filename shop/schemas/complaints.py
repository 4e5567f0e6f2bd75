"""Says in a shop developer's words what a JSON schema found: where, what, how to mend."""

from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from jsonschema import ValidationError

from shop.plain import join
from shop.receipts import FieldError
from shop.values import BadValue, show

# A ValidationError; its attributes are typed as perhaps unset, which they never are once it is raised.
Found = Any

_WORDS = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
}


def explain(error: ValidationError) -> Iterator[FieldError]:
    """The field errors behind one schema error: a missing or unknown field is named by its own path."""
    path = path_of(error.absolute_path)
    if "propertyNames" in error.absolute_schema_path:
        path = join(path, error.instance)
    many = _MANY.get(str(error.validator))
    if many is not None:
        yield from many(error, path)
    else:
        message, hint = _ONE.get(str(error.validator), _other)(error)
        yield FieldError(path, message, hint)


def path_of(parts: Iterable[str | int]) -> str:
    path = "$"
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else join(path, part)
    return path


def closest(word: object, known: Iterable[str]) -> str:
    matches = get_close_matches(str(word), list(known), 1)
    return f"Did you mean {matches[0]}?" if matches else ""


def _missing(error: Found, path: str) -> Iterator[FieldError]:
    for name in error.validator_value:
        if name not in error.instance:
            yield FieldError(join(path, name), "The value is missing.", f"Add {name}: it is required here.")


def _missing_beside(error: Found, path: str) -> Iterator[FieldError]:
    for present, names in error.validator_value.items():
        for name in names if present in error.instance else ():
            if name not in error.instance:
                yield FieldError(
                    join(path, name), "The value is missing.", f"Add {name}: it is required beside {present}."
                )


def _unknown(error: Found, path: str) -> Iterator[FieldError]:
    known = list(error.schema["properties"])
    for name in error.instance:
        if name not in known:
            hint = (
                closest(name, known) or f"Known here: {', '.join(known)}. Your own data fits in attributes."
            )
            yield FieldError(join(path, show(name)[1:-1]), "This field is unknown.", hint)


def _type(error: Found) -> tuple[str, str]:
    expected = error.validator_value
    names = [expected] if isinstance(expected, str) else expected
    wanted = " or ".join(_WORDS[name] for name in names)
    if error.instance is None:
        return "null is not a value.", f"Leave the field out, or send {wanted}."
    return f"{show(error.instance)} has the wrong type.", f"Send {wanted}."


def _format(error: Found) -> tuple[str, str]:
    cause = error.cause
    return (cause.message, cause.hint) if isinstance(cause, BadValue) else _other(error)


def _choice(error: Found) -> tuple[str, str]:
    choices = error.validator_value if error.validator == "enum" else [error.validator_value]
    return f"{show(error.instance)} is not allowed.", f"One of: {', '.join(map(str, choices))}."


def _too_short(error: Found) -> tuple[str, str]:
    if error.instance:
        return f"{show(error.instance)} is too short.", f"At least {error.validator_value} characters."
    return "The text is empty.", "Write something, or leave the field out where it is optional."


def _too_long(error: Found) -> tuple[str, str]:
    return f"The text has {len(error.instance)} characters.", f"At most {error.validator_value}."


def _too_few(error: Found) -> tuple[str, str]:
    return "The list is empty.", f"At least {error.validator_value}."


def _too_many(error: Found) -> tuple[str, str]:
    return f"There are {len(error.instance)} entries.", f"At most {error.validator_value}."


def _too_small(error: Found) -> tuple[str, str]:
    return f"{show(error.instance)} is too small.", f"At least {error.validator_value}."


def _too_large(error: Found) -> tuple[str, str]:
    return f"{show(error.instance)} is too large.", f"At most {error.validator_value}."


def _pattern(error: Found) -> tuple[str, str]:
    return (
        f"{show(repr(error.instance))} has spaces at an end, or a line break.",
        "Send it on one line, trimmed.",
    )


def _other(error: Found) -> tuple[str, str]:
    return f"{show(error.instance)} does not fit.", "See the schema in openapi.json."


_MANY: dict[str, Callable[[Found, str], Iterator[FieldError]]] = {
    "required": _missing,
    "dependentRequired": _missing_beside,
    "additionalProperties": _unknown,
}
_ONE: dict[str, Callable[[Found], tuple[str, str]]] = {
    "type": _type,
    "format": _format,
    "enum": _choice,
    "const": _choice,
    "minLength": _too_short,
    "maxLength": _too_long,
    "minItems": _too_few,
    "maxItems": _too_many,
    "maxProperties": _too_many,
    "minimum": _too_small,
    "maximum": _too_large,
    "pattern": _pattern,
}
