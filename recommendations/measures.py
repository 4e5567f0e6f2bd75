"""How good answers are: hit rate, recall, NDCG, coverage, each with what it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from recommendations.answering import NOBODY, Answers, Matrix
from recommendations.baskets import Flags, Floats, Ints

CUTOFFS = (3, 10)


@dataclass(frozen=True)
class Hits:
    """`found[case, place]` is whether the answer there was wanted; `wanted` counts what each case wanted."""

    found: Flags
    wanted: Ints


def find_hits(answers: Answers, wanted: Matrix) -> Hits:
    """Look every answer up in what the case wanted."""
    width = wanted.shape[1]
    rows = np.repeat(np.arange(wanted.shape[0]), np.diff(wanted.indptr)).astype(np.int64)
    keys = np.arange(wanted.shape[0])[:, None] * width + answers.products
    found = np.isin(keys, rows * width + wanted.indices) & (answers.products != NOBODY)
    return Hits(found, np.diff(wanted.indptr).astype(np.int64))


def measure(
    answers: Answers, wanted: Matrix, *, known: int, same_type: Floats | None = None
) -> dict[str, float]:
    """Every figure of a method on a task. `known` is the number of products that could have been named.

    `n` is a whole number; `hit_rate_se@3` is the standard error; recall divides by all that was wanted; NDCG
    has gains of 0 and 1.
    """
    hits = find_hits(answers, wanted)
    figures: dict[str, float] = {"n": len(hits.wanted)}
    for places in CUTOFFS:
        figures |= _measure_at(hits, places)
    named = np.unique(answers.products[:, :3])
    figures["coverage@3"] = float(np.sum(named != NOBODY) / max(known, 1))
    if same_type is not None:
        figures["same_type_share@3"] = float(np.mean(same_type)) if len(same_type) else 0.0
    return {name: round(value, 6) for name, value in figures.items()}


def _measure_at(hits: Hits, places: int) -> Mapping[str, float]:
    found = hits.found[:, :places]
    if not len(found):
        return {f"{name}@{places}": 0.0 for name in ("hit_rate", "hit_rate_se", "recall", "ndcg")}
    hit = np.asarray(found.any(axis=1), dtype=np.float64)
    gains = 1.0 / np.log2(np.arange(found.shape[1]) + 2.0)
    best = np.cumsum(gains)[np.minimum(hits.wanted, found.shape[1]) - 1]
    return {
        f"hit_rate@{places}": float(hit.mean()),
        f"hit_rate_se@{places}": float(hit.std() / np.sqrt(len(found))),
        f"recall@{places}": float((found.sum(axis=1) / hits.wanted).mean()),
        f"ndcg@{places}": float(((found * gains).sum(axis=1) / best).mean()),
    }


def pool(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The figures of several months as one: means weighted by cases, cases and errors added up."""
    cases = sum(part["n"] for part in parts)
    pooled = {"n": cases}
    for name in parts[0].keys() - {"n"}:
        if "_se@" in name:
            error = sum((part["n"] * part[name]) ** 2 for part in parts) ** 0.5
            pooled[name] = round(error / max(cases, 1.0), 6)
        else:
            pooled[name] = round(sum(part["n"] * part[name] for part in parts) / max(cases, 1.0), 6)
    return pooled
