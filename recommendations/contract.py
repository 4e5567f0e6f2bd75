"""The part of the OpenAPI document that tells of recommendations."""

from typing import Any

from recommendations.questions import KINDS, MOST, USUAL

_TEXT = {"type": "string"}
_MONEY = {
    "type": ["object", "null"],
    "required": ["amount", "currency"],
    "properties": {"amount": _TEXT, "currency": _TEXT},
}


def _parameter(name: str, schema: dict[str, Any], description: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, "description": description, **more}


def _answer(description: str, schema: str) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


_PARAMETERS = [
    _parameter(
        "product",
        {"type": "array", "items": _TEXT, "maxItems": 100},
        "A product's id; repeat it for several. Needed unless cart is given or kind is repeat.",
        explode=True,
    ),
    _parameter("cart", _TEXT, "A cart's id, instead of products."),
    _parameter("customer", _TEXT, "A customer's id; leave it out for a guest."),
    _parameter(
        "kind",
        {"enum": list(KINDS), "default": "complement"},
        "complement goes with it, upgrade is a better one, service belongs to it, repeat is due again for "
        "this customer, bundle is the product with one or two others.",
    ),
    _parameter("language", _TEXT, "BCP 47, of titles and reasons; the customer's unless given."),
    _parameter("currency", _TEXT, "ISO 4217, of the prices; the customer's unless given."),
    _parameter(
        "limit", {"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}, "At most so many."
    ),
]

PATHS: dict[str, Any] = {
    "/recommendations": {
        "get": {
            "operationId": "readRecommendations",
            "summary": "What to show beside a product, in a cart, at the checkout or in a chat",
            "description": "The same engine and rules as in emails. An empty answer is an answer: show "
            "nothing. The answer may be kept for a minute; its ETag as If-None-Match tells of changes.",
            "parameters": _PARAMETERS,
            "responses": {
                "200": _answer("What to show, the best first, each with its reason.", "Recommendations"),
                "304": {"description": "Nothing has changed since the ETag that was sent."},
                "400": _answer("A parameter is wrong; the message names it.", "Error"),
                "401": _answer("The key is missing, unknown or revoked.", "Error"),
                "404": _answer("No such customer, product or cart.", "Error"),
                "405": _answer("Only GET is answered.", "Error"),
            },
        }
    }
}

_OFFER = {
    "product": {**_TEXT, "description": "Your product's id."},
    "title": _TEXT,
    "price": {**_TEXT, "description": "In `currency`."},
    "currency": _TEXT,
    "image": _TEXT,
    "url": _TEXT,
    "kind": {"enum": ["complement", "upgrade", "service", "repeat"]},
    "rank": {"type": "integer", "description": "From 0."},
    "score": {"type": "number"},
    "scorer": _TEXT,
    "model": {"type": ["integer", "null"], "description": "The build of the tables it comes from."},
    "reason": {"$ref": "#/components/schemas/RecommendationReason"},
}

SCHEMAS: dict[str, Any] = {
    "Recommendations": {
        "type": "object",
        "required": ["kind", "recommendations", "bundle", "empty_because"],
        "properties": {
            "kind": {"enum": list(KINDS)},
            "recommendations": {
                "type": "array",
                "items": {"type": "object", "required": list(_OFFER), "properties": _OFFER},
            },
            "bundle": {
                "type": ["object", "null"],
                "required": ["products", "price", "separately", "saving", "currency"],
                "properties": {
                    "title": _TEXT,
                    "products": {"type": "array", "items": {"type": "object"}},
                    "price": _TEXT,
                    "separately": _TEXT,
                    "saving": {**_TEXT, "description": "Empty where there is none."},
                    "currency": _TEXT,
                    "url": _TEXT,
                },
            },
            "empty_because": {
                "enum": ["", "no_suggestions", "held_out", "nothing_fits"],
                "description": "Why nothing is shown: the customer wants none, is held out of a test, or "
                "nothing passes the rules.",
            },
        },
    },
    "RecommendationReason": {
        "type": "object",
        "required": ["code", "because_of", "support", "price_difference", "adds", "text"],
        "properties": {
            "code": _TEXT,
            "because_of": _TEXT,
            "support": {"type": "integer"},
            "price_difference": _MONEY,
            "adds": {"type": "array", "items": _TEXT},
            "text": {**_TEXT, "description": "The whole reason as a sentence."},
        },
    },
}
