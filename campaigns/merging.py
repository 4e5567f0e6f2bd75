"""Two customers turn out to be one person: their emails are one history."""

from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Subquery

from campaigns.models import Message
from shop.models import Customer


def merge_messages(merges: Mapping[int, int]) -> int:
    """Gives the emails of those who go to those who are kept, sent and waiting; returns how many.

    So the frequency cap, clicks and unsubscribes count for the whole person. What both have already, such
    as the same broadcast, stays where it is. One statement.
    """
    kept = Customer.objects.filter(pk=OuterRef("customer")).values("merged_into")
    same = Message.objects.filter(
        step=OuterRef("step"),
        occurrence=OuterRef("occurrence"),
        customer__in=set(merges.values()),
        customer=OuterRef("customer__merged_into"),
    )
    moving = Message.objects.filter(customer__in=set(merges)).exclude(Exists(same))
    firsts = Message.objects.filter(
        step=OuterRef("step"),
        occurrence=OuterRef("occurrence"),
        customer__merged_into=OuterRef("customer__merged_into"),
        customer__in=set(merges),
        customer__lt=OuterRef("customer"),
    )
    return moving.exclude(Exists(firsts)).update(customer=Subquery(kept))
