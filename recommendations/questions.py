"""What a shop's own pages may ask over HTTP: the parameters, checked one by one."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from django.conf import settings
from django.http import QueryDict

from recommendations.models import Kind
from recommendations.offers import Request
from shop.http import ApiError
from shop.models import Cart, CartLine, Customer, Product
from shop.values import BadValue, read_currency, read_language

PLACE = "api"
KINDS = (*Kind.values, "bundle")
MOST, USUAL = 12, 3
MOST_PRODUCTS = 100
PARAMETERS = frozenset({"customer", "product", "cart", "kind", "language", "currency", "limit"})


@dataclass(frozen=True)
class Question:
    """A request of the engine with whom it is about. `kind` is a slot or bundle."""

    request: Request
    customer: Customer | None
    kind: str
    language: str


def read_question(parameters: QueryDict) -> Question:
    """Five queries at most. Raises ApiError that names the parameter, what is wrong and how to mend it."""
    unknown = sorted(set(parameters) - PARAMETERS)
    if unknown:
        raise _refuse(f"There is no parameter {unknown[0]!r}.", f"Use {', '.join(sorted(PARAMETERS))}.")
    _refuse_nul(parameters)
    kind = parameters.get("kind", Kind.COMPLEMENT.value)
    if kind not in KINDS:
        raise _refuse(f"kind {kind!r} does not exist.", f"Use one of {', '.join(KINDS)}.")
    limit = _read_limit(parameters.get("limit", str(USUAL)))
    customer = _find_customer(parameters.get("customer", ""))
    anchors = _find_anchors(parameters, kind)
    if kind == Kind.REPEAT and customer is None:
        raise _refuse("kind repeat needs a customer.", "Add customer=… with the id of your shop.")
    currency = _read(read_currency, parameters, "currency") or (customer.currency if customer else "")
    language = _read(read_language, parameters, "language") or (customer.language if customer else "")
    room = {str(slot): limit if slot == kind else 0 for slot in Kind.values}
    request = Request(
        customer_id=customer.pk if customer else None,
        anchors=anchors,
        exclude=frozenset(anchors),
        complements=room[Kind.COMPLEMENT],
        upgrades=room[Kind.UPGRADE],
        services=room[Kind.SERVICE],
        repeats=room[Kind.REPEAT],
        currency=currency or settings.PAIRWELL["CURRENCY"],
        place=PLACE,
        language=language,
        most=limit,
    )
    return Question(request, customer, kind, language or settings.PAIRWELL["LANGUAGE"])


def _refuse_nul(parameters: QueryDict) -> None:
    """PostgreSQL takes no NUL in any text, not even to look for it."""
    for name, values in parameters.lists():
        if any("\0" in value for value in values):
            raise _refuse(f"{name} holds a NUL character.", "Leave it out.")


def _read(read: Callable[[str], str], parameters: QueryDict, name: str) -> str:
    try:
        return read(parameters.get(name, ""))
    except BadValue as error:
        raise _refuse(f"{name}: {error.message}", error.hint) from None


def _read_limit(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= MOST:
        raise _refuse(
            f"limit {text[:20]!r} is no number of products.", f"Write a whole number from 1 to {MOST}."
        )
    return int(text)


def _find_customer(external_id: str) -> Customer | None:
    if not external_id:
        return None
    customer = Customer.objects.filter(external_id=external_id).first()
    if customer is None:
        raise _miss(
            "customer", external_id, "Leave customer out for a guest, or post customer.updated first."
        )
    return customer


def _find_anchors(parameters: QueryDict, kind: str) -> tuple[int, ...]:
    products, cart = parameters.getlist("product"), parameters.get("cart", "")
    if products and cart:
        raise _refuse("product and cart are both given.", "Ask about the products or about the cart.")
    if len(products) > MOST_PRODUCTS:
        raise _refuse(f"{len(products)} products are too many.", f"Name at most {MOST_PRODUCTS}.")
    if cart:
        return _find_cart_products(cart)
    if not products and kind != Kind.REPEAT:
        raise _refuse("Nothing is asked about.", "Add product=… (as often as needed) or cart=….")
    found = dict(Product.objects.filter(external_id__in=products).values_list("external_id", "pk"))
    for external_id in products:
        if external_id not in found:
            raise _miss("product", external_id, "Post product.updated first.")
    return tuple(dict.fromkeys(found[external_id] for external_id in products))


def _find_cart_products(external_id: str) -> tuple[int, ...]:
    cart = Cart.objects.filter(external_id=external_id).first()
    if cart is None:
        raise _miss("cart", external_id, "Post cart.updated first, or ask about its products.")
    lines = CartLine.objects.filter(cart=cart).order_by("pk")
    return tuple(dict.fromkeys(lines.values_list("product", flat=True)))


def _refuse(message: str, hint: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message, hint)


def _miss(name: str, external_id: str, hint: str) -> ApiError:
    return ApiError(HTTPStatus.NOT_FOUND, f"No {name} has the id {external_id[:64]!r}.", hint)
