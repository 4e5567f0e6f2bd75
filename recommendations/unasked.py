"""Tasks that a shop's orders cannot ask: no figure instead of 0, and why."""

from collections.abc import Mapping

import numpy as np

from recommendations.trade_ups import FEWEST_CANDIDATES, Goods

_BASKET = "No order of these days holds two products that were sold before."
_REASONS: Mapping[str, str] = {
    "basket": _BASKET,
    "single": _BASKET,
    "next_new": "No customer with an earlier order bought anything in these days that was new to them "
    "and sold before. Are customers named?",
    "repeat": "No customer with an earlier order bought anything in these days that was sold before. "
    "Are customers named?",
    "upgrade": "No customer bought a dearer product of a type they had, out of "
    f"{FEWEST_CANDIDATES} or more in the price band.",
}


def blank_unasked(figures: Mapping[str, float]) -> dict[str, float | None]:
    """The figures, or `n` 0 and None for all others where nothing was asked: 0 would say that all failed."""
    if figures["n"]:
        return dict(figures)
    return {name: 0 if name == "n" else None for name in figures}


def explain_unasked(asked: Mapping[str, float], goods: Goods) -> dict[str, str]:
    """Why each task without cases has none, in a sentence; tasks with cases are left out."""
    reasons = {task: _REASONS[task] for task, cases in asked.items() if not cases}
    if "upgrade" in reasons and not np.any(goods.price > 0):
        reasons["upgrade"] = "Upgrades need prices, and there are none."
    return reasons
