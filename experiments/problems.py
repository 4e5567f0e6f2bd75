"""Why something can't be done: an English sentence, and its parts for pages in other languages. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Problem:
    """`text` has places such as %(key)s for `values`; a value may be a problem of its own."""

    text: str
    values: Mapping[str, "str | int | float | Problem"] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.write(lambda text: text)

    def write(self, translate: Callable[[str], str]) -> str:
        """The sentence in the words that `translate` has for its text."""
        values = {
            name: value.write(translate) if isinstance(value, Problem) else value
            for name, value in self.values.items()
        }
        return translate(self.text) % values


class ExperimentError(ValueError):
    """The experiment can't be changed like that; the message says what is wrong and how to mend it."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = problems
