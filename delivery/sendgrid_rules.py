"""The rules of SendGrid's live API that its OpenAPI description does not express.

A request that breaks one of them is answered with 400 for everybody in it, or worse, accepted and
mishandled; repeated bad requests block the sender. So they are checked here, before the network.
Pure: a request body in, problems out.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from delivery.base import Problem
from delivery.sendgrid_message_rules import MESSAGE_RULES
from delivery.validation import explain_unsafe_header

Body = Mapping[str, Any]

PERSONALIZATIONS_MAX = 1000
RECIPIENTS_MAX = 1000
ADDRESS_CHARS_MAX = 320
CUSTOM_ARGS_BYTES_MAX = 10_000
SUBSTITUTIONS_BYTES_MAX = 10_000
SUBSTITUTIONS_MAX = 10_000
SEND_AT_AHEAD_MAX = timedelta(hours=72)
RESERVED_ARGS = frozenset({"email", "event", "timestamp", "category", "sg_event_id", "sg_message_id"})
RESERVED_HEADERS = frozenset(
    [
        "x-sg-id",
        "x-sg-eid",
        "received",
        "dkim-signature",
        "content-type",
        "content-transfer-encoding",
        "to",
        "from",
        "subject",
        "reply-to",
        "cc",
        "bcc",
    ]
)
_HEADER_KEY = re.compile(r"[!-9;-~]+")


def find_violations(body: Body, *, now: datetime | None = None) -> list[Problem]:
    """Every rule that the body of ``POST /v3/mail/send`` breaks; empty when SendGrid can take it.

    Without `now` a `send_at` is checked for its type, not for lying too far ahead.
    """
    problems = [problem for rule in (*_RULES, *MESSAGE_RULES) for problem in rule(body)]
    return problems + list(_check_send_at(body, now))


def _people(body: Body) -> list[Body]:
    return [person for person in body.get("personalizations") or [] if isinstance(person, Mapping)]


def _scopes(body: Body) -> Iterator[tuple[str, Body]]:
    """The body itself and each personalization, with the prefix of its fields."""
    yield "", body
    for index, person in enumerate(_people(body)):
        yield f"personalizations[{index}].", person


def _check_personalizations(body: Body) -> Iterator[Problem]:
    people = _people(body)
    if not people:
        yield Problem("personalizations", "There is no recipient. Add one personalization.")
    if len(people) > PERSONALIZATIONS_MAX:
        yield Problem("personalizations", f"At most {PERSONALIZATIONS_MAX} in a request. Send several.")
    total = sum(len(person.get(role) or []) for person in people for role in ("to", "cc", "bcc"))
    if total > RECIPIENTS_MAX:
        yield Problem("personalizations", f"{total} recipients; at most {RECIPIENTS_MAX} in a request.")


def _check_recipients(body: Body) -> Iterator[Problem]:
    for index, person in enumerate(_people(body)):
        prefix = f"personalizations[{index}]"
        if not person.get("to"):
            yield Problem(f"{prefix}.to", "Every personalization needs at least one recipient.")
        seen: set[str] = set()
        for role in ("to", "cc", "bcc"):
            for position, mailbox in enumerate(person.get(role) or []):
                field = f"{prefix}.{role}[{position}]"
                yield from _check_mailbox(mailbox, field=field)
                if re.search("[;,]", str(mailbox.get("name") or "")):
                    yield Problem(f"{field}.name", "SendGrid takes no ; or , in a recipient's name.")
                address = str(mailbox.get("email", "")).casefold()
                if address in seen:
                    message = "The address is there twice among to, cc and bcc. Keep one."
                    yield Problem(f"{field}.email", message)
                seen.add(address)


def _check_senders(body: Body) -> Iterator[Problem]:
    if not body.get("from"):
        yield Problem("from", "There is no sender. Set the from address.")
    for field in ("from", "reply_to"):
        if body.get(field):
            yield from _check_mailbox(body[field], field=field)
    if body.get("reply_to") and body.get("reply_to_list"):
        yield Problem("reply_to_list", "Use reply_to or reply_to_list, not both.")
    if len(body.get("reply_to_list") or []) > 1000:
        yield Problem("reply_to_list", "At most 1000 addresses.")


def _check_mailbox(mailbox: Body, *, field: str) -> Iterator[Problem]:
    address, name = str(mailbox.get("email", "")), str(mailbox.get("name") or "")
    if not address:
        yield Problem(f"{field}.email", "The address is missing.")
    if len(address) > ADDRESS_CHARS_MAX:
        yield Problem(f"{field}.email", f"At most {ADDRESS_CHARS_MAX} characters.")
    if not address.isascii():
        yield Problem(f"{field}.email", "SendGrid takes ASCII addresses only. Write the domain as A-labels.")
    for part, value in (("email", address), ("name", name)):
        if why := explain_unsafe_header(value):
            yield Problem(f"{field}.{part}", f"The value {why}")


def _check_subject(body: Body) -> Iterator[Problem]:
    people = _people(body)
    covered = bool(people) and all(person.get("subject") for person in people)
    if not (body.get("subject") or body.get("template_id") or covered):
        yield Problem("subject", "Every email needs a subject of at least one character.")
    for prefix, scope in _scopes(body):
        if why := explain_unsafe_header(str(scope.get("subject") or "")):
            yield Problem(f"{prefix}subject", f"The subject {why}")


def _check_headers(body: Body) -> Iterator[Problem]:
    for prefix, scope in _scopes(body):
        seen: set[str] = set()
        for key, value in (scope.get("headers") or {}).items():
            field = f"{prefix}headers.{key}" if _HEADER_KEY.fullmatch(key) else f"{prefix}headers"
            if field.endswith("headers"):
                yield Problem(field, "A header name is ASCII, without spaces and colons.")
            if key.lower() in RESERVED_HEADERS:
                yield Problem(field, "SendGrid sets this header itself. Leave it out.")
            if key.lower() in seen:
                yield Problem(field, "The header is there twice, in different case. Keep one.")
            seen.add(key.lower())
            if not isinstance(value, str):
                yield Problem(field, "The value must be a string.")
            elif why := explain_unsafe_header(value):
                yield Problem(field, f"The value {why}")


def _check_custom_args(body: Body) -> Iterator[Problem]:
    common = body.get("custom_args") or {}
    for prefix, scope in _scopes(body):
        field = f"{prefix}custom_args"
        args = scope.get("custom_args", {})
        if not isinstance(args, Mapping):
            yield Problem(field, "Must be an object with string values.")
            continue
        if "custom_args" in scope and not args:
            yield Problem(field, "An empty object is refused. Leave it out.")
        for key, value in args.items():
            if not isinstance(value, str):
                yield Problem(f"{field}.{key}", "The value must be a string. Convert it.")
            if key in RESERVED_ARGS:
                yield Problem(f"{field}.{key}", "SendGrid's events use this name. Choose another.")
        merged = {**(common if isinstance(common, Mapping) else {}), **args}
        if _bytes_of(merged) > CUSTOM_ARGS_BYTES_MAX:
            yield Problem(field, f"More than {CUSTOM_ARGS_BYTES_MAX:,} bytes. Send an id only.")


def _bytes_of(pairs: Mapping[str, object]) -> int:
    return sum(len(f"{key}{value}".encode(errors="replace")) for key, value in pairs.items())


def _check_substitutions(body: Body) -> Iterator[Problem]:
    total = 0
    for index, person in enumerate(_people(body)):
        field = f"personalizations[{index}].substitutions"
        pairs = person.get("substitutions") or {}
        total += len(pairs)
        if _bytes_of(pairs) > SUBSTITUTIONS_BYTES_MAX:
            yield Problem(field, f"More than {SUBSTITUTIONS_BYTES_MAX:,} bytes. Render before sending.")
        if pairs and str(body.get("template_id") or "").startswith("d-"):
            yield Problem(field, "Not with a dynamic template. Use dynamic_template_data.")
    if total > SUBSTITUTIONS_MAX:
        yield Problem("personalizations", f"{total} substitutions; at most {SUBSTITUTIONS_MAX:,} a request.")


def _check_send_at(body: Body, now: datetime | None) -> Iterator[Problem]:
    latest = (now + SEND_AT_AHEAD_MAX).timestamp() if now else float("inf")
    for prefix, scope in _scopes(body):
        value = scope.get("send_at")
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem(f"{prefix}send_at", "Must be an integer of Unix seconds.")
        elif value > latest:
            yield Problem(f"{prefix}send_at", "More than 72 hours ahead. Keep the message and send later.")


_RULES: tuple[Callable[[Body], Iterator[Problem]], ...] = (
    _check_personalizations,
    _check_recipients,
    _check_senders,
    _check_subject,
    _check_headers,
    _check_custom_args,
    _check_substitutions,
)
