"""What the experiments refuse, in the language of the page."""

from collections.abc import Iterable

from django.utils.translation import gettext

from experiments.problems import ExperimentError, Problem


def write_refusal(error: ExperimentError) -> str:
    """All of it in one paragraph; it names what to mend."""
    return " ".join(write_problems(error.problems))


def write_problems(problems: Iterable[Problem]) -> list[str]:
    return [problem.write(gettext) for problem in problems]
