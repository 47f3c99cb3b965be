"""Exact intervals over seeds: seeds are independent replicates of data and init (section 6)."""

from __future__ import annotations

from functools import cache

import numpy as np
from scipy import stats

CONFIDENCE = 0.90
"""Central level that is reported: both one-sided bounds hold at 95 % each."""

ANY = (-np.inf, np.inf)
"""Values that any number can be."""
SHARE = (0.0, 1.0)
"""Values that a share, such as an accuracy, can be."""

APPROXIMATE = (
    "t-interval of a mean over seeds, approximate: it is too narrow where rare seeds lie far from "
    "the others"
)
"""What every t-interval takes for granted; docs/calibration.md measures it."""


@cache
def clopper_pearson(
    successes: int, trials: int, confidence: float = CONFIDENCE
) -> tuple[float, float]:
    """Exact central interval of a proportion, 90 % unless told otherwise.

    Raises ValueError for impossible counts.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(
            f"successes={successes}, trials={trials}: need 0 <= successes <= trials > 0"
        )
    interval = stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
    return float(interval.low), float(interval.high)


def share_interval(successes: int, not_known: int, trials: int) -> tuple[float, float]:
    """90 % interval of a share of seeds that holds whatever those that are not known may say.

    Raises ValueError for impossible counts.
    """
    low, _ = clopper_pearson(successes, trials)
    _, high = clopper_pearson(successes + not_known, trials)
    return low, high


def mean_interval(
    values: np.ndarray,
    confidence: float = CONFIDENCE,
    resolution: float = 0.0,
    possible: tuple[float, float] = ANY,
) -> tuple[float, float]:
    """Central t-interval of the mean of independent values [seeds], 90 % unless told otherwise.

    Approximate: it is too narrow where rare values lie far from the others (docs/calibration.md).
    NaN is no value; fewer than two finite ones leave it open, and an infinite one (never) leaves it
    open on its side. It never goes beyond the `possible` values. A `resolution` says how finely a
    value is known (a share of n: 1/n): the standard error is at least that of one value off by as
    much.
    """
    given = np.asarray(values, dtype=float)
    finite = given[np.isfinite(given)]
    if len(finite) < 2:
        return possible
    mean = float(finite.mean())
    error = max(finite.std(ddof=1) / np.sqrt(len(finite)), resolution / len(finite))
    low, high = _t_quantiles(confidence, len(finite) - 1) if error > 0 else (0.0, 0.0)
    bottom = -np.inf if np.isneginf(given).any() else float(low * error + mean)
    top = np.inf if np.isposinf(given).any() else float(high * error + mean)
    return max(bottom, possible[0]), min(top, possible[1])


@cache  # a page of tables asks for twenty thousand, most of them at a few levels and seeds
def _t_quantiles(confidence: float, degrees: int) -> tuple[float, float]:
    """Both ends of the central interval of Student's t."""
    low, high = stats.t.interval(confidence, degrees)
    return float(low), float(high)
