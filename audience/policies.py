"""What the law of a market asks of marketing email. Data, not code; not legal advice.

Sources, read in November 2026:
- EU and EEA: directive 2002/58/EC article 13(1) prior consent, 13(2) soft opt-in for customers, own
  similar goods, an objection offered at the sale and in every email. United Kingdom: PECR 2003
  regulation 22(3). Switzerland: UWG article 3(1)(o).
- Israel: Communications Law section 30A(c) customer exception; 30A(e) the word "פרסומת" opens the subject.
- Canada: CASL section 10(10), implied consent ends two years after a purchase.
- United States: CAN-SPAM, 16 CFR 316 (opt-out). Australia: Spam Act 2003 schedule 2 (inferred consent).
  New Zealand: Unsolicited Electronic Messages Act 2007 section 4 (deemed and inferred consent).
- Russia: federal law 38-FZ article 18, prior consent and no exception for customers.
- Iran, the Gulf, Egypt (PDPL 151/2020 articles 17 and 18), Türkiye (law 6563), and every market not
  listed: treated as prior consent only.
- Products inside transactional mail: ICO guidance on service messages and BGH VI ZR 134/15 count them as
  advertising, so everywhere the block needs the same standing as marketing.
"""

import unicodedata
from dataclasses import dataclass

_SATURDAY_SUNDAY = frozenset({6, 7})
_FRIDAY_SATURDAY = frozenset({5, 6})
_THURSDAY_FRIDAY = frozenset({4, 5})


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one market. Days of the week as in date.isoweekday(): Monday is 1."""

    soft_opt_in: bool = False
    soft_opt_in_days: int | None = None  # how long a purchase counts as consent; None: until objection
    subject_label: str = ""
    suggestions_need_standing: bool = True  # products in transactional mail count as marketing
    weekend: frozenset[int] = _SATURDAY_SUNDAY


def _alike(countries: str, policy: Policy) -> dict[str, Policy]:
    return dict.fromkeys(countries.split(), policy)


STRICTEST = Policy()
_CUSTOMERS = Policy(soft_opt_in=True)
_POLICIES = {
    **_alike("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK", _CUSTOMERS),
    **_alike("CH GB IS LI NO US AU NZ", _CUSTOMERS),
    "CA": Policy(soft_opt_in=True, soft_opt_in_days=730),
    "IL": Policy(soft_opt_in=True, subject_label="פרסומת", weekend=_FRIDAY_SATURDAY),
    "IR": Policy(weekend=_THURSDAY_FRIDAY),
    **_alike("AE RU TR", STRICTEST),
    **_alike("BH DZ EG IQ JO KW LY OM QA SA SD SY", Policy(weekend=_FRIDAY_SATURDAY)),
}


def policy_for(country: str) -> Policy:
    """The rules for a recipient's country (ISO 3166-1 alpha-2), the strictest for one not listed."""
    return _POLICIES.get(country.upper(), STRICTEST)


def subject_label(country: str, language: str) -> str:
    """The word that must open the subject of marketing there, or "". The law names the word itself,
    so an email in another language carries it too: `language` is there for a market that translates it."""
    del language
    return policy_for(country).subject_label


def label_subject(subject: str, country: str, language: str) -> str:
    """The subject with the market's label at its very start; unchanged where it already is."""
    label = subject_label(country, language)
    if not label or _opens_with(subject, label):
        return subject
    return f"{label}: {subject}"


def _opens_with(subject: str, label: str) -> bool:
    rest = subject.removeprefix(label)
    return rest != subject and not (rest and unicodedata.category(rest[0]).startswith(("L", "M", "N")))
