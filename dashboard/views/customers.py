import uuid

from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render

from campaigns.models import Campaign, Message
from dashboard.explanations import Answer, explain_campaign
from dashboard.flow import describe_trigger
from dashboard.pages import PageRequest
from dashboard.paging import cut_page, read_query
from dashboard.timelines import tell_customer
from shop.models import Customer, Order
from triggers.models import Enrolment

# Of each kind of row; a customer with more has the message list for the rest.
NEWEST = 100


def find_customers(request: PageRequest) -> HttpResponse:
    """Customers by id or its end, address, name or order number; the newest when nothing is asked for."""
    query = read_query(request)
    customers = Customer.objects.order_by("-pk")
    if query:
        known = Q(external_id__istartswith=query) | Q(external_id__iendswith=query)
        known |= Q(email__istartswith=query) | Q(name__icontains=query)
        known |= Q(pk__in=Order.objects.filter(external_id=query).values("customer"))
        customers = customers.filter(known)
    template = "_customer_rows.html" if request.htmx else "customers.html"
    return render(request, f"dashboard/{template}", {"page": cut_page(request, customers), "query": query})


def show_customer(request: PageRequest, uuid: uuid.UUID) -> HttpResponse:
    """Why this customer got, or did not get, what: an answer for the campaign asked for, and the timeline."""
    customer = get_object_or_404(Customer.objects.select_related("preference"), uuid=uuid)
    messages = list(_newest_messages(customer))
    enrolments = list(_newest_enrolments(customer))
    campaigns = list(Campaign.objects.prefetch_related("triggers").order_by("pk"))
    campaign = next((c for c in campaigns if c.key == request.GET.get("campaign")), None)
    # A consent event that took effect is told by its line of the ledger.
    events = customer.events.filter(consent_entry=None).select_related("order", "cart")
    consents = customer.consents.order_by("-occurred_at", "-pk")[:NEWEST]
    context = {
        "customer": customer,
        "campaigns": campaigns,
        "campaign": campaign,
        "answers": _answer(campaign, messages, enrolments) if campaign else [],
        "timeline": tell_customer(
            events=events.order_by("-occurred_at", "-pk")[:NEWEST],
            enrolments=enrolments,
            messages=messages,
            consents=consents,
        ),
    }
    return render(request, "dashboard/customer.html", context)


def _newest_messages(customer: Customer) -> QuerySet[Message]:
    messages = Message.objects.with_status().filter(customer=customer).order_by("-queued_at", "pk")
    return messages.select_related("step__campaign", "rendered", "order", "cart")[:NEWEST]


def _newest_enrolments(customer: Customer) -> QuerySet[Enrolment]:
    enrolments = Enrolment.objects.filter(customer=customer).select_related("trigger")
    return enrolments.order_by("-entered_at", "-pk")[:NEWEST]


def _answer(campaign: Campaign, messages: list[Message], enrolments: list[Enrolment]) -> list[Answer]:
    starts = [describe_trigger(trigger).sentence for trigger in campaign.triggers.all()]
    return explain_campaign(
        [message for message in messages if message.step.campaign_id == campaign.pk],
        [enrolment for enrolment in enrolments if enrolment.trigger.campaign_id == campaign.pk],
        starts=[sentence for sentence in starts if sentence],
    )
