"""Before the start: how many people, how many days, and what speaks against it. Pure."""

import math
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from scipy.optimize import brentq

from experiments.boundaries import Design, chances_to_decide, combined_reaches
from experiments.estimates import LEAST_CONVERSIONS

LONGEST, SHORTEST = 56, 7  # days


class Warning(StrEnum):
    pass
