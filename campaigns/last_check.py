"""The last look, inside the transaction that commits the intent to send.

Between preparation and intent lie seconds, in which people say no, orders are cancelled, shelves are emptied
and the evening comes. A number of queries that does not depend on the size of the batch. If anything can't be
read, the transaction fails and nothing is sent.
"""

from collections.abc import Sequence
from datetime import datetime

from audience.consent import read_standings
from campaigns.eligibility import Defer, Send, Verdict, judge_hour
from campaigns.frequency import read_recent_marketing
from campaigns.models import Message
from campaigns.preparation import Prepared, subject_of, timezone_of
from campaigns.subjects import find_outdated
from recommendations.freshness import find_stale, find_stale_bundles
from shop.claims import guard_customers


def put_back_changed(prepared: Sequence[Prepared], now: datetime) -> list[Message]:
    """Defers what no longer stands as it was prepared, to be judged and rendered again; returns those.

    Consent, suppression, the frequency cap, the reason to write, quiet hours, and stock and price of what the
    email shows. No other worker decides about the same customers until the transaction ends.
    """
    leaving = [p for p in prepared if isinstance(p.verdict, Send)]
    guard_customers({p.message.customer_id for p in leaving})
    current = read_standings([p.message.customer for p in leaving], now)
    recent = read_recent_marketing([p.message for p in prepared], now)
    outdated = find_outdated(subject_of(p.message) for p in leaving)
    stale = find_stale([item.shown for item in leaving])
    stale_bundles = find_stale_bundles([item.bundle for item in leaving], now)
    for item, *changes in zip(leaving, stale, stale_bundles, strict=True):
        customer = item.message.customer_id
        was_mailed = item.is_marketing and len(recent[customer]) > len(item.recent_marketing)
        if was_mailed or current[customer] != item.standing:
            item.verdict = Defer("standing_changed", now)
        elif (outdated and subject_of(item.message) in outdated) or any(changes):
            item.verdict = Defer("facts_changed", now)
        else:
            item.verdict = _check_hour(item, now) or item.verdict
    return [item.message for item in leaving if not isinstance(item.verdict, Send)]


def _check_hour(item: Prepared, now: datetime) -> Verdict | None:
    return judge_hour(timezone_of(item.message.customer), now) if item.is_marketing else None
