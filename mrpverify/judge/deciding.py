"""How many seeds would decide a share, or a mean, that these seeds leave open."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import inf, sqrt

import numpy as np
from scipy import stats

from .e_value import wealth
from .sequential import LEVEL, design

POWER = 0.8
"""Chance of a decision that the number of seeds is chosen for."""

MOST_SEEDS = 200
"""Beyond so many nothing is promised: the share is too near to the threshold."""
MOST_OF_A_MEAN = 2000
"""The same of a mean: its end is too near."""
CANDIDATES: tuple[int, ...] = (*range(1, 49), *range(56, MOST_SEEDS + 1, 8))
"""Numbers of seeds that are tried: every one, then multiples of 8."""


@cache
def seeds_that_decide(share: float, threshold: float) -> int | None:
    """Least of CANDIDATES whose sequential design decides at this true share.

    The chance of that, exact, reaches POWER; None beyond MOST_SEEDS. Raises ValueError for a share
    or a threshold outside [0, 1], ends of the threshold included.
    """
    _check(share, threshold)
    for seeds in CANDIDATES:
        chances = design(seeds, threshold).characteristics(share)
        if chances.supported + chances.refuted >= POWER:
            return seeds
    return None


def seeds_beyond(share: float, threshold: float) -> float:
    """About how many seeds decide where MOST_SEEDS do not; inf for a share at the threshold.

    Of one look whose count is normal, as that of hundreds of seeds is: the chance of a decision is
    POWER. Raises ValueError as `seeds_that_decide` does.
    """
    _check(share, threshold)
    if share == threshold:
        return inf
    spread = stats.norm.ppf(1 - LEVEL) * sqrt(threshold * (1 - threshold))
    spread += stats.norm.ppf(POWER) * sqrt(share * (1 - share))
    return float((spread / (share - threshold)) ** 2)


@cache
def seeds_that_decide_again(share: float, threshold: float) -> int | None:
    """Least number of seeds by which the e-value of a claim that is asked again has decided.

    Seeds one by one, exact: the chance that either wealth has reached 1/LEVEL at this true share
    reaches POWER; None beyond MOST_SEEDS. Raises ValueError as `seeds_that_decide` does.
    """
    _check(share, threshold)
    going, decided, few, enough = np.array([1.0]), 0.0, -1, 0
    for seeds in range(1, MOST_SEEDS + 1):
        going = np.convolve(going, [1 - share, share])
        few, enough = _edges(seeds, threshold, few, enough)
        counts = np.arange(seeds + 1)
        reached = (counts <= few) | (counts >= enough)
        decided += float(going[reached].sum())
        going = np.where(reached, 0.0, going)
        if decided >= POWER:
            return seeds
    return None


def seeds_that_decide_mean(
    value: float, interval: tuple[float, float], seeds: int, ends: Sequence[float]
) -> int | None:
    """Seeds by which a mean's interval would lie on one side of the nearest of `ends`.

    Where its true mean is the measured one, with a chance of about POWER: the central 1 - 2 LEVEL
    interval shrinks as 1/sqrt(seeds) and the mean keeps its distance, both normal. None beyond
    MOST_OF_A_MEAN, and where the interval is not finite or no end is. Never fewer than `seeds`.
    """
    finite = [abs(value - end) for end in ends if np.isfinite(end)]
    half = (interval[1] - interval[0]) / 2
    if not finite or min(finite) == 0 or not np.isfinite(half):
        return None
    reach = 1 + stats.norm.ppf(POWER) / stats.norm.ppf(1 - LEVEL)
    needed = np.ceil(seeds * (reach * half / min(finite)) ** 2)
    return None if needed > MOST_OF_A_MEAN else max(seeds + 1, int(needed))


def _edges(seeds: int, threshold: float, few: int, enough: int) -> tuple[int, int]:
    """Most and least true seeds of so many that their e-values decide by, from those of one less.

    Another seed takes both further or leaves them: a false one adds nothing to what supports.
    """
    while enough <= seeds and wealth(enough, seeds - enough, threshold, True) < 1 / LEVEL:
        enough += 1
    while few < seeds and wealth(few + 1, seeds - few - 1, threshold, False) >= 1 / LEVEL:
        few += 1
    return few, enough


def _check(share: float, threshold: float) -> None:
    """Raise ValueError for what is no share."""
    if not (0 <= share <= 1 and 0 < threshold < 1):
        raise ValueError(f"share={share}, threshold={threshold}: need shares, the latter inside")
