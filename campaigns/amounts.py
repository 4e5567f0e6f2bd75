"""Amounts of money written as Babel writes them, without asking it for each: no two totals are the same."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

# In the digits of any script: what stands before, between and behind those of a million and some.
_MILLION = re.compile(
    r"(?P<before>\D*)(?P<one>\d)(?P<group>\D*)\d{3}(?P=group)\d{3}(?:(?P<point>\D+)(?P<cents>\d+))?(?P<after>\D*)"
)
_LARGE = 10**9
_THOUSANDS = 10**4  # some languages set thousands apart from here on only
_TRIED = tuple(
    map(Decimal, ["0", "0.005", "0.015", "5", "12.5", "999.994", "999.996", "1000", "1234.5", "9999.99",
                  "9999.999", "10000", "54321.055", "123456.7", "7654321.089", "999999999.994"])
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AmountForm:
    """How one language writes amounts of one currency."""

    before: str
    after: str
    group: str
    point: str
    decimals: int
    grouped_from: int
    digits: Mapping[int, str]

    def write(self, amount: Decimal) -> str:
        """The amount, which `takes` has to hold for, rounded half to even."""
        rounded = round(amount, self.decimals)
        whole, _, cents = f"{rounded:,.{self.decimals}f}".partition(".")
        whole = whole.replace(",", self.group if rounded >= self.grouped_from else "")
        text = f"{whole}{self.point}{cents}" if cents else whole
        return f"{self.before}{text.translate(self.digits)}{self.after}"

    def takes(self, amount: Decimal) -> bool:
        return 0 <= amount < _LARGE


def read_form(write: Callable[[Decimal], str]) -> AmountForm | None:
    """The form that `write` follows; None where it is not as simple, such as with digits in twos."""
    found = _MILLION.fullmatch(write(Decimal(1_234_567)))
    if found is None:
        return None
    zero = ord(found["one"]) - 1
    forms = (
        AmountForm(
            before=found["before"],
            after=found["after"],
            group=found["group"],
            point=found["point"] or "",
            decimals=len(found["cents"] or ""),
            grouped_from=grouped_from,
            digits={ord("0") + value: chr(zero + value) for value in range(10)} if zero != ord("0") else {},
        )
        for grouped_from in (0, _THOUSANDS)
    )
    return next((form for form in forms if all(form.write(one) == write(one) for one in _TRIED)), None)
