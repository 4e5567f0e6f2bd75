"""What an experiment says, in one sentence of the page's language. Numbers only where a rule allows them."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from dashboard.effects import choose_scale
from dashboard.formatting import format_count
from experiments.broadcasts import pick_leader
from experiments.comparisons import Metric
from experiments.models import Experiment
from experiments.report import Report
from experiments.verdicts import Finding, Rule, Status

MORE: dict[Metric, "str | Promise"] = {
    Metric.CLICK: _("“%(arm)s” makes %(low)s to %(high)s more of 100 people click"),
    Metric.CONVERSION: _("“%(arm)s” brings %(low)s to %(high)s more orders per 100 people"),
    Metric.REVENUE: _("“%(arm)s” brings %(low)s to %(high)s more revenue per 100 people"),
    Metric.MARGIN: _("“%(arm)s” brings %(low)s to %(high)s more margin per 100 people"),
    Metric.ORDER_VALUE: _("“%(arm)s” brings %(low)s to %(high)s more per order"),
}
LESS: dict[Metric, "str | Promise"] = {
    Metric.CLICK: _("“%(arm)s” makes %(low)s to %(high)s fewer of 100 people click"),
    Metric.CONVERSION: _("“%(arm)s” brings %(low)s to %(high)s fewer orders per 100 people"),
    Metric.REVENUE: _("“%(arm)s” brings %(low)s to %(high)s less revenue per 100 people"),
    Metric.MARGIN: _("“%(arm)s” brings %(low)s to %(high)s less margin per 100 people"),
    Metric.ORDER_VALUE: _("“%(arm)s” brings %(low)s to %(high)s less per order"),
}
TONES = {
    Status.BETTER: "good",
    Status.WORSE: "bad",
    Status.HARMFUL: "bad",
    Status.BLOCKED: "bad",
    Status.UNDECIDED: "plain",
    Status.COLLECTING: "info",
}


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence on top and its colour. `names` are those of the arms."""

    sentence: str
    tone: str
    is_claim: bool = False


def write_headline(report: Report, names: Mapping[str, str], currency: str, *, is_one_shot: bool) -> Headline:
    """The verdict of the whole experiment; a broadcast that goes out once has a leader instead."""
    experiment, verdict = report.experiment, report.verdict
    if experiment.status == Experiment.Status.DRAFT:
        return Headline(gettext("Not started yet."), "plain")
    if verdict.status is Status.BLOCKED:
        return Headline(
            gettext("Stopped: the split is broken. Find out why before believing any comparison."), "bad"
        )
    if verdict.status is Status.HARMFUL:
        arm = names.get(verdict.variant or "", verdict.variant or "")
        return Headline(gettext("“%(arm)s” does harm. Stop it; what it did is below.") % {"arm": arm}, "bad")
    finding = next((f for f in verdict.findings if f.is_primary and f.variant == verdict.variant), None)
    if is_one_shot and verdict.status is Status.COLLECTING and (leader := _find_leader(report)):
        text = gettext("“%(arm)s” leads so far: the best guess for the rest of the list, not a proof.")
        return Headline(text % {"arm": names[leader]}, "info")
    if finding is None or finding.estimate is None:
        return Headline(_write_start(report), "info")
    is_claim = verdict.status in (Status.BETTER, Status.WORSE)
    return Headline(write_finding(finding, names, currency), TONES[verdict.status], is_claim)


def write_finding(finding: Finding, names: Mapping[str, str], currency: str) -> str:
    """One sentence on one arm by one metric."""
    match finding.status:
        case Status.BETTER | Status.WORSE:
            certainty = (
                gettext("very likely to be true")
                if finding.rule is Rule.SEQUENCE
                else gettext("likely to be true")
            )
            said = {"difference": _write_difference(finding, names, currency), "certainty": certainty}
            return gettext("%(difference)s; %(certainty)s.") % said
        case Status.UNDECIDED:
            return _write_nothing_found(finding, currency)
        case Status.BLOCKED:
            return gettext("Stopped: the split is broken. Find out why before believing any comparison.")
        case _:
            return _write_wait(finding)


def _write_difference(finding: Finding, names: Mapping[str, str], currency: str) -> str:
    metric, estimate, interval = Metric(finding.metric), finding.estimate, finding.interval
    if estimate is None or interval is None:
        return names[finding.variant]
    is_more = estimate.difference > 0
    low, high = (interval.low, interval.high) if is_more else (-interval.high, -interval.low)
    scale = choose_scale(metric, currency, [interval])
    template = str((MORE if is_more else LESS)[metric])
    return template % {
        "arm": names[finding.variant],
        "low": scale.size(max(low, 0.0)),
        "high": scale.size(high),
    }


def _write_nothing_found(finding: Finding, currency: str) -> str:
    if finding.interval is None:
        return gettext("No difference found by the planned end.")
    scale = choose_scale(Metric(finding.metric), currency, [finding.interval])
    text = gettext("No difference found by the planned end: it lies between %(low)s and %(high)s %(unit)s.")
    low, high = (f"\u2066{scale.write(end)}\u2069" for end in (finding.interval.low, finding.interval.high))
    return text % {"low": low, "high": high, "unit": scale.unit}


def _write_wait(finding: Finding) -> str:
    days = finding.days_left
    if days is None:
        return gettext("Still collecting.")
    text = ngettext("Still collecting: about %(days)s day.", "Still collecting: about %(days)s days.", days)
    sentences = [text % {"days": format_count(days)}]
    if finding.ends_short:
        sentences.append(gettext("The plan ends on its last day, before all planned people have come."))
    return " ".join(sentences)


def _write_start(report: Report) -> str:
    """Before anybody counts: whose window is open tells nothing yet."""
    days = report.experiment.window_days
    text = ngettext(
        "Still collecting: people count %(days)s day after they entered.",
        "Still collecting: people count %(days)s days after they entered.",
        days,
    )
    return text % {"days": format_count(days)}


def _find_leader(report: Report) -> str | None:
    """By clicks of everybody so far, as the rest of the list will not wait for the window to end."""
    arms = [arm for arm in report.arms if not arm.is_holdout]
    metric = Metric.CONVERSION if report.experiment.metric == Metric.CONVERSION else Metric.CLICK
    rates = {arm.key: arm.everybody.rate(metric) for arm in arms}
    is_known = len(rates) > 1 and all(rate.trials and rate.successes for rate in rates.values())
    return pick_leader(rates) if is_known else None
