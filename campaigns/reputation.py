"""What comes back from a campaign's emails, and when that stops it.

The bounds are those of the large mailboxes: Gmail and Yahoo ask for less than one complaint in a thousand and
turn senders away from three in a thousand on. A rate alone would stop a shop for one complaint of fifty
emails, so a bound counts as crossed only where at least three people are behind it, and where chance would
bring so many less than once in a hundred times if the true rate were a third of the bound.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp

from django.db.models import F, Q, Sum

from campaigns.alerts import name_campaign, raise_alert
from campaigns.eligibility import Skip, Verdict
from campaigns.models import Campaign, SendingDay
from campaigns.switches import pause_campaign

WINDOW = timedelta(days=7)
FEWEST = 3
CHANCE = 0.01
ORDINARY_SHARE = 1 / 3  # of a bound: the rate at which we would not be worried
_UNMAKEABLE = frozenset({"render_failed", "invalid_envelope"})
POOL = "marketing"  # the subject of alerts about all marketing together
COUNTED = ("handed_over", "bounced", "dropped", "complained", "failed")


@dataclass(frozen=True, slots=True)
class Bound:
    """A share of the emails handed over. `stop_orders` holds for transactional campaigns, where one stops."""

    field: str
    code: str
    warn: float
    stop: float
    stop_orders: float | None = None


BOUNDS = (
    Bound("complained", "complaints", warn=0.001, stop=0.003),
    Bound("bounced", "hard_bounces", warn=0.02, stop=0.05),
    Bound("dropped", "drops", warn=0.01, stop=0.02),
    # Orders go on while every second email can be made: a pause would stop the good ones as well.
    Bound("failed", "broken_template", warn=0.01, stop=0.05, stop_orders=0.5),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """A bound that was crossed."""

    code: str
    is_stop: bool
    count: int
    total: int

    @property
    def figures(self) -> dict[str, object]:
        return {"count": self.count, "total": self.total, "days": WINDOW.days}


def judge_figures(figures: Mapping[str, int], *, is_marketing: bool) -> list[Finding]:
    """The bounds that the figures cross, those that stop first. Pure."""
    findings = []
    for bound in BOUNDS:
        count = figures.get(bound.field, 0)
        total = figures.get("handed_over", 0) + (count if bound.field == "failed" else 0)
        stop = bound.stop if is_marketing else bound.stop_orders
        if stop is not None and is_crossed(count, total, stop):
            findings.append(Finding(bound.code, is_stop=True, count=count, total=total))
        elif is_crossed(count, total, bound.warn):
            findings.append(Finding(bound.code, is_stop=False, count=count, total=total))
    return sorted(findings, key=lambda finding: not finding.is_stop)


def is_crossed(count: int, total: int, bound: float) -> bool:
    """Whether the rate reaches the bound, with enough people behind it that it is no accident."""
    if count < FEWEST or count < bound * total:
        return False
    return find_tail(count, expected=total * bound * ORDINARY_SHARE) < CHANCE


def find_tail(count: int, *, expected: float) -> float:
    """The probability of `count` or more under Poisson's distribution, which rare events follow."""
    term, below = exp(-expected), 0.0
    for number in range(count):
        below += term
        term *= expected / (number + 1)
    return max(0.0, 1 - below)


def count_day(campaign_id: int, now: datetime, **numbers: int) -> None:
    """Adds to the campaign's figures of the day. One statement, three on the day's first time."""
    if not any(numbers.values()):
        return
    day = now.astimezone(UTC).date()
    rows = SendingDay.objects.filter(campaign=campaign_id, day=day)
    added = {name: F(name) + number for name, number in numbers.items()}
    if not rows.update(**added):
        SendingDay.objects.bulk_create([SendingDay(campaign_id=campaign_id, day=day)], ignore_conflicts=True)
        rows.update(**added)


def judge_campaigns(campaigns: Iterable[Campaign], now: datetime) -> list[Finding]:
    """Pauses campaigns whose emails do harm, and all marketing where they do together; returns the findings.

    Marketing never stops a transactional campaign. Call it where a bad figure was added; two statements a
    campaign, and one for the pool.
    """
    findings: list[Finding] = []
    wanted = list(campaigns)
    for campaign in wanted:
        found = judge_figures(read_figures(Q(campaign=campaign), now), is_marketing=campaign.is_marketing)
        findings += found
        for finding in found:
            _act(campaign, finding, now)
    if any(campaign.is_marketing for campaign in wanted):
        findings += _judge_pool(now)
    return findings


def read_figures(which: Q, now: datetime) -> dict[str, int]:
    """The sums of the last seven days. One query."""
    since = (now - WINDOW).astimezone(UTC).date()
    days = SendingDay.objects.filter(which, day__gt=since)
    return {name: number or 0 for name, number in days.aggregate(**{n: Sum(n) for n in COUNTED}).items()}


def judge_template(campaign: Campaign, verdicts: Iterable[Verdict], now: datetime) -> None:
    """Counts the emails of a batch that could not be made, and pauses the campaign where they are many.

    Outside the transaction of the intent, which holds the campaign's row for others to read.
    """
    failed = sum(isinstance(verdict, Skip) and verdict.reason in _UNMAKEABLE for verdict in verdicts)
    if failed:
        count_day(campaign.pk, now, failed=failed)
        judge_campaigns([campaign], now)


def _act(campaign: Campaign, finding: Finding, now: datetime) -> None:
    if finding.is_stop:
        pause_campaign(campaign, now, reason=finding.code, figures=finding.figures)
    code = finding.code if finding.is_stop else f"{finding.code}_warning"
    raise_alert(code, name_campaign(campaign), now=now, figures=finding.figures)


def _judge_pool(now: datetime) -> list[Finding]:
    marketing = Campaign.MessageClass.MARKETING
    figures = read_figures(Q(campaign__message_class=marketing), now) | {"failed": 0}
    findings = judge_figures(figures, is_marketing=True)
    for finding in findings:
        if not finding.is_stop:
            raise_alert(f"{finding.code}_warning", POOL, now=now, figures=finding.figures)
            continue
        raise_alert(finding.code, POOL, now=now, figures=finding.figures)
        for campaign in Campaign.objects.filter(message_class=marketing, status=Campaign.Status.LIVE):
            pause_campaign(campaign, now, reason=f"{finding.code}_everywhere", figures=finding.figures)
    return findings
