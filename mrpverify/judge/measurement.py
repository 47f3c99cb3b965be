"""A statistic with its interval, its threshold and what the numbers alone say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .intervals import clopper_pearson, mean_interval
from .verdicts import Verdict, measured_above


@dataclass(frozen=True)
class Measurement:
    """One measured claim: what was counted, its interval and what it is held against."""

    statistic: str
    value: float
    interval: tuple[float, float]
    threshold: float
    measured: Verdict
    successes: int | None = None
    trials: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def share_of_seeds(
    holds: np.ndarray, statistic: str, details: Mapping[str, Any] | None = None
) -> Measurement:
    """A per-seed true/false claim [seeds] against p0: exact interval over independent seeds."""
    successes, trials = int(np.sum(holds)), len(holds)
    interval = clopper_pearson(successes, trials)
    p0 = STAND_INS["success_rate"].value
    return Measurement(
        statistic,
        successes / trials,
        interval,
        p0,
        measured_above(interval, p0),
        successes,
        trials,
        details or {},
    )


def mean_share_over_seeds(
    values: np.ndarray,
    threshold: float,
    statistic: str,
    details: Mapping[str, Any] | None = None,
) -> Measurement:
    """A share in [0, 1] per seed [seeds] whose mean must lie above `threshold`: t-interval.

    NaN marks a seed in which the share does not exist; fewer than two others are INCONCLUSIVE.
    """
    low, high = mean_interval(values)
    interval = (max(low, 0.0), min(high, 1.0))
    value = float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")
    return Measurement(
        statistic,
        value,
        interval,
        threshold,
        measured_above(interval, threshold),
        details=details or {},
    )
