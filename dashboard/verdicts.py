"""An experiment as a marketer reads it: a table, two plots, and a sentence that never names a winner."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.arms import HOLDOUT, count_arms, plan_shares
from dashboard.charts import Interval, draw_intervals
from dashboard.formatting import format_count, format_points
from experiments.models import Experiment
from experiments.results import (
    LEAST_CONVERSIONS,
    ArmResult,
    Comparison,
    Reading,
    Results,
    build_results,
)


@dataclass(frozen=True, slots=True)
class ArmRow:
    name: str
    is_holdout: bool
    result: ArmResult


@dataclass(frozen=True, slots=True)
class Plot:
    """Differences in the share of people who ordered, each arm against one other."""

    title: str
    drawing: SafeString
    intervals: Sequence[Interval]


@dataclass(frozen=True, slots=True)
class Verdict:
    rows: list[ArmRow]
    sentences: list[str]
    plots: list[Plot]
    has_mismatch: bool
    currency: str


def judge_experiment(experiment: Experiment) -> Verdict:
    """Counts the arms and puts them into words."""
    variants = list(experiment.variants.all())
    names = {v.key: v.name for v in variants} | {HOLDOUT: _("Held out")}
    control = next((v.key for v in variants if v.is_control), None)
    counts, shares = count_arms(experiment), plan_shares(experiment)
    holdout = (
        HOLDOUT if any(arm.assigned or shares[arm.arm] for arm in counts if arm.arm == HOLDOUT) else None
    )
    if holdout is None:  # nobody is held out, so there is nothing to show or to compare with
        counts = [arm for arm in counts if arm.arm != HOLDOUT]
        del shares[HOLDOUT]
    results = build_results(counts, control=control, holdout=holdout, shares=shares)
    return Verdict(
        rows=[ArmRow(names[a.counts.arm], a.counts.arm == HOLDOUT, a) for a in results.arms],
        sentences=_write_sentences(results, names, control),
        plots=_draw_plots(results, names, control),
        has_mismatch=results.has_mismatch,
        currency=settings.PAIRWELL["CURRENCY"],
    )


def _write_sentences(results: Results, names: dict[str, str], control: str | None) -> list[str]:
    sentences = []
    for arm in results.arms:
        for other, comparison in ((control, arm.vs_control), (HOLDOUT, arm.vs_holdout)):
            if comparison and other:
                sentences.append(_write_sentence(names[arm.counts.arm], names[other], comparison))
    return sentences


def _write_sentence(arm: str, other: str, comparison: Comparison) -> str:
    templates = {
        Reading.COLLECTING: _(
            "“%(arm)s” against “%(other)s”: still collecting; each needs at least %(least)s orders."
        ),
        Reading.UNCLEAR: _("“%(arm)s” against “%(other)s”: no clear difference yet."),
        Reading.HIGHER: _("“%(arm)s” against “%(other)s”: more people ordered so far."),
        Reading.LOWER: _("“%(arm)s” against “%(other)s”: fewer people ordered so far."),
    }
    least = format_count(LEAST_CONVERSIONS)
    return templates[comparison.reading] % {"arm": arm, "other": other, "least": least}


def _draw_plots(results: Results, names: dict[str, str], control: str | None) -> list[Plot]:
    against_holdout = [(names[a.counts.arm], a.vs_holdout) for a in results.arms]
    plots = [_draw_plot(_("Compared with the people who get nothing"), against_holdout)]
    if control is not None:
        against_control = [(names[a.counts.arm], a.vs_control) for a in results.arms]
        title = _("Compared with “%(control)s”") % {"control": names[control]}
        plots.append(_draw_plot(title, against_control))
    return [plot for plot in plots if plot]


def _draw_plot(title: str, comparisons: Sequence[tuple[str, Comparison | None]]) -> Plot | None:
    intervals = [
        Interval(name, found.interval.low, found.estimate, found.interval.high)
        for name, comparison in comparisons
        if comparison and (found := comparison.conversions)
    ]
    if not intervals:
        return None
    words = "; ".join(_describe(interval) for interval in intervals)
    label = _("%(title)s, difference in the share of people who ordered. %(intervals)s.")
    drawing = draw_intervals(
        intervals, title=label % {"title": title, "intervals": words}, write=format_points
    )
    return Plot(title, drawing, intervals)


def _describe(interval: Interval) -> str:
    return _("%(arm)s: %(estimate)s, between %(low)s and %(high)s") % {
        "arm": interval.label,
        "estimate": format_points(interval.estimate),
        "low": format_points(interval.low),
        "high": format_points(interval.high),
    }
