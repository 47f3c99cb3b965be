"""How many of independent chances come true: an exact distribution, and its upper quantile."""

from __future__ import annotations

import numpy as np


def number_true(chances: np.ndarray) -> np.ndarray:
    """Probabilities (n + 1 of them) that 0, 1, ..., n of n independent events come true.

    `chances` are theirs [n]. Poisson-binomial, by convolution. Raises ValueError for a chance
    outside [0, 1].
    """
    if not ((chances >= 0) & (chances <= 1)).all():
        raise ValueError(f"chances={chances}: each must lie in [0, 1]")
    found = np.ones(1)
    for chance in chances:
        found = np.convolve(found, (1 - chance, chance))
    return found


def largest_by_chance(chances: np.ndarray, level: float = 0.05) -> int:
    """The smallest count that is exceeded with probability `level` at most."""
    beyond = 1 - np.cumsum(number_true(chances))
    return int(np.argmax(beyond <= level + 1e-12))


def probability_of(chances: np.ndarray, count: int) -> float:
    """Probability of `count` or more."""
    return min(1.0, float(number_true(chances)[count:].sum()))
