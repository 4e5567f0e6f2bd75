"""A band that stays true however often, and for however long, somebody looks. Pure.

Asymptotic confidence sequence after Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Annals of
Statistics 52:2613-2640, theorem 2.2), which is Robbins' normal mixture (1970, Annals of Mathematical
Statistics 41:1397-1409) with an estimated variance. All of it is said in reaches: how many standard
errors the band extends to either side of the estimate.

Error rates are those of the normal limit, so nobody should look before every arm has a few conversions.
"""

import math

UNPLANNED = 10_000  # people; where a sequence is at its narrowest if nobody planned a size


def tune_spread(tuned_for: int, *, alpha: float) -> float:
    """The variance of the mixture that makes the band about narrowest once `tuned_for` people count.

    Source: the approximation with Lambert's W_-1 in appendix B.2 of the paper. A factor of 4 beside the
    truth costs little. Raises ValueError for less than one person or an alpha not between 0 and 1.
    """
    if tuned_for < 1 or not 0 < alpha < 1:
        raise ValueError(
            f"Tune for at least 1 person and an alpha between 0 and 1, not {tuned_for}, {alpha}."
        )
    surprise = -2 * math.log(alpha)
    return (surprise + math.log(surprise + 1)) / tuned_for


def sequence_reach(people: float, *, tuned_for: int, alpha: float) -> float:
    """How many standard errors the 1 - alpha band extends once this many people count, both arms together.

    The chance that the band ever misses the truth, at any number of people, is at most alpha.
    """
    information = people * tune_spread(tuned_for, alpha=alpha)
    if information <= 0:
        return math.inf
    return math.sqrt(2 * (1 + information) / information * (0.5 * math.log1p(information) - math.log(alpha)))


def sequence_evidence(z: float, information: float) -> float:
    """The e-value of a standardised difference: how much better "a difference" explains it than "none".

    `information` is people times the spread of `tune_spread`. With no difference this is a martingale
    that starts at 1, so by Ville's inequality it ever exceeds 1 / alpha with chance alpha at most.
    """
    return math.exp(z * z / 2 * information / (1 + information)) / math.sqrt(1 + information)


def always_valid_p(z: float, people: float, *, tuned_for: int, alpha: float) -> float:
    """The smallest alpha whose band, with the spread as tuned for `alpha`, leaves out 0; 1 at most."""
    return min(1.0, 1 / sequence_evidence(z, people * tune_spread(tuned_for, alpha=alpha)))
