"""Order statistics and moments of Gaussian initial correlations (elementary)."""

from __future__ import annotations

from functools import cache
from math import expm1, gamma, inf, log, pi, sqrt

from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

MEDIAN_POSITIVE = float(norm.isf(0.25))
"""Median of a standard normal that is positive, 0.674."""


def positive_moment(power: int) -> float:
    """E[g_+^power] of a standard normal g, power >= 1."""
    return 2 ** (power / 2) * gamma((power + 1) / 2) / (2 * sqrt(pi))


def median_maximum(count: int) -> float:
    """Median of the largest of `count` independent standard normals."""
    # Phi(x)^count = 1/2, written with the upper tail to keep large counts exact.
    return float(norm.isf(-expm1(-log(2) / count)))


@cache
def smallest_of_maxima(count: int, groups: int) -> float:
    """E of the positive part of the least of `groups` maxima of `count` standard normals each."""
    return float(quad(lambda x: (1 - ndtr(x) ** count) ** groups, 0, inf)[0])
