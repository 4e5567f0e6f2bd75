"""SendGrid's own OpenAPI description as a judge of request bodies."""

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from email_validator import EmailNotValidError, validate_email
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

DATA = Path(__file__).resolve().parent.parent / "data" / "sendgrid"


def find_contract_errors(body: bytes) -> list[str]:
    """What SendGrid's description says against the body of ``POST /v3/mail/send``; empty if nothing."""
    request = MockRequest(
        "https://api.sendgrid.com",
        "post",
        "/v3/mail/send",
        headers={"Authorization": "Bearer x"},
        data=body,
        content_type="application/json",
    )
    try:
        _load_description().validate_request(request)
    except OpenAPIError as error:
        return _explain(error)
    return []


def read_data(name: str) -> Any:
    """A JSON file of SendGrid's."""
    return json.loads((DATA / name).read_text("utf-8"))


@functools.cache
def _load_description() -> Any:
    description: dict[str, Any] = yaml.safe_load((DATA / "tsg_mail_v3.yaml").read_text("utf-8"))
    content = description["components"]["requestBodies"]["PostMailSend"]["content"]
    # The description types it as a string; the live API takes an object only.
    content["application/json"]["schema"]["properties"]["custom_args"] = {
        "type": "object",
        "additionalProperties": {"type": "string"},
    }
    # Its own check of an address accepts "a@".
    return OpenAPI.from_dict(description, config=Config(extra_format_validators={"email": _is_address}))


def _is_address(value: object) -> bool:
    if not isinstance(value, str):
        return True  # the type is another rule's business
    try:
        validate_email(value, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError:
        return False
    return True


def _explain(error: OpenAPIError) -> list[str]:
    details = getattr(error.__cause__, "schema_errors", None) or [error.__cause__ or error]
    return [_describe(detail) for detail in details]


def _describe(detail: Any) -> str:
    path: Mapping[str, object] | Any = getattr(detail, "absolute_path", ())
    return f"{'.'.join(str(part) for part in path)}: {getattr(detail, 'message', detail)}"
