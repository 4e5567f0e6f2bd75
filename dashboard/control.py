"""What the page about sending shows: ways out, limits, alerts, and what stands still and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from campaigns.allowances import read_limits, read_used
from campaigns.breakers import SLOW_DOWN
from campaigns.models import Alert, Campaign, Message, Route, SendBatch
from campaigns.switches import BY_HAND
from dashboard.formatting import format_count, format_moment
from dashboard.reasons import explain_reason

FINDINGS: dict[str, "str | Promise"] = {
    "by_hand": _("Somebody paused it."),
    "route_down": _("The mail provider refuses us: the key, the account or the settings are wrong."),
    "route_failing": _("The mail provider can't be reached or does not answer."),
    "complaints": _("Too many people marked the emails as spam."),
    "complaints_warning": _("Some people mark the emails as spam."),
    "hard_bounces": _("Too many of the addresses do not exist."),
    "hard_bounces_warning": _("Many of the addresses do not exist."),
    "drops": _("The mail provider dropped too many of the emails."),
    "drops_warning": _("The mail provider drops many of the emails."),
    "broken_template": _("Too many of the emails could not be put together from their template."),
    "broken_template_warning": _("Some of the emails can't be put together from their template."),
    "broadcast_slow": _("Our own limits spread this mailing over more than three days; none of it is lost."),
    "content_bounces": _("Mailboxes refuse the emails because of what they say or who sends them."),
}
_EVERYWHERE = "_everywhere"


@dataclass(frozen=True, slots=True)
class RouteRow:
    """`state` is a code of words.ROUTE."""

    name: str
    state: str
    why: str
    since: datetime | None
    next_try: datetime | None

    @property
    def is_paused(self) -> bool:
        return self.state == "paused"


@dataclass(frozen=True, slots=True)
class LimitRow:
    name: str
    used: int
    size: int
    until: datetime


@dataclass(frozen=True, slots=True)
class AlertRow:
    alert: Alert
    about: str
    sentence: str
    figures: str


@dataclass(frozen=True, slots=True)
class Control:
    is_stopped: bool
    routes: list[RouteRow]
    limits: list[LimitRow]
    held: list[tuple[str, int]]
    alerts: list[AlertRow]
    campaigns: list[Campaign]
    waiting: int


def build_control(route: str, now: datetime) -> Control:
    """`route` is the transport in use; others are listed where they were ever paused or closed."""
    rows = {row.name: row for row in Route.objects.order_by("name")}
    everything = rows.pop(Route.EVERYTHING, None)
    rows.setdefault(route, Route(name=route))
    names = dict(Campaign.objects.values_list("key", "name"))
    return Control(
        is_stopped=bool(everything and everything.paused_at),
        routes=[describe_route(row) for row in rows.values()],
        limits=_describe_limits(route, now),
        held=_count_held(),
        alerts=[_describe_alert(a, names) for a in Alert.objects.filter(resolved_at=None).order_by("-pk")],
        campaigns=list(Campaign.objects.filter(status=Campaign.Status.PAUSED).order_by("name")),
        waiting=_count_waiting(),
    )


def describe_route(route: Route) -> RouteRow:
    if route.paused_at:
        return RouteRow(route.name, "paused", str(FINDINGS[BY_HAND]), route.paused_at, None)
    if route.breaker == Route.Breaker.CLOSED:
        return RouteRow(route.name, "flowing", "", None, None)
    why = explain_reason("rate_limited" if route.reason == SLOW_DOWN else route.reason)
    if not route.failures and route.reason != SLOW_DOWN:
        why = str(FINDINGS["route_down"])
    return RouteRow(route.name, route.breaker, why, route.opened_at, route.probe_at)


def find_stops() -> list[str]:
    """A sentence for everything that holds mail back on its own, for the top of every page. Two queries."""
    stops = []
    for route in Route.objects.exclude(paused_at=None, breaker=Route.Breaker.CLOSED).order_by("name"):
        row = describe_route(route)
        if route.name == Route.EVERYTHING:
            text = gettext("All mail is stopped since %(since)s.")
        elif row.is_paused:
            text = gettext("Mail by %(route)s is paused since %(since)s.")
        else:
            text = gettext("Mail by %(route)s is held back since %(since)s: %(why)s")
        since = format_moment(row.since) if row.since else "–"
        stops.append(text % {"route": _isolate(route.name), "since": since, "why": row.why})
    stopped = Campaign.objects.filter(status=Campaign.Status.PAUSED).exclude(pause_reason__in=["", BY_HAND])
    return stops + [_tell_campaign(campaign) for campaign in stopped.order_by("name")]


def _tell_campaign(campaign: Campaign) -> str:
    values = {"name": _isolate(campaign.name), "why": explain_pause(campaign)}
    return gettext("“%(name)s” was paused by itself: %(why)s") % values


def _isolate(name: str) -> str:
    """A name in a sentence that may run the other way."""
    return f"\u2068{name}\u2069"


def explain_pause(campaign: Campaign) -> str:
    """Why a campaign is paused, with the figures where a breaker did it."""
    if not campaign.pause_reason:
        return ""
    sentences = [explain_finding(campaign.pause_reason), describe_figures(campaign.pause_figures)]
    return " ".join(filter(None, sentences))


def explain_finding(code: str) -> str:
    """A sentence for an alert's or a pause's code."""
    if code.endswith(_EVERYWHERE):
        stopped = gettext("All marketing was stopped together.")
        return f"{stopped} {explain_finding(code.removesuffix(_EVERYWHERE))}"
    return str(FINDINGS.get(code, "")) or explain_reason(code)


def describe_figures(figures: Mapping[str, int]) -> str:
    if "total" not in figures:
        return ""
    text = gettext("%(count)s of %(total)s emails within %(days)s days.")
    return text % {name: format_count(figures[name]) for name in ("count", "total", "days")}


def _describe_alert(alert: Alert, names: Mapping[str, str]) -> AlertRow:
    kind, _colon, key = alert.subject.partition(":")
    about = names.get(key, key) if kind == "campaign" else key or gettext("All marketing")
    return AlertRow(alert, about, explain_finding(alert.code), describe_figures(alert.figures))


def _describe_limits(route: str, now: datetime) -> list[LimitRow]:
    limits = read_limits(now)
    used = read_used(route, limits, now)
    titles = {
        "rate_limit": gettext("Emails a minute"),
        "warm_up": gettext("Emails today, while the sender is new"),
    }
    return [
        LimitRow(
            titles.get(limit.reason) or gettext("Emails a minute to %(domain)s") % {"domain": limit.domain},
            used[limit],
            limit.size,
            limit.ends_at(now),
        )
        for limit in limits
    ]


def _count_held() -> list[tuple[str, int]]:
    unclaimed = Message.objects.filter(batch__state__in=SendBatch.UNCLAIMED, is_closed=False)
    held = unclaimed.exclude(batch__reason="")
    return list(held.values_list("batch__reason").annotate(messages=Count("pk")).order_by("-messages"))


def _count_waiting() -> int:
    """What could be cancelled: in open batches, or alone."""
    batched = Message.objects.filter(batch__state__in=SendBatch.UNSUBMITTED, is_closed=False)
    return batched.count() + Message.objects.filter(batch=None, is_closed=False).count()
