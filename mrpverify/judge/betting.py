"""Intervals and tests of the mean of bounded values by betting (Waudby-Smith and Ramdas 2024).

For a mean m, a bettor who stakes a predictable part of their wealth on values above m (or below)
gains on average only where the mean is not m. Wealth under the true m is a nonnegative martingale,
so the chance that it ever reaches 1/level is at most `level` (Ville), whatever the distribution:
rare losses, no spread and skewness included.
"""

from __future__ import annotations

import numpy as np

GRID = 1001
"""Means that are tried; an interval reaches to the next one outside."""
MOST = 0.9
"""Largest part of what could be lost that is staked."""


def bounded_interval(
    values: np.ndarray, bounds: tuple[float, float], confidence: float = 0.90
) -> tuple[float, float]:
    """Central interval of the mean of independent values [seeds] in `bounds`, any distribution.

    Each side holds with a chance of at least 1 - (1 - confidence)/2. Values that are not finite are
    left out; without any the interval is `bounds`. Raises ValueError for bounds in no order, or a
    value outside them.
    """
    low, high = bounds
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if not low < high or np.any((finite < low) | (finite > high)):
        raise ValueError(f"bounds={bounds}: need low < high and every value between them")
    unit, level = (finite - low) / (high - low), (1 - confidence) / 2
    means = np.linspace(0, 1, GRID)
    # Each one-sided wealth has a level of its own, and is monotone in the mean that is tried.
    below = _largest_wealth(unit, means) >= np.log(1 / level)
    above = _largest_wealth(1 - unit, 1 - means) >= np.log(1 / level)
    kept_from = means[below].max(initial=0.0)
    kept_to = means[above].min(initial=1.0)
    return float(low + (high - low) * kept_from), float(low + (high - low) * kept_to)


def _largest_wealth(unit: np.ndarray, means: np.ndarray) -> np.ndarray:
    """Largest log wealth of betting that the mean of `unit` [seeds] is above each of `means`.

    The stake of a seed depends on those before it alone (predictable plug-in, their eq. 26).
    """
    seeds = np.arange(1, len(unit) + 1)
    mean = (0.5 + np.cumsum(unit)) / (seeds + 1)
    spread = (0.25 + np.cumsum((unit - mean) ** 2)) / (seeds + 1)
    before = np.concatenate([[0.25], spread])[: len(unit)]
    stakes = np.sqrt(2 * np.log(20) / (before * max(len(unit), 1)))
    with np.errstate(divide="ignore"):
        limit = MOST / means  # at mean 0 nothing can be lost
    wealth = best = np.zeros(len(means))
    for value, stake in zip(unit, stakes, strict=True):
        wealth = wealth + np.log1p(np.minimum(stake, limit) * (value - means))
        best = np.maximum(best, wealth)
    return best
