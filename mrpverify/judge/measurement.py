"""A statistic with its interval, its threshold and what the numbers alone say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .intervals import clopper_pearson, share_interval
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


FEWEST_SEEDS = 16
"""A mean over fewer seeds is left open: the t-interval of a handful of shares is no evidence."""


def share_of_seeds(
    holds: np.ndarray,
    statistic: str,
    details: Mapping[str, Any] | None = None,
    known: np.ndarray | None = None,
) -> Measurement:
    """A per-seed true/false claim [seeds] against p0: exact interval over independent seeds.

    A seed that is not `known` (it never got to where the claim is judged) widens the interval: the
    lower bound counts it as false, the upper one as true.
    """
    sure = np.ones_like(holds, dtype=bool) if known is None else known
    successes, trials = int(np.sum(holds & sure)), len(holds)
    open_seeds = int(np.sum(~sure))
    low, _ = clopper_pearson(successes, trials)
    _, high = clopper_pearson(successes + open_seeds, trials)
    interval = (low, high)
    details = {**(details or {}), "seeds_not_known": open_seeds}
    p0 = STAND_INS["success_rate"].value
    return Measurement(
        statistic,
        successes / trials,
        interval,
        p0,
        measured_above(interval, p0),
        successes,
        trials,
        details,
    )


def mean_share_over_seeds(
    values: np.ndarray,
    threshold: float,
    statistic: str,
    details: Mapping[str, Any] | None = None,
) -> Measurement:
    """A share in [0, 1] per seed [seeds] whose mean must lie above `threshold`: t-interval.

    NaN marks a seed in which the share does not exist; it counts as 0. Fewer than FEWEST_SEEDS
    values say nothing: the interval is (0, 1).
    """
    low, high = share_interval(np.nan_to_num(values, nan=0.0))
    interval = (low, high) if len(values) >= FEWEST_SEEDS else (0.0, 1.0)
    value = float(np.nan_to_num(values, nan=0.0).mean())
    return Measurement(
        statistic,
        value,
        interval,
        threshold,
        measured_above(interval, threshold),
        details=details or {},
    )
