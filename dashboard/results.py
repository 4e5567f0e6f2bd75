"""An experiment's result page: plots and tables made of the report, in the words of the page's language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaigns.models import Campaign
from dashboard.charts import Interval, draw_intervals
from dashboard.effects import Scale, choose_scale
from dashboard.formatting import format_short_day
from dashboard.guards import Guard, list_guards
from dashboard.lift_charts import LiftPoint, draw_lift
from dashboard.money import Earned, count_money
from dashboard.trials import TrialRow, list_trials
from dashboard.verdicts import Headline, write_finding, write_headline
from experiments.comparisons import HOLDOUT, WRITTEN, Metric
from experiments.models import Experiment
from experiments.report import ArmLine, Comparison, MarketCell, Point, Report, read_report
from experiments.verdicts import Status


@dataclass(frozen=True, slots=True)
class ArmRow:
    name: str
    line: ArmLine


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One comparison by one metric: what is known, written on its metric's scale."""

    arm: str
    reference: str
    comparison: Comparison
    scale: Scale
    sentence: str

    @property
    def interval(self) -> Interval | None:
        """None while too little is known to draw a line."""
        found = self.comparison.finding
        range_ = found.interval or found.band
        if found.estimate is None or range_ is None:
            return None
        return Interval(self.arm, range_.low, found.estimate.difference, range_.high)


@dataclass(frozen=True, slots=True)
class LiftPlot:
    """`drawing` is None while there is one look only: a single day shows no way."""

    row: EffectRow
    drawing: SafeString | None
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class MarketRow:
    arm: str
    reference: str
    cell: MarketCell
    scale: Scale


@dataclass(frozen=True, slots=True)
class Result:
    """`effects` are by the deciding metric, `others` by all the rest, which never decide. Of `small_markets`
    nothing can be said yet."""

    report: Report
    headline: Headline
    arms: list[ArmRow]
    effects: list[EffectRow]
    others: list[EffectRow]
    plot: SafeString | None
    lifts: list[LiftPlot]
    guards: list[Guard]
    markets: list[MarketRow]
    small_markets: list[MarketRow]
    money: Earned
    trials: list[TrialRow]
    currency: str


def build_result(experiment: Experiment) -> Result:
    """Reads the report alone: day totals and looks that were taken, whatever the number of people.

    Of a broken split no comparison is shown; who looks for the cause finds all looks in the exports.
    """
    report, currency = read_report(experiment), str(settings.PAIRWELL["CURRENCY"])
    names = name_arms(report)
    trials = list_trials(experiment, names)
    rows = [_make_effect(c, names, currency) for c in report.comparisons]
    effects = [row for row in rows if row.comparison.metric == experiment.metric]
    is_broken = report.verdict.status is Status.BLOCKED
    cells = () if is_broken else report.markets
    markets = [_make_market(cell, experiment, names, currency) for cell in cells]
    return Result(
        report=report,
        headline=_write_headline(report, names, currency, trials),
        arms=[ArmRow(names[line.key], line) for line in report.arms],
        effects=effects,
        others=[row for row in rows if row.comparison.metric != experiment.metric],
        plot=_draw_effects(effects),
        lifts=[] if is_broken else [plot for row in effects if (plot := _draw_lift(row))],
        guards=list_guards(report, names),
        markets=[row for row in markets if not row.cell.is_small],
        small_markets=[row for row in markets if row.cell.is_small],
        money=count_money(report),
        trials=trials,
        currency=currency,
    )


def name_arms(report: Report) -> dict[str, str]:
    """The name of every arm, and of those that a comparison puts together."""
    names = {line.key: line.variant.name for line in report.arms if line.variant}
    return {HOLDOUT: _("Held out"), WRITTEN: _("Writing at all"), **names}


def list_flows(experiment: Experiment) -> list[Campaign]:
    """The flows that it changes, or that it is planned for or ran on where they aren't its own."""
    return list(experiment.campaigns.all()) or list(experiment.planned_campaigns.all())


def _write_headline(
    report: Report, names: Mapping[str, str], currency: str, trials: Sequence[TrialRow]
) -> Headline:
    """Until a rule says more, what became of the newest trial is what a marketer wants to know."""
    headline = write_headline(report, names, currency, is_one_shot=_goes_out_once(report.experiment))
    is_open = report.verdict.status in (Status.COLLECTING, Status.UNDECIDED)
    if is_open and trials and trials[0].trial.decided_at:
        return Headline(trials[0].sentence, "info")
    return headline


def _goes_out_once(experiment: Experiment) -> bool:
    """Whether its campaigns are sent by hand: then nobody comes after the list. Also of campaigns that
    another experiment has taken over since. Two queries or three."""
    flows = [campaign.pk for campaign in list_flows(experiment)]
    return bool(flows) and not Campaign.objects.filter(pk__in=flows, triggers__isnull=False).exists()


def _make_effect(comparison: Comparison, names: Mapping[str, str], currency: str) -> EffectRow:
    found, pair = comparison.finding, comparison.pair
    ranges = [range_ for range_ in (found.interval or found.band,) if range_]
    return EffectRow(
        arm=names[pair.arm],
        reference=names[pair.reference],
        comparison=comparison,
        scale=choose_scale(comparison.metric, currency, ranges),
        sentence=write_finding(found, names, currency),
    )


def _draw_effects(rows: Sequence[EffectRow]) -> SafeString | None:
    known = [(row.interval, row.scale) for row in rows if row.interval]
    if not known:
        return None
    words = "; ".join(_describe(interval, scale) for interval, scale in known)
    intervals, scale = [interval for interval, _scale in known], known[0][1]
    title = _("Difference in %(unit)s. %(intervals)s.") % {"unit": scale.unit, "intervals": words}
    return draw_intervals(intervals, title=title, write=scale.write)


def _describe(interval: Interval, scale: Scale) -> str:
    return _("%(arm)s: %(estimate)s, between %(low)s and %(high)s") % {
        "arm": interval.label,
        "estimate": scale.write(interval.estimate),
        "low": scale.write(interval.low),
        "high": scale.write(interval.high),
    }


def _draw_lift(row: EffectRow) -> LiftPlot | None:
    known = [p for p in row.comparison.points if p.difference is not None and not p.skipped]
    if not known:
        return None
    if len(known) == 1:
        return LiftPlot(row, None, row.comparison.points)
    last = known[-1]
    text = _("“%(arm)s” against “%(reference)s” day by day, in %(unit)s; on the last day %(estimate)s.")
    title = text % {
        "arm": row.arm,
        "reference": row.reference,
        "unit": row.scale.unit,
        "estimate": row.scale.write(last.difference or 0.0),
    }
    drawing = draw_lift([_place(p) for p in known], title=title, write=row.scale.write)
    return LiftPlot(row, drawing, row.comparison.points)


def _place(point: Point) -> LiftPoint:
    low, high = (point.band.low, point.band.high) if point.band else (None, None)
    return LiftPoint(format_short_day(point.day), point.difference or 0.0, low, high)


def _make_market(
    cell: MarketCell, experiment: Experiment, names: Mapping[str, str], currency: str
) -> MarketRow:
    ranges = [cell.interval] if cell.interval else []
    scale = choose_scale(Metric(experiment.metric), currency, ranges)
    return MarketRow(names[cell.pair.arm], names[cell.pair.reference], cell, scale)
