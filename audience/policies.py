"""What the law of a market asks of email. Data, not code; not legal advice.

docs/law.md shows the same as a table. Sources, read in November 2026, stand beside each rule.
"""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

_SATURDAY_SUNDAY = frozenset({6, 7})
_FRIDAY_SATURDAY = frozenset({5, 6})
_THURSDAY_FRIDAY = frozenset({4, 5})


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one market. Days of the week as in date.isoweekday(): Monday is 1.

    Months of None mean "until the objection". Every market here needs a way out in marketing mail, a
    postal address of the sender, and the standing of marketing for products inside order mail.
    """

    source: str = "not read: prior consent only"
    soft_opt_in: bool = False  # a sale counts as consent, under the conditions of `ledger.SoftConditions`
    sale_months: int | None = None
    inquiry: bool = False  # a question before any sale counts, too
    inquiry_months: int | None = None
    subject_label: str = ""
    leaving_in_transactional: bool = False  # order mail needs a way out as well
    evidence_years: int = 3  # how long the proof of a yes is kept after the no
    weekend: frozenset[int] = _SATURDAY_SUNDAY


def _alike(countries: str, policy: Policy) -> dict[str, Policy]:
    return dict.fromkeys(countries.split(), policy)


STRICTEST = Policy()
EU = Policy("2002/58/EC article 13(1) and (2); GDPR article 7(1)", soft_opt_in=True)
_OPT_OUT = Policy("CAN-SPAM, 16 CFR 316: opt-out, postal address", soft_opt_in=True, inquiry=True)
_POLICIES = {
    **_alike("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK", EU),
    **_alike("IS LI NO", EU),
    "GB": Policy("PECR 2003 regulation 22(3): a sale or its negotiation", soft_opt_in=True, inquiry=True),
    "CH": Policy("UWG article 3(1)(o)", soft_opt_in=True),
    "US": _OPT_OUT,
    "AU": Policy("Spam Act 2003 schedule 2: inferred consent", soft_opt_in=True),
    "NZ": Policy("Unsolicited Electronic Messages Act 2007 section 4", soft_opt_in=True),
    "CA": Policy(
        "CASL sections 6(2), 6(6) and 10(10)",
        soft_opt_in=True,
        sale_months=24,
        inquiry=True,
        inquiry_months=6,
        leaving_in_transactional=True,
    ),
    "IL": Policy(
        "Communications Law section 30A(c) and (e)",
        soft_opt_in=True,
        subject_label="פרסומת",
        weekend=_FRIDAY_SATURDAY,
    ),
    "IR": Policy("Electronic Commerce Act 2004: treated as prior consent", weekend=_THURSDAY_FRIDAY),
    "RU": Policy("38-FZ article 18: prior consent, proof with the sender"),
    "TR": Policy("law 6563 article 6"),
    "AE": Policy("TDRA regulation on unsolicited communications"),
    "EG": Policy("PDPL 151/2020 articles 17 and 18: records for 3 years", weekend=_FRIDAY_SATURDAY),
    "SA": Policy("PDPL, royal decree M/19, article 25", weekend=_FRIDAY_SATURDAY),
    **_alike("BH DZ IQ JO KW LY OM QA SD SY", Policy(weekend=_FRIDAY_SATURDAY)),
}


def policy_for(country: str) -> Policy:
    """The rules of a country (ISO 3166-1 alpha-2): the EU's where it is unknown, and the strictest where
    it is known but not listed here, because its law was not read."""
    return _POLICIES.get(country.upper(), STRICTEST) if country else EU


def list_policies() -> dict[str, Policy]:
    """Every listed market by its country."""
    return dict(sorted(_POLICIES.items()))


@lru_cache(maxsize=4096)
def combine(sender: str, recipient: str) -> Policy:
    """The rules between two countries: on each point the stricter of the two.

    The weekend is the recipient's.
    """
    home, there = policy_for(sender), policy_for(recipient)
    return Policy(
        source=" · ".join(dict.fromkeys((home.source, there.source))),
        soft_opt_in=home.soft_opt_in and there.soft_opt_in,
        sale_months=_shorter(home.sale_months, there.sale_months),
        inquiry=home.inquiry and there.inquiry,
        inquiry_months=_shorter(home.inquiry_months, there.inquiry_months),
        subject_label=there.subject_label or home.subject_label,
        leaving_in_transactional=home.leaving_in_transactional or there.leaving_in_transactional,
        evidence_years=max(home.evidence_years, there.evidence_years),
        weekend=there.weekend,
    )


def add_months(moment: datetime, months: int) -> datetime:
    """The same day so many months later; the month's last where it has no such day."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _shorter(*months: int | None) -> int | None:
    limits: Sequence[int] = [limit for limit in months if limit is not None]
    return min(limits, default=None)
