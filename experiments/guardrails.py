"""Does a variant harm, and is the split as planned? Evidence that holds at every look, for ever. Pure.

Both measures are e-values: how much better "something is wrong" explains what was counted than "all is
well". They start at 1, and if all is well they ever reach 1 / alpha with chance alpha at most (Ville 1939),
exactly, for any size and however often somebody looks. So once reached, an alarm stays: the caller keeps it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from scipy.special import betainc, betaln, gammaln, log_ndtr, xlogy

from experiments.statistics import Rate

HARM_ALPHA = 0.05
MISMATCH_ALPHA = 0.01
