"""The HTTP door: keys, statuses, bodies, and a document that tells the truth."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from shop import openapi
from shop.api_keys import check_api_key, create_api_key
from shop.models import ApiKey, Event
from shop.schemas import DEFINITIONS, KINDS
from tests.factories import NOW, make_product
from tests.shop.elements import placed

pytestmark = pytest.mark.django_db
GUIDE = Path(__file__).parents[2] / "docs" / "connect-a-shop.md"


@pytest.fixture
def shop() -> Client:
    _, plain = create_api_key("web shop", now=NOW)
    return Client(headers={"Authorization": f"Bearer {plain}"}, enforce_csrf_checks=True)


def post(client: Client, body: Any, content_type: str = "application/json") -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post("/api/v1/events", data, content_type=content_type)


@pytest.mark.parametrize("wrap", [lambda e: e, lambda e: [e], lambda e: {"events": [e]}])
def test_one_event_a_list_and_an_object_are_all_accepted(shop: Client, wrap: Any) -> None:
    make_product(external_id="teapot")
    answer = post(shop, wrap(placed()))
    assert answer.status_code == 202
    assert answer.json() == {
        "recorded": 1,
        "known": 0,
        "refused": 0,
        "receipts": [{"index": 0, "status": "recorded", "id": "e1", "errors": []}],
    }


def test_posting_again_after_a_lost_answer_is_accepted_and_changes_nothing(shop: Client) -> None:
    make_product(external_id="teapot")
    post(shop, placed())
    answer = post(shop, placed())
    assert (answer.status_code, answer.json()["known"], Event.objects.count()) == (202, 1, 1)


def test_a_new_key_of_the_same_shop_does_not_double_its_events(shop: Client) -> None:
    make_product(external_id="teapot")
    _, second = create_api_key("new key", now=NOW)
    post(shop, placed())
    answer = post(Client(headers={"Authorization": f"Bearer {second}"}), placed())
    assert answer.json()["known"] == 1


def test_the_good_events_are_kept_beside_the_bad(shop: Client) -> None:
    make_product(external_id="teapot")
    answer = post(shop, [placed("a"), {"id": "b"}, placed("c")])
    assert answer.status_code == 207
    assert [receipt["status"] for receipt in answer.json()["receipts"]] == ["recorded", "refused", "recorded"]
    assert set(Event.objects.values_list("external_id", flat=True)) == {"a", "c"}


def test_a_request_of_which_nothing_is_kept_gets_422(shop: Client) -> None:
    answer = post(shop, placed())
    [error] = answer.json()["receipts"][0]["errors"]
    assert (answer.status_code, error["path"]) == (422, "order.lines[0].product")
    assert "product.updated first" in error["hint"]


@pytest.mark.parametrize(
    ("body", "content_type", "status", "telling"),
    [
        ('{\n  "id": 1,\n  oops}', "application/json", 400, "line 3, column 3"),
        (" ", "application/json", 400, "line 1, column 2"),
        (b'{"id": "\xff"}', "application/json", 400, "not UTF-8 at byte 8"),
        ("[" * 100_000, "application/json", 400, "nested too deeply"),
        ("1" * 5000, "application/json", 400, "number that is too long"),
        ("{}", "text/plain", 415, "not declared as JSON"),
        ("id=1", "application/x-www-form-urlencoded", 415, "not declared as JSON"),
        (json.dumps([{}] * 1001), "application/json", 413, "1001 events"),
        (" " * (5 * 1024 * 1024 + 1), "application/json", 413, "larger than 5 MB"),
    ],
)
def test_a_body_that_cannot_be_read_says_why(
    shop: Client, body: str | bytes, content_type: str, status: int, telling: str
) -> None:
    answer = post(shop, body, content_type)
    assert answer.status_code == status
    assert telling in answer.json()["error"]["message"]
    assert answer.json()["error"]["hint"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer pw_wrong", "Basic pw_wrong", "Bearer \udcff"])
def test_without_a_good_key_nothing_is_read(header: str) -> None:
    answer = post(Client(headers={"Authorization": header}), "not json")
    assert (answer.status_code, answer["WWW-Authenticate"]) == (401, "Bearer")


def test_a_revoked_key_is_refused(shop: Client) -> None:
    ApiKey.objects.update(revoked_at=NOW)
    assert post(shop, []).status_code == 401


def test_other_methods_are_told_what_to_use(shop: Client) -> None:
    answer = shop.get("/api/v1/events")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_the_database_never_holds_a_key() -> None:
    key, plain = create_api_key("till", now=NOW)
    assert plain.startswith("pw_")
    assert plain not in str(ApiKey.objects.values())
    assert check_api_key(plain) == key
    assert check_api_key(plain[:-1]) is None


def test_the_command_prints_a_key_that_works(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_api_key", "till")
    key = check_api_key(capsys.readouterr().out.strip())
    assert key is not None
    assert key.name == "till"


def test_the_command_refuses_a_key_without_a_name() -> None:
    with pytest.raises(CommandError, match="write 1 to 80"):
        call_command("create_api_key", "  ")


def test_the_openapi_document_is_valid_and_open_to_all() -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    validate(answer.json())


def test_every_example_of_the_document_is_accepted(shop: Client) -> None:
    document = shop.get("/api/v1/openapi.json").json()
    examples = document["paths"]["/events"]["post"]["requestBody"]["content"]["application/json"]["examples"]
    first = ["product.updated", "cart.updated", "order.placed"]
    kinds = [*first, *(kind for kind in examples if kind not in first)]
    answer = post(shop, [examples[kind]["value"] for kind in kinds])
    assert (answer.status_code, answer.json()["recorded"]) == (202, len(KINDS)), answer.json()["receipts"]


def test_answers_are_as_the_document_says(shop: Client) -> None:
    document = shop.get("/api/v1/openapi.json").json()
    answer = post(shop, [placed(), {"id": "b"}]).json()
    schema = {"$ref": "#/components/schemas/Receipts", "components": document["components"]}
    Draft202012Validator(schema).validate(answer)


def test_an_app_above_can_add_its_endpoints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openapi, "_added_paths", {})
    openapi.add_to_document(paths={"/more": {"get": {"responses": {"200": {"description": "More"}}}}})
    document = openapi.build_document()
    validate(document)
    assert {"/events", "/more"} <= document["paths"].keys()


def test_every_json_example_of_the_guide_is_accepted(shop: Client) -> None:
    blocks = re.findall(r"```json\n(.*?)```", GUIDE.read_text("utf8"), re.DOTALL)
    events = [json.loads(block) for block in blocks]
    answer = post(shop, events).json()
    assert [(r["id"], r["errors"]) for r in answer["receipts"] if r["errors"]] == []
    assert {event["kind"] for event in events} == set(KINDS)


def test_every_kind_has_an_example() -> None:
    assert all(DEFINITIONS[kind]["examples"] for kind in KINDS)
