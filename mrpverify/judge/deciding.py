"""How many seeds would decide a share that these seeds leave open."""

from __future__ import annotations

import numpy as np
from scipy import stats

from .intervals import CONFIDENCE

POWER = 0.8
"""Chance of a decision that the number of seeds is chosen for."""

MOST_SEEDS = 2000
"""Beyond so many nothing is promised: the share is too near to the threshold."""


def seeds_that_decide(share: float, threshold: float) -> int | None:
    """Least number of seeds with which the exact interval leaves the threshold at this true share.

    The chance of that, an exact binomial sum, reaches POWER; None beyond MOST_SEEDS. Raises
    ValueError for a share or a threshold outside [0, 1].
    """
    if not (0 <= share <= 1 and 0 <= threshold <= 1):
        raise ValueError(f"share={share}, threshold={threshold}: both must lie in [0, 1]")
    for seeds in range(1, MOST_SEEDS + 1):
        if _chance_to_decide(seeds, share, threshold) >= POWER:
            return seeds
    return None


def _chance_to_decide(seeds: int, share: float, threshold: float) -> float:
    """Chance that the Clopper-Pearson interval of so many seeds leaves the threshold out."""
    counts = np.arange(seeds + 1)
    tail = (1 - CONFIDENCE) / 2
    # An exact bound clears the threshold where the tail at the threshold is below its level.
    above = stats.binom.sf(counts - 1, seeds, threshold) < tail
    below = stats.binom.cdf(counts, seeds, threshold) < tail
    return float(stats.binom.pmf(counts, seeds, share)[above | below].sum())
