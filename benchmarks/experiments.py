"""How often the verdicts on experiments are wrong, right, and late: thousands of simulated experiments.

    python -m benchmarks.experiments [--short | --full] [--json FILE]

Short is the default: 20,000 runs a cell, below a minute on one core; --full takes 100,000. Every figure
is in per cent unless its name says otherwise, beside the bound it must keep, if there is one.
Baseline: 3 % convert, 500 people an arm a day, planned for 28 daily looks. "Beside" are other rules on
the very same data: the naive test, and plan (4 %) and sequence (1 %) side by side without sharing.
"""

import time
from collections.abc import Callable

import numpy as np

from benchmarks._report import Bound, error_of_share, read_options, report
from benchmarks._simulation import (
    UNTIL_LAST,
    Floats,
    Ints,
    Looks,
    draw_delayed,
    draw_messages,
    draw_rates,
    draw_revenue,
    first_days,
    share,
)
from experiments.boundaries import HYBRID, Design, combined_reaches, plan_reaches, reach_of_sequence
from experiments.courses import Plan
from experiments.decisions import decide
from experiments.estimates import Estimate, estimate_means, estimate_rates
from experiments.guardrails import HARM_ALPHA, MISMATCH_ALPHA, Split, harm_evidence, mismatch_evidence
from experiments.statistics import Moments, Rate, find_cap
from experiments.verdicts import Look, Series

DAYS, LONGER, DAILY, CHUNK = 28, 56, 500, 5000
NULL, BETTER = (0.03, 0.03), (0.03, 0.036)
FRACTIONS = tuple(day / DAYS for day in range(1, DAYS + 1))
AT_MOST, AT_LEAST = "at most", "at least"
BOUNDS = {
    "aa_28_days": Bound(AT_MOST, 5.0),
    "aa_56_days": Bound(AT_MOST, 5.0),
    "aa_revenue": Bound(AT_MOST, 5.5),
    "aa_revenue_uncapped": Bound(AT_MOST, 5.5),
    "aa_split_10_90": Bound(AT_MOST, 5.5),
    "aa_timing": Bound(AT_MOST, 5.0),
    "aa_four_variants": Bound(AT_MOST, 5.0),
    "aa_emails_by_person": Bound(AT_MOST, 5.5),
    "power_28_days": Bound(AT_LEAST, 74.0),
    "power_56_days": Bound(AT_LEAST, 82.0),
    "mean_stop_day": Bound(AT_MOST, 22.5),
    "coverage_sequence": Bound(AT_LEAST, 97.0),
    "coverage_plan": Bound(AT_LEAST, 94.5),
    "guardrail_aa": Bound(AT_MOST, 5.0),
    "guardrail_doubled": Bound(AT_LEAST, 65.0),
    "mismatch_aa": Bound(AT_MOST, 1.0),
    "mismatch_48_52": Bound(AT_LEAST, 99.0),
    "decide_ms": Bound(AT_MOST, 10.0),
}


def main() -> None:
    options = read_options(__doc__.splitlines()[0], has_full=True)
    runs = 100_000 if options.full else 20_000
    figures: dict[str, float] = {}
    started = time.perf_counter()
    for number, measure in enumerate((measure_rates, measure_revenue, measure_others, measure_alarms)):
        figures |= _in_chunks(measure, np.random.default_rng([2026, number]), runs)
    figures |= time_deciding()
    figures["seconds"] = time.perf_counter() - started
    report(f"Experiments, {runs:,} runs a cell, per cent", figures, options, bounds=BOUNDS)
    at_5, at_80 = error_of_share(5, runs), error_of_share(80, runs)
    print(f"  One standard error of the simulation: {at_5:.2f} points at 5 %, {at_80:.2f} at 80 %.")


def measure_rates(rng: np.random.Generator, runs: int) -> dict[str, float]:
    """Conversions: false claims with no difference, found ones with 3.0 against 3.6 %."""
    ours, beside = reaches_over(LONGER), reaches_beside(LONGER)
    null = draw_rates(rng, runs, LONGER, rates=NULL, daily=(DAILY, DAILY))
    better = draw_rates(rng, runs, LONGER, rates=BETTER, daily=(DAILY, DAILY))
    skewed = draw_rates(rng, runs, DAYS, rates=NULL, daily=(900, 100))
    figures: dict[str, float] = {}
    for name, reaches in (("", ours), ("_beside", beside), ("_naive", np.full(LONGER, 1.96))):
        false, true = null.first_claims(reaches), better.first_claims(reaches)
        for days in (DAYS, LONGER):
            figures[f"aa_{days}_days{name}"] = share(false <= days)
            if name != "_naive":
                figures[f"power_{days}_days{name}"] = share(true <= days)
        if name != "_naive":
            figures[f"mean_stop_day{name}"] = float(np.minimum(true, DAYS).mean())
    figures["aa_split_10_90"] = share(skewed.first_claims(ours[:DAYS]) <= DAYS)
    _check_through_decide(better, better.first_claims(ours), first=200)
    _check_through_decide(skewed, skewed.first_claims(ours[:DAYS]), first=200)
    return figures | _measure_coverage(null, better)


def _measure_coverage(null: Looks, better: Looks) -> dict[str, float]:
    """How often the interval holds the truth at all 28 looks; the worse of no difference and 0.6 points."""
    sequence = np.array([reach_of_sequence(f, Design(0.0, 0.05)) for f in FRACTIONS])
    kinds = {"plan": reaches_over(DAYS), "sequence": sequence}
    cells = [(_cut(null, DAYS), NULL[1] - NULL[0]), (_cut(better, DAYS), BETTER[1] - BETTER[0])]
    return {
        f"coverage_{kind}": min(share(looks.covered(truth, reaches)) for looks, truth in cells)
        for kind, reaches in kinds.items()
    }


def measure_revenue(rng: np.random.Generator, runs: int) -> dict[str, float]:
    """Revenue a person, heavy-tailed, with and without the cap that was fixed before."""
    cap = find_cap(np.exp(4 + 1.2 * np.random.default_rng(7).standard_normal(5000)).tolist())
    reaches, figures = reaches_over(DAYS), {}
    for name, at in (("aa_revenue", cap), ("aa_revenue_uncapped", np.inf)):
        looks = draw_revenue(rng, runs, DAYS, rates=NULL, daily=DAILY, cap=at)
        claims = looks.first_claims(reaches)
        figures[name] = share(claims <= DAYS)
        _check_through_decide(looks, claims, first=50)
    return figures


def measure_others(rng: np.random.Generator, runs: int) -> dict[str, float]:
    """An arm that is only sooner, four variants against one control, and emails that are no people."""
    reaches = reaches_over(DAYS)
    matured, hasty = draw_delayed(rng, runs, DAYS, rate=0.03, daily=DAILY, delays=(3.0, 0.5), window=7)
    control, *variants = (
        np.cumsum(rng.binomial(DAILY, 0.03, (runs, DAYS)), axis=1).astype(float) for _ in range(5)
    )
    people = np.broadcast_to(DAILY * np.arange(1.0, DAYS + 1), control.shape)
    pairs = [Looks((people, people), (control, v), (control, v), are_rates=True) for v in variants]
    shared = combined_reaches(FRACTIONS, HYBRID.shared_by(4), ended=True)
    first = np.minimum.reduce([pair.first_claims(np.array(shared)) for pair in pairs])
    by_person, by_email = draw_messages(rng, runs // 4, people=400)
    return {
        "aa_timing": share(matured.first_claims(reaches) <= DAYS),
        "aa_timing_not_matured": share(hasty.first_claims(reaches) <= DAYS),
        "aa_four_variants": share(first <= DAYS),
        "aa_emails_by_person": share(by_person >= 1.96),
        "aa_emails_naive": share(by_email >= 1.96),
    }


def measure_alarms(rng: np.random.Generator, runs: int) -> dict[str, float]:
    """Unsubscribes at 0.2 %, the same and doubled; splits as planned and 48 to 52, 1,000 people a day."""
    figures = {}
    for name, rate in (("guardrail_aa", 0.002), ("guardrail_doubled", 0.004)):
        events = [np.cumsum(rng.binomial(DAILY, r, (runs, DAYS)), axis=1) for r in (0.002, rate)]
        evidence = _look_up(lambda pair: harm_evidence(pair[0], pair[1]), np.stack(events, axis=-1))
        figures[name] = share(first_days(evidence >= -np.log(HARM_ALPHA)) <= DAYS)
    for name, chance in (("mismatch_aa", 0.5), ("mismatch_48_52", 0.52)):
        treated = np.cumsum(rng.binomial(2 * DAILY, chance, (runs, DAYS)), axis=1)
        counts = np.stack([2 * DAILY * np.arange(1, DAYS + 1) - treated, treated], axis=-1)
        evidence = _look_up(lambda pair: mismatch_evidence([Split(pair, (0.5, 0.5))]), counts)
        figures[name] = share(first_days(evidence >= -np.log(MISMATCH_ALPHA)) <= DAYS)
    return figures


def time_deciding() -> dict[str, float]:
    """Milliseconds of one verdict on 5 variants by 6 metrics after 28 daily looks; the median of many."""
    rng = np.random.default_rng(5)
    series = [
        Series(f"variant {variant}", f"metric {metric}", looks, is_primary=metric == 0)
        for variant in range(5)
        for metric, looks in enumerate(_draw_series(rng, metrics=6))
    ]
    times = [_time(lambda: decide(series, plan=Plan(2 * DAILY * DAYS))) for _ in range(101)]
    return {"decide_ms": 1000 * float(np.median(times)), "decide_first_time_ms": 1000 * times[0]}


def _draw_series(rng: np.random.Generator, *, metrics: int) -> list[tuple[Look, ...]]:
    """The daily looks at one variant by several metrics; a random number of people comes each day."""
    people = np.cumsum(rng.poisson(DAILY, (DAYS, 2)), axis=0).astype(float)
    drawn = []
    for _ in range(metrics):
        counts = np.cumsum(rng.poisson(DAILY * 0.03, (DAYS, 2)), axis=0).astype(float)
        arms = [(x[None, :, 0], x[None, :, 1]) for x in (people, counts)]
        looks = Looks(arms[0], arms[1], arms[1], are_rates=True)
        drawn.append(tuple(Look(day + 1, _estimate(looks, 0, day)) for day in range(DAYS)))
    return drawn


def reaches_over(days: int) -> Floats:
    """What each daily look must reach: the plan of 28 days, then the sequence alone."""
    after = [reach_of_sequence(day / DAYS, HYBRID) for day in range(DAYS + 1, days + 1)]
    return np.array([*combined_reaches(FRACTIONS, HYBRID, ended=True), *after])


def reaches_beside(days: int) -> Floats:
    """Plan and sequence side by side: whichever is lower, with nothing shared."""
    plan = [*plan_reaches(FRACTIONS, HYBRID.plan_alpha), *([np.inf] * (days - DAYS))]
    return np.minimum(plan, [reach_of_sequence(day / DAYS, HYBRID) for day in range(1, days + 1)])


def _check_through_decide(looks: Looks, claims: Ints, *, first: int) -> None:
    """Raises AssertionError where the arrays and the product itself name another day, or none."""
    days = looks.difference.shape[1]
    for run in range(first):
        rows = tuple(Look(day + 1, _estimate(looks, run, day)) for day in range(days))
        (finding,) = decide([Series("B", "metric", rows)], plan=Plan(2 * DAILY * DAYS)).findings
        assert (finding.day or UNTIL_LAST) == claims[run], f"Run {run}: {finding.day}, {claims[run]}"


def _estimate(looks: Looks, run: int, day: int) -> Estimate:
    people, totals, squares = (
        [float(x[run, day]) for x in xs] for xs in (looks.people, looks.totals, looks.squares)
    )
    if looks.are_rates:
        a, b = (Rate(int(total), int(count)) for total, count in zip(totals, people, strict=True))
        return _known(estimate_rates(a, b))
    c, d = (Moments(int(n), total, square) for n, total, square in zip(people, totals, squares, strict=True))
    return _known(estimate_means(c, d))


def _known(estimate: Estimate | None) -> Estimate:
    assert estimate is not None
    return estimate


def _cut(looks: Looks, days: int) -> Looks:
    people, totals, squares = (
        (a[:, :days], b[:, :days]) for a, b in (looks.people, looks.totals, looks.squares)
    )
    return Looks(people, totals, squares, are_rates=looks.are_rates)


def _look_up(evidence: Callable[[tuple[int, int]], float], counts: Ints) -> Floats:
    """The product's own evidence for each pair of counts, computed once for equal pairs."""
    pairs, where = np.unique(counts.reshape(-1, 2), axis=0, return_inverse=True)
    values = np.array([evidence((int(a), int(b))) for a, b in pairs])
    return values[where].reshape(counts.shape[:-1])


def _in_chunks(
    measure: Callable[[np.random.Generator, int], dict[str, float]], rng: np.random.Generator, runs: int
) -> dict[str, float]:
    """The mean over chunks of equal size, so that memory stays small."""
    chunks = [measure(rng, CHUNK) for _ in range(runs // CHUNK)]
    return {name: float(np.mean([chunk[name] for chunk in chunks])) for name in chunks[0]}


def _time(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
