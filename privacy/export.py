"""Everything that is held on one person, as one JSON document."""

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Q, QuerySet

from audience.models import ConsentEntry, ConsentRequest, Preference, Suppression
from audience.suppression import list_hashes
from campaigns.models import (
    Message,
    MessageEvent,
    MessageOutcome,
    MessageProduct,
    PreviewMail,
    ProofEmail,
    RenderedMessage,
    WebhookPayload,
)
from experiments.models import Assignment
from privacy.people import Person, list_ids, list_spellings
from recommendations.models import CustomerResponse
from shop.models import Cart, CartLine, Customer, Event, Order, OrderLine, Refund
from triggers.models import Enrolment

Rows = list[dict[str, Any]]


def export_person(person: Person, now: datetime) -> str:
    """Pretty JSON: one list of rows for each kind of thing. Reads only."""
    sections = {**_export_shop(person), **_export_mail(person), **_export_answers(person)}
    document = {"exported_at": now, "addresses": person.addresses, **sections}
    return json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)


def _export_shop(person: Person) -> Mapping[str, Rows]:
    ids = list_ids(person)
    orders, carts = Order.objects.filter(customer__in=ids), Cart.objects.filter(customer__in=ids)
    events = Event.objects.filter(Q(customer__in=ids) | Q(order__in=orders) | Q(cart__in=carts))
    return {
        "customers": _read(Customer.objects.filter(pk__in=ids)),
        "orders": _read(orders),
        "order_lines": _read(OrderLine.objects.filter(order__in=orders), "product__title"),
        "refunds": _read(Refund.objects.filter(order__in=orders)),
        "carts": _read(carts),
        "cart_lines": _read(CartLine.objects.filter(cart__in=carts), "product__title"),
        "events": _read(events),
    }


def _export_answers(person: Person) -> Mapping[str, Rows]:
    ids = list_ids(person)
    hashes = [key for address in person.addresses for key in list_hashes(address)]
    log = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Customer), object_id__in=[str(pk) for pk in ids]
    )
    return {
        "consents": _read(ConsentEntry.objects.filter(customer__in=ids)),
        "consent_requests": _read(ConsentRequest.objects.filter(customer__in=ids)),
        "preferences": _read(Preference.objects.filter(customer__in=ids)),
        "suppressions": _read(Suppression.objects.filter(address_hash__in=hashes)),
        "enrolments": _read(Enrolment.objects.filter(customer__in=ids), "trigger__name"),
        "experiment_arms": _read(Assignment.objects.filter(customer__in=ids)),
        "responses": _read(CustomerResponse.objects.filter(customer__in=ids)),
        "back_office_log": _read(log),
    }


def _export_mail(person: Person) -> Mapping[str, Rows]:
    messages = Message.objects.filter(customer__in=list_ids(person))
    inbox = PreviewMail.objects.filter(
        Q(delivery_id__in=messages.values("pk")) | Q(recipient__in=person.addresses)
    )
    return {
        "messages": _read(messages.with_status(), "step__campaign__name"),
        "rendered": _read(RenderedMessage.objects.filter(message__in=messages)),
        "products_shown": _read(MessageProduct.objects.filter(message__in=messages), "product__title"),
        "outcomes": _read(MessageOutcome.objects.filter(message__in=messages)),
        "message_events": _read(MessageEvent.objects.filter(message__in=messages), "link__url"),
        "proofs": _read(ProofEmail.objects.filter(about__in=list_ids(person))),
        "preview_inbox": [_show_mail(mail) for mail in inbox],
        "provider_posts": list(_find_posts(person.addresses)),
    }


def _read(rows: "QuerySet[Any]", *more: str) -> Rows:
    own = [field.attname for field in rows.model._meta.concrete_fields]
    return list(rows.order_by("pk").values(*own, *more, *rows.query.annotations))


def _show_mail(mail: PreviewMail) -> dict[str, Any]:
    mime = zlib.decompress(bytes(mail.mime)).decode("ascii", "replace")
    return {
        "recipient": mail.recipient,
        "subject": mail.subject,
        "received_at": mail.received_at,
        "mime": mime,
    }


def _find_posts(addresses: Iterable[str]) -> Iterable[dict[str, Any]]:
    """What a provider told of the address, without what it told of others in the same post."""
    spellings = [spelling for address in addresses for spelling in list_spellings(address)]
    wanted = [spelling.decode() for spelling in spellings]
    for body, received_at in WebhookPayload.objects.values_list("body", "received_at").iterator(200):
        text = bytes(body).decode("utf-8", "replace")
        if not any(address in text.lower() for address in wanted):
            continue
        for element in _parse(text):
            if any(address in json.dumps(element, ensure_ascii=False).lower() for address in wanted):
                yield {"received_at": received_at, "element": element}


def _parse(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return []
    return found if isinstance(found, list) else [found]
