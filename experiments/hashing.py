"""From an id to an arm: the same answer on every machine, for ever.

The scheme is GrowthBook's hash version 2, so that its SDKs and ours agree. Version 1 is left out on
purpose: its buckets for related seeds depend on each other. Pure; knows nothing of Django.
"""

from collections.abc import Sequence
from struct import iter_unpack

Range = tuple[float, float]
_OFFSET, _PRIME, _MASK = 0x811C9DC5, 0x01000193, 0xFFFFFFFF


def fnv1a32(text: str) -> int:
    """The 32-bit FNV-1a hash over the UTF-16 code units of the text, as GrowthBook's SDKs compute it.

    Source: Fowler, Noll, Vo, IETF draft-eastlake-fnv, section 2; over bytes there, equal for ASCII.
    """
    value = _OFFSET
    for (unit,) in iter_unpack("<H", text.encode("utf-16-le", "surrogatepass")):
        value = (value ^ unit) * _PRIME & _MASK
    return value


def bucket(seed: str, unit: str) -> float:
    """Where this unit falls between 0 and 1 under this seed, in steps of 1/10,000."""
    return fnv1a32(str(fnv1a32(seed + unit))) % 10_000 / 10_000


def bucket_ranges(count: int, coverage: float, weights: Sequence[float] | None = None) -> list[Range]:
    """The half-open range of each arm. Arms start where they would with full coverage, so that raising
    the coverage moves nobody. Weights that don't sum to 1 within 0.01 or don't match count as equal."""
    coverage = min(max(coverage, 0.0), 1.0)
    if weights is None or len(weights) != count or not 0.99 <= sum(weights) <= 1.01:
        weights = [1 / count] * count if count > 0 else []
    ranges, start = [], 0.0
    for weight in weights:
        ranges.append((start, start + coverage * weight))
        start += weight
    return ranges


def choose(point: float, ranges: Sequence[Range]) -> int:
    """The number of the range that holds the point, or -1."""
    for number, (start, end) in enumerate(ranges):
        if start <= point < end:
            return number
    return -1
