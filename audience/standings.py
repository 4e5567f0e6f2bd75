"""How every customer of a batch stands, in four queries."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Q

from audience.ledger import Line, Verdict, judge
from audience.models import ConsentEntry, Preference, Suppression, Topic
from audience.policies import combine
from audience.suppression import list_hashes
from shop.merging import MERGED, read_merges
from shop.models import Customer, Event

_PACES = {Preference.Pace.WEEKLY: (1, 7), Preference.Pace.MONTHLY: (1, 30)}
_LONGEST_CAP_DAYS = 30  # no further back is it read what somebody got
# Verdicts of the ledger that are a "no" of the customer's own.
NOES = frozenset({"withdrawn", "complained"})
# A "no" that the recipient said at the provider; a newer explicit "yes" to the shop ends it.
_OWN_CHOICES = frozenset({Suppression.Reason.UNSUBSCRIBED, Suppression.Reason.COMPLAINED})


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` marketing messages in any `days` days."""

    count: int
    days: int


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether and how one customer may be written to.

    `reason` is empty if `may_market`, else one of merged, no_address, suppressed, no_consent, withdrawn,
    complained, consent_expired, soft_opt_in_not_allowed, soft_opt_in_incomplete, soft_opt_in_expired, paused.
    `declined_topics` are the parts of marketing that the customer does not want.
    """

    may_market: bool
    reason: str
    is_suppressed: bool  # nothing at all may be sent to the address
    no_suggestions: bool
    language: str
    cap: Cap
    declined_topics: frozenset[str] = frozenset()


def read_standings(customers: Sequence[Customer], now: datetime) -> dict[int, Standing]:
    """The standing of each customer by primary key: four queries, however many customers.

    A "no" counts from the moment its event is stored, even if no worker has put it into the ledger yet.
    """
    lines = _read_lines(customers, now)
    hashes = {customer.id: list_hashes(customer.email) for customer in customers if customer.email}
    suppressions = _read_suppressions(hashes)
    preferences = {p.customer_id: p for p in Preference.objects.filter(customer__in=_keys(customers))}
    usual = _usual_cap()
    return {
        customer.id: _stand(
            customer,
            verdict=judge_customer(customer, lines[customer.id], now),
            suppressions=suppressions[customer.id],
            preference=preferences.get(customer.id),
            usual=usual,
            now=now,
        )
        for customer in customers
    }


def read_verdict(customer: Customer, now: datetime) -> Verdict:
    """What the customer's own words add up to, whatever holds mail back besides. Two queries."""
    return read_verdicts([customer], now)[customer.id]


def read_verdicts(customers: Sequence[Customer], now: datetime) -> dict[int, Verdict]:
    """The verdict on each customer by primary key. Two queries, however many customers."""
    lines = _read_lines(customers, now)
    return {customer.id: judge_customer(customer, lines[customer.id], now) for customer in customers}


def judge_customer(customer: Customer, lines: Sequence[Line], now: datetime) -> Verdict:
    """The ledger under the rules of the shop's market and the customer's, the stricter winning."""
    policy = combine(str(settings.PAIRWELL["COUNTRY"]), customer.country)
    return judge(lines, policy=policy, now=now)


def choose_language(customer: Customer, preference: Preference | None) -> str:
    """The language that the customer chose, else the shop's record of it, else the shop's own."""
    chosen = preference.language if preference else ""
    return chosen or customer.language or str(settings.PAIRWELL["LANGUAGE"])


def _read_lines(customers: Sequence[Customer], now: datetime) -> defaultdict[int, list[Line]]:
    # A "no" counts from the moment it is written, even if another host's clock runs ahead of ours.
    said = Q(occurred_at__lte=now) | Q(state=ConsentEntry.State.WITHDRAWN)
    rows = ConsentEntry.objects.filter(said, customer__in=_keys(customers), topic=Topic.MARKETING).order_by(
        "occurred_at", "id"
    )
    lines: defaultdict[int, list[Line]] = defaultdict(list)
    fields = ("state", "basis", "source", "occurred_at", "expires_at", "conditions")
    for pk, *said_so in rows.values_list("customer_id", *fields):
        lines[pk].append(Line._make(said_so))
    for event in _find_unapplied_noes(customers, now):
        said_at = min(event.occurred_at, event.received_at)
        lines[event.customer_id or 0].append(Line("withdrawn", "objection", "api", said_at))
        lines[event.customer_id or 0].sort(key=lambda line: line.occurred_at)
    return lines


def _find_unapplied_noes(customers: Sequence[Customer], now: datetime) -> list[Event]:
    unapplied = Event.objects.filter(consent_applied_at=None, kind__in=["consent.withdrawn", MERGED])
    events = list(unapplied.filter(customer__in=_keys(customers)))
    merges = read_merges(event for event in events if event.kind == MERGED)
    objectors = find_objectors(list(merges.values()), now) if merges else {}
    return [e for e in events if e.kind != MERGED or (e.pk in merges and merges[e.pk].pk in objectors)]


def find_objectors(customers: Sequence[Customer], now: datetime) -> dict[int, str]:
    """Of these customers, by primary key, those who said no to marketing, each with how.

    A no at the provider counts like one to the shop; that an address bounced is no word of its owner.
    """
    verdicts = read_verdicts(customers, now)
    found = _read_suppressions({c.pk: list_hashes(c.email) for c in customers if c.email})
    noes = {pk: verdict.reason for pk, verdict in verdicts.items() if verdict.reason in NOES}
    for pk, by_scope in found.items():
        for row in by_scope.values():
            if row.reason in _OWN_CHOICES and not _is_lifted(row, verdicts[pk]):
                noes.setdefault(pk, row.reason)
    return noes


def _keys(customers: Sequence[Customer]) -> list[int]:
    return [customer.id for customer in customers]


def _read_suppressions(hashes: Mapping[int, Sequence[str]]) -> dict[int, dict[str, Suppression]]:
    """By customer and scope; one found under a former key counts like any other, the newest first."""
    owners: dict[str, list[int]] = defaultdict(list)
    for pk, keys in hashes.items():
        for key in keys:
            owners[key].append(pk)
    found: defaultdict[int, dict[str, Suppression]] = defaultdict(dict)
    for row in Suppression.objects.filter(address_hash__in=list(owners)).order_by("created_at"):
        for pk in owners[row.address_hash]:
            found[pk][row.scope] = row
    return found


def _stand(
    customer: Customer,
    *,
    verdict: Verdict,
    suppressions: Mapping[str, Suppression],
    preference: Preference | None,
    usual: Cap,
    now: datetime,
) -> Standing:
    is_suppressed = Suppression.Scope.ALL in suppressions
    marketing = suppressions.get(Suppression.Scope.MARKETING)
    if customer.merged_into_id is not None:
        reason = "merged"
    elif not customer.email:
        reason = "no_address"
    elif is_suppressed or (marketing and not _is_lifted(marketing, verdict)):
        reason = "suppressed"
    else:
        reason = verdict.reason or ("paused" if _is_paused(preference, now) else "")
    return Standing(
        may_market=not reason,
        reason=reason,
        is_suppressed=is_suppressed,
        no_suggestions=preference is not None and preference.no_suggestions,
        language=choose_language(customer, preference),
        cap=_choose_cap(preference, usual),
        declined_topics=frozenset(preference.declined_topics) if preference else frozenset(),
    )


def _is_lifted(suppression: Suppression, verdict: Verdict) -> bool:
    since = verdict.explicit_since
    return suppression.reason in _OWN_CHOICES and since is not None and since > suppression.created_at


def _is_paused(preference: Preference | None, now: datetime) -> bool:
    until = preference.paused_until if preference else None
    return until is not None and now < until


def _usual_cap() -> Cap:
    return Cap(settings.PAIRWELL["MARKETING_CAP"], settings.PAIRWELL["MARKETING_CAP_DAYS"])


def _choose_cap(preference: Preference | None, usual: Cap) -> Cap:
    if preference is not None and preference.pace == Preference.Pace.FEWER:
        return _halve(usual)
    if preference is None or preference.pace not in _PACES:
        return usual
    chosen = Cap(*_PACES[Preference.Pace(preference.pace)])
    # A shop that is more restrained than the customer asks stays so.
    return min(usual, chosen, key=lambda cap: cap.count / cap.days)


def _halve(cap: Cap) -> Cap:
    """Half as often as usual: as many in twice the time, or half of them where that is too long ago."""
    if cap.days * 2 <= _LONGEST_CAP_DAYS:
        return Cap(cap.count, cap.days * 2)
    return Cap(max(cap.count // 2, 1), cap.days)
