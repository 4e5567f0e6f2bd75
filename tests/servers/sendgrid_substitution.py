"""How SendGrid makes one email for each recipient of a request."""

from collections.abc import Iterator, Mapping
from typing import Any

Body = dict[str, Any]


def expand(body: Body) -> Iterator[Body]:
    """The body that each recipient would have had alone, tags replaced by substitutions.

    Raises ValueError where the order of replacing makes a difference: SendGrid promises none.
    """
    for person in body["personalizations"]:
        values = person.get("substitutions", {})
        alone = {key: value for key, value in person.items() if key not in ("substitutions", "headers")}
        yield {
            **body,
            "personalizations": [alone],
            "headers": {**body.get("headers", {}), **person.get("headers", {})},
            "subject": _replace(body["subject"], values),
            "content": [{**part, "value": _replace(part["value"], values)} for part in body["content"]],
        }


def find_repeated(body: Body) -> str:
    """The field of an address that is there twice, which SendGrid refuses; empty if there is none."""
    seen = set()
    for place, person in enumerate(body["personalizations"]):
        address = person["to"][0]["email"].casefold()
        if address in seen:
            return f"personalizations.{place}.to"
        seen.add(address)
    return ""


def _replace(text: str, values: Mapping[str, str]) -> str:
    forth, back = text, text
    for tag, value in values.items():
        forth = forth.replace(tag, value)
    for tag, value in reversed(list(values.items())):
        back = back.replace(tag, value)
    if forth != back:
        raise ValueError("The order of the substitutions matters.")
    return forth
