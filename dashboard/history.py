"""Who changed what by hand: kept in Django's own log, beside what is changed in the back office."""

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q
from django.utils.translation import gettext as _

from campaigns.models import Alert, Campaign, Route
from dashboard.timelines import Moment
from dashboard.words import find_word
from recommendations.models import ComplementRule, Listing, OfferRules, Pin
from triggers.models import Trigger


def record_change(user_id: int, row: Model, what: str) -> None:
    """Notes what was done to the row: a code of `words.CHANGE`, so that each reads it in their language."""
    LogEntry.objects.log_actions(user_id, [row], CHANGE, change_message=what, single_object=True)


def tell_changes(campaign: Campaign, *, newest: int = 5) -> list[Moment]:
    """The newest changes of a campaign and its triggers, newest first. Triggers are read as prefetched."""
    types = ContentType.objects.get_for_models(Campaign, Trigger)
    triggers = [str(trigger.pk) for trigger in campaign.triggers.all()]
    rows = LogEntry.objects.filter(
        Q(content_type=types[Campaign], object_id=str(campaign.pk))
        | Q(content_type=types[Trigger], object_id__in=triggers)
    )
    return [_tell(row) for row in rows.select_related("user").order_by("-action_time", "-pk")[:newest]]


def tell_route_changes(*, newest: int = 8) -> list[Moment]:
    """The newest changes of the switches and the alerts, newest first."""
    types = ContentType.objects.get_for_models(Route, Alert)
    rows = LogEntry.objects.filter(content_type__in=types.values())
    return [_tell(row) for row in rows.select_related("user").order_by("-action_time", "-pk")[:newest]]


def tell_decisions(*, newest: int = 8) -> list[Moment]:
    """The newest changes of the rules of suggestions, the lists, pins and complements, newest first."""
    types = ContentType.objects.get_for_models(OfferRules, Listing, Pin, ComplementRule)
    rows = LogEntry.objects.filter(content_type__in=types.values())
    return [_tell(row) for row in rows.select_related("user").order_by("-action_time", "-pk")[:newest]]


def _tell(row: LogEntry) -> Moment:
    what = find_word("change", row.get_change_message())
    title = _("%(name)s: %(change)s") % {"name": find_word("place", row.object_repr), "change": what}
    who = row.user.get_full_name() or row.user.get_username()
    return Moment(row.action_time, "edit", title, detail=who, code=row.change_message)
