"""Many experiments at once: drawn day by day, looked at daily. The unit is the person, arrays are run by day.

The formulas are those of `experiments.estimates`, on arrays; `benchmarks.experiments` sends a part of the
runs through `experiments.decisions.decide` as well and stops if the two disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LEAST = 10  # conversions per arm, as in experiments.estimates
UNTIL_LAST = 10_000  # the day of experiments that never stop


@dataclass(frozen=True)
class Looks:
    """What each run shows at each daily look: people and sums so far of control and variant."""

    people: tuple[Floats, Floats]
    totals: tuple[Floats, Floats]
    squares: tuple[Floats, Floats]
    are_rates: bool

    @property
    def means(self) -> tuple[Floats, Floats]:
        a, b = (total / people for total, people in zip(self.totals, self.people, strict=True))
        return a, b

    @property
    def difference(self) -> Floats:
        return self.means[1] - self.means[0]

    @property
    def error(self) -> Floats:
        """Of the difference, variances not pooled."""
        spread = np.zeros_like(self.totals[0])
        for people, total, squares in zip(self.people, self.totals, self.squares, strict=True):
            spread += (squares - total**2 / people) / (people - (0 if self.are_rates else 1)) / people
        return np.sqrt(np.maximum(spread, 0))

    @property
    def z(self) -> Floats:
        """Standardised as if there were no difference: rates pooled; 0 where too little is in."""
        error = self.error
        if self.are_rates:
            pooled = sum(self.totals) / sum(self.people)
            error = np.sqrt(pooled * (1 - pooled) * (1 / self.people[0] + 1 / self.people[1]))
        return np.where(self.is_enough, self.difference / np.where(error > 0, error, np.inf), 0.0)

    @property
    def is_enough(self) -> NDArray[np.bool_]:
        gave = [
            total**2 / np.maximum(squares, 1e-12)
            for total, squares in zip(self.totals, self.squares, strict=True)
        ]
        return np.minimum(*gave) >= LEAST

    def ends(self, reaches: Floats) -> tuple[Floats, Floats]:
        """Both ends of the interval: Newcombe's for rates, else the plain one."""
        if not self.are_rates:
            return self.difference - reaches * self.error, self.difference + reaches * self.error
        (low_a, high_a), (low_b, high_b) = (
            _wilson(mean, people, reaches) for mean, people in zip(self.means, self.people, strict=True)
        )
        a, b = self.means
        down, up = np.hypot(b - low_b, high_a - a), np.hypot(high_b - b, a - low_a)
        return self.difference - down, self.difference + up

    def first_claims(self, reaches: Floats) -> Ints:
        """The day, from 1, on which each run first claims a difference, by z and interval alike."""
        low, high = self.ends(reaches)
        return first_days((np.abs(self.z) >= reaches) & ((low > 0) | (high < 0)))

    def covered(self, truth: float, reaches: Floats) -> NDArray[np.bool_]:
        """Which runs' intervals hold the truth at all looks together, from ten conversions on."""
        low, high = self.ends(reaches)
        return np.asarray((((low <= truth) & (truth <= high)) | ~self.is_enough).all(axis=1))


def first_days(hits: NDArray[np.bool_]) -> Ints:
    return np.where(hits.any(axis=1), hits.argmax(axis=1) + 1, UNTIL_LAST)


def draw_rates(
    rng: np.random.Generator, runs: int, days: int, *, rates: tuple[float, float], daily: tuple[int, int]
) -> Looks:
    """Binomial conversions; each person of a day falls on an arm by chance, in the proportion of `daily`."""
    total = sum(daily)
    treated = np.cumsum(rng.binomial(total, daily[1] / total, (runs, days)), axis=1)
    new = np.diff(treated, axis=1, prepend=0)
    converted = [
        np.cumsum(rng.binomial(n, rate), axis=1).astype(float)
        for n, rate in ((total - new, rates[0]), (new, rates[1]))
    ]
    people = (total * np.arange(1, days + 1) - treated).astype(float), treated.astype(float)
    return Looks(people, (converted[0], converted[1]), (converted[0], converted[1]), are_rates=True)


def draw_revenue(
    rng: np.random.Generator, runs: int, days: int, *, rates: tuple[float, float], daily: int, cap: float
) -> Looks:
    """Lognormal orders (median 55, sigma 1.2) of the few who buy, each cut at `cap`."""
    sums = [_draw_orders(rng, (runs, days), rate=rate, daily=daily, cap=cap) for rate in rates]
    people = np.broadcast_to(daily * np.arange(1.0, days + 1), (runs, days))
    return Looks((people, people), (sums[0][0], sums[1][0]), (sums[0][1], sums[1][1]), are_rates=False)


def draw_delayed(
    rng: np.random.Generator,
    runs: int,
    days: int,
    *,
    rate: float,
    daily: int,
    delays: tuple[float, float],
    window: int,
) -> tuple[Looks, Looks]:
    """The same final rate in both arms, one arm sooner: looks at matured people, and at all people so far.

    Delays are exponential with these means in days, cut at the window.
    """
    matured, hasty = [], []
    for delay in delays:
        edges = -np.expm1(-np.arange(window + 1) / delay)
        by_age = rng.multinomial(daily, [*(rate * np.diff(edges) / edges[-1]), 1 - rate], (runs, days))[
            ..., :-1
        ]
        matured.append(np.cumsum(by_age.sum(axis=2), axis=1).astype(float))
        hasty.append(_count_so_far(by_age))
    people = np.broadcast_to(daily * np.arange(1.0, days + 1), (runs, days))
    looks = [Looks((people, people), (a, b), (a, b), are_rates=True) for a, b in (matured, hasty)]
    return looks[0], looks[1]


def draw_messages(rng: np.random.Generator, runs: int, *, people: int) -> tuple[Floats, Floats]:
    """One look at clicks an email of people who get several and click alike: |z| by person, by email."""
    arms = []
    for _ in range(2):
        emails = 1 + rng.poisson(3, (runs, people))
        clicks = rng.binomial(emails, rng.beta(0.5, 4.5, (runs, people)))
        arms.append((emails.astype(float), clicks.astype(float)))
    ratios = [clicks.sum(axis=1) / emails.sum(axis=1) for emails, clicks in arms]
    by_person, by_email = np.zeros(runs), np.zeros(runs)
    for (emails, clicks), ratio in zip(arms, ratios, strict=True):
        by_person += (
            (clicks - ratio[:, None] * emails).var(axis=1, ddof=1) / people / emails.mean(axis=1) ** 2
        )
        by_email += ratio * (1 - ratio) / emails.sum(axis=1)
    difference = np.abs(ratios[1] - ratios[0])
    return difference / np.sqrt(by_person), difference / np.sqrt(by_email)


def share(hits: Sequence[bool] | NDArray[np.bool_]) -> float:
    """In per cent."""
    return 100 * float(np.mean(hits))


def _wilson(mean: Floats, people: Floats, z: Floats) -> tuple[Floats, Floats]:
    centre = (mean + z * z / (2 * people)) / (1 + z * z / people)
    reach = z / (1 + z * z / people) * np.sqrt(mean * (1 - mean) / people + z * z / (4 * people**2))
    return centre - reach, centre + reach


def _draw_orders(
    rng: np.random.Generator, shape: tuple[int, int], *, rate: float, daily: int, cap: float
) -> tuple[Floats, Floats]:
    counts = rng.binomial(daily, rate, shape)
    amounts = np.minimum(np.exp(4 + 1.2 * rng.standard_normal(counts.sum(), dtype=np.float32)), cap)
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    sums = [np.bincount(cell, weights=x, minlength=counts.size).reshape(shape) for x in (amounts, amounts**2)]
    return np.cumsum(sums[0], axis=1), np.cumsum(sums[1], axis=1)


def _count_so_far(by_age: Ints) -> Floats:
    """Everything that had happened by the end of each day, also among people of that very day."""
    runs, days, window = by_age.shape
    seen = np.zeros((runs, days))
    for age in range(window):
        seen[:, age:] += by_age[:, : days - age, age]
    return np.cumsum(seen, axis=1)
