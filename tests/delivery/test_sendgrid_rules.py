"""Rules that SendGrid's description does not know, each with a request that breaks it alone."""

import copy
from typing import Any

import pytest

from delivery.sendgrid_body import build_body
from delivery.sendgrid_message_rules import CATEGORIES_MAX, CATEGORY_CHARS_MAX, GROUPS_MAX, MESSAGE_BYTES_MAX
from delivery.sendgrid_rules import (
    ADDRESS_CHARS_MAX,
    CUSTOM_ARGS_BYTES_MAX,
    PERSONALIZATIONS_MAX,
    RECIPIENTS_MAX,
    RESERVED_HEADERS,
    SEND_AT_AHEAD_MAX,
    SUBSTITUTIONS_BYTES_MAX,
    SUBSTITUTIONS_MAX,
    find_violations,
)
from tests.delivery.envelopes import NOW, make_envelope
from tests.servers.sendgrid_contract import find_contract_errors, read_data
from tests.servers.sendgrid_server import encode_json

Body = dict[str, Any]
HOUR = 3600
TEXT, HTML = {"type": "text/plain", "value": "a"}, {"type": "text/html", "value": "<p>a</p>"}


def right_body() -> Body:
    return build_body(make_envelope())


def with_person(**changes: Any) -> Body:
    body = right_body()
    body["personalizations"][0].update(changes)
    return body


def mailboxes(count: int) -> list[dict[str, str]]:
    return [{"email": f"c{n}@customer.example"} for n in range(count)]


def with_file(**changes: Any) -> Body:
    file = {"content": "YQ==", "filename": "a.pdf", "type": "application/pdf", **changes}
    return right_body() | {"attachments": [file]}


# Requests that the description lets pass while the live API refuses or mishandles them.
BEYOND_THE_DESCRIPTION: dict[str, tuple[str, Body]] = {
    "no personalization": ("personalizations", right_body() | {"personalizations": []}),
    "no recipient": ("personalizations[0].to", with_person(to=[])),
    "1001 recipients": ("personalizations", with_person(to=mailboxes(RECIPIENTS_MAX + 1))),
    "an address in to and cc": (
        "personalizations[0].cc[0].email",
        with_person(to=[{"email": "a@b.example"}], cc=[{"email": "A@B.example"}]),
    ),
    "a comma in a name": (
        "personalizations[0].to[0].name",
        with_person(to=[{"email": "a@b.example", "name": "Doe, Jane"}]),
    ),
    "no subject": ("subject", {k: v for k, v in right_body().items() if k != "subject"}),
    "no content": ("content", {k: v for k, v in right_body().items() if k != "content"}),
    "html before plain": ("content", right_body() | {"content": [HTML, TEXT]}),
    "another kind before html": (
        "content",
        right_body() | {"content": [TEXT, {"type": "text/calendar", "value": "x"}, HTML]},
    ),
    "a line break in the subject": ("subject", right_body() | {"subject": "a\r\nBcc: b@c.example"}),
    "a line break in a header": ("headers.X-A", right_body() | {"headers": {"X-A": "1\r\nBcc: x"}}),
    "a number as a header": ("headers.X-A", right_body() | {"headers": {"X-A": 1}}),
    "a header twice": ("headers.x-a", right_body() | {"headers": {"X-A": "1", "x-a": "1"}}),
    "a header name with a blank": ("headers", right_body() | {"headers": {"X A": "1"}}),
    "a number as custom argument": (
        "personalizations[0].custom_args.n",
        with_person(custom_args={"n": 1}),
    ),
    "an empty custom_args": ("personalizations[0].custom_args", with_person(custom_args={})),
    "custom arguments of 11 kB": (
        "personalizations[0].custom_args",
        with_person(custom_args={"n": "x" * (CUSTOM_ARGS_BYTES_MAX + 1)}),
    ),
    "custom arguments of 11 kB after the merge": (
        "personalizations[0].custom_args",
        with_person(custom_args={"a": "x" * 6000}) | {"custom_args": {"b": "x" * 6000}},
    ),
    "a custom argument that events use": (
        "personalizations[0].custom_args.email",
        with_person(custom_args={"email": "x"}),
    ),
    "send_at in 100 hours": ("send_at", right_body() | {"send_at": int(NOW.timestamp()) + 100 * HOUR}),
    "a person's send_at in 100 hours": (
        "personalizations[0].send_at",
        with_person(send_at=int(NOW.timestamp()) + 100 * HOUR),
    ),
    "a category beyond ASCII": ("categories[0]", right_body() | {"categories": ["زمستان"]}),
    "a category with an address": ("categories[0]", right_body() | {"categories": ["a@b.example"]}),
    "a file that is not base64": ("attachments[0].content", with_file(content="ü")),
    "a file without a name": ("attachments[0].filename", with_file(filename="")),
    "a file name with a semicolon": ("attachments[0].filename", with_file(filename="a;b.pdf")),
    "reply_to and reply_to_list": (
        "reply_to_list",
        right_body() | {"reply_to": {"email": "a@b.example"}, "reply_to_list": mailboxes(1)},
    ),
    "two bypasses": (
        "mail_settings.bypass_list_management",
        right_body()
        | {
            "mail_settings": {
                "bypass_list_management": {"enable": True},
                "bypass_spam_management": {"enable": True},
            }
        },
    ),
    "the sandbox": (
        "mail_settings.sandbox_mode",
        right_body() | {"mail_settings": {"sandbox_mode": {"enable": True}}},
    ),
    "an unknown field": ("bcc_everyone", right_body() | {"bcc_everyone": True}),
    "a key in the text": (
        "content[0].value",
        right_body() | {"content": [{"type": "text/plain", "value": "key SG." + "a" * 22 + "." + "b" * 43}]},
    ),
    "a dynamic template with substitutions": (
        "personalizations[0].substitutions",
        with_person(substitutions={"-a-": "b"}) | {"template_id": "d-1"},
    ),
    "substitutions of 11 kB": (
        "personalizations[0].substitutions",
        with_person(substitutions={"-a-": "x" * (SUBSTITUTIONS_BYTES_MAX + 1)}),
    ),
    "an email of 31 MB": (
        "content",
        right_body() | {"content": [{"type": "text/plain", "value": "x" * (MESSAGE_BYTES_MAX + 1)}]},
    ),
    "a line break in the sender's name": (
        "from.name",
        right_body() | {"from": {"email": "a@b.example", "name": "x\r\ny"}},
    ),
}

# Requests that the description refuses, too; our own words come first and say how to mend them.
ALSO_IN_THE_DESCRIPTION: dict[str, tuple[str, Body]] = {
    "no sender": ("from", {k: v for k, v in right_body().items() if k != "from"}),
    "an address beyond ASCII": ("from.email", right_body() | {"from": {"email": "سارا@b.example"}}),
    "a long address": (
        "personalizations[0].to[0].email",
        with_person(to=[{"email": "a" * ADDRESS_CHARS_MAX + "@b.example"}]),
    ),
    "1001 personalizations": (
        "personalizations",
        right_body() | {"personalizations": [{"to": mailboxes(1)}] * (PERSONALIZATIONS_MAX + 1)},
    ),
    "custom_args that are text": ("custom_args", right_body() | {"custom_args": "text"}),
    "11 categories": (
        "categories",
        right_body() | {"categories": [f"c{n}" for n in range(CATEGORIES_MAX + 1)]},
    ),
    "a long category": ("categories[0]", right_body() | {"categories": ["x" * (CATEGORY_CHARS_MAX + 1)]}),
    "a category twice": ("categories", right_body() | {"categories": ["a", "a"]}),
    "send_at as text": ("send_at", right_body() | {"send_at": "tomorrow"}),
    "a group that is text": ("asm.group_id", right_body() | {"asm": {"group_id": "7"}}),
    "26 groups": (
        "asm.groups_to_display",
        right_body() | {"asm": {"group_id": 1, "groups_to_display": list(range(GROUPS_MAX + 1))}},
    ),
    "a pool of one letter": ("ip_pool_name", right_body() | {"ip_pool_name": "x"}),
    "tracking set to text": (
        "tracking_settings.open_tracking.enable",
        right_body() | {"tracking_settings": {"open_tracking": {"enable": "yes"}}},
    ),
    "an odd disposition": ("attachments[0].disposition", with_file(disposition="floating")),
    "an empty block": ("content[0].value", right_body() | {"content": [{"type": "text/plain", "value": ""}]}),
}
ALL = BEYOND_THE_DESCRIPTION | ALSO_IN_THE_DESCRIPTION


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_broken_rule_is_reported_at_its_field_with_a_sentence(name: str) -> None:
    field, body = ALL[name]
    problems = {problem.field: problem.message for problem in find_violations(body, now=NOW)}
    assert list(problems) == [field]
    assert problems[field].endswith(".")


@pytest.mark.parametrize("name", sorted(ALSO_IN_THE_DESCRIPTION))
def test_sendgrids_description_agrees_where_it_can(name: str) -> None:
    assert find_contract_errors(encode_json(ALSO_IN_THE_DESCRIPTION[name][1])) != []


@pytest.mark.parametrize("name", sorted(BEYOND_THE_DESCRIPTION))
def test_without_our_own_rules_the_description_would_let_it_pass(name: str) -> None:
    assert find_contract_errors(encode_json(BEYOND_THE_DESCRIPTION[name][1])) == []


@pytest.mark.parametrize("header", sorted(RESERVED_HEADERS))
def test_headers_that_sendgrid_sets_are_refused(header: str) -> None:
    problems = find_violations(right_body() | {"headers": {header.title(): "x"}}, now=NOW)
    assert [problem.field for problem in problems] == [f"headers.{header.title()}"]


def test_a_right_request_breaks_no_rule_and_stays_as_it_was() -> None:
    body = right_body()
    before = copy.deepcopy(body)
    assert find_violations(body, now=NOW) == []
    assert body == before


def test_the_limits_are_those_of_the_distilled_rules() -> None:
    limits = read_data("sendgrid_mail_send_rules.json")["limits"]
    assert limits["personalizations_max"] == PERSONALIZATIONS_MAX
    assert limits["recipients_total_max(to+cc+bcc,all personalizations)"] == RECIPIENTS_MAX
    assert limits["message_total_bytes_max"] == MESSAGE_BYTES_MAX
    assert limits["custom_args_bytes_max_per_personalization_after_merge"] == CUSTOM_ARGS_BYTES_MAX
    assert limits["substitutions_bytes_max_per_personalization"] == SUBSTITUTIONS_BYTES_MAX
    assert limits["substitutions_count_max_per_request"] == SUBSTITUTIONS_MAX
    assert limits["categories_max"] == CATEGORIES_MAX
    assert limits["category_chars_max"] == CATEGORY_CHARS_MAX
    assert limits["asm_groups_to_display_max"] == GROUPS_MAX
    assert limits["email_chars_max"] == ADDRESS_CHARS_MAX
    assert limits["send_at_max_hours_ahead"] * HOUR == SEND_AT_AHEAD_MAX.total_seconds()


def test_the_reserved_headers_are_those_of_the_distilled_rules() -> None:
    rules = read_data("sendgrid_mail_send_rules.json")["rules"]
    (sentence,) = [text for field, text in rules if field == "headers"]
    assert set(sentence.rpartition("not ")[2].split(",")) == RESERVED_HEADERS
