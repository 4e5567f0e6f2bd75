"""The HTTP door for shops."""

from collections import Counter
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from shop.http import ApiError, endpoint, json_response, read_json
from shop.ingest import BATCH_SIZE, Receipt, record_events
from shop.openapi import build_document

# Ids of events are unique among everything that comes over HTTP, whichever key brings it:
# so a shop may change its key and post again what it is unsure of.
SOURCE = "api"


@endpoint("POST")
def events(request: HttpRequest) -> HttpResponse:
    """One event, a list of events, or {"events": […]}: a receipt for each."""
    elements = _elements(read_json(request))
    if len(elements) > BATCH_SIZE:
        message = f"There are {len(elements)} events, at most {BATCH_SIZE} fit in one request."
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, "Send them in several requests.")
    receipts = record_events(elements, source=SOURCE, now=timezone.now())
    counts = Counter(receipt.status for receipt in receipts)
    totals = {status: counts[status] for status in ("recorded", "known", "refused")}
    return json_response({**totals, "receipts": [asdict(r) for r in receipts]}, _status(receipts))


@endpoint("GET", "HEAD", needs_key=False)
def openapi(_: HttpRequest) -> HttpResponse:
    return json_response(build_document())


def _elements(body: Any) -> list[Any]:
    if isinstance(body, dict) and isinstance(body.get("events"), list):
        return list(body["events"])
    return body if isinstance(body, list) else [body]


def _status(receipts: list[Receipt]) -> HTTPStatus:
    """202 when all are kept, 422 when none is, 207 when the receipts differ."""
    refused = sum(receipt.status == "refused" for receipt in receipts)
    if not refused:
        return HTTPStatus.ACCEPTED
    return HTTPStatus.UNPROCESSABLE_ENTITY if refused == len(receipts) else HTTPStatus.MULTI_STATUS
