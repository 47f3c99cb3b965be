"""A statistic with its interval, its threshold and what the numbers alone say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .intervals import clopper_pearson, mean_interval, share_interval
from .verdicts import Verdict, all_of, measured_above, measured_within


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
    band: tuple[float, float] | None = None
    """Where the whole interval has to lie, in a claim about a number; `threshold` predicts it."""


FEWEST_SEEDS = 16
"""A mean over fewer seeds supports nothing: the t-interval of a handful of values is no evidence
for a claim. It can still speak against one, which is what a control has to do."""


@dataclass(frozen=True)
class Part:
    """One of several statements that a claim makes at once: a mean over seeds and its target."""

    value: float
    interval: tuple[float, float]
    threshold: float
    measured: Verdict
    band: tuple[float, float] | None = None
    """Where the whole interval has to lie; without one it has to lie above `threshold`."""

    def summary(self) -> dict[str, Any]:
        """The part as it stands in a record."""
        return {
            "mean": self.value,
            "interval": list(self.interval),
            "threshold": self.threshold,
            "band": None if self.band is None else list(self.band),
            "measured": self.measured,
        }


def mean_above(values: np.ndarray, threshold: float, resolution: float = 0.0) -> Part:
    """A number per seed [seeds] whose mean must lie above `threshold`: t-interval."""
    interval = mean_interval(values, resolution=resolution)
    measured = _enough(values, measured_above(interval, threshold))
    return Part(_mean(values), interval, threshold, measured)


def mean_within(values: np.ndarray, target: float, delta: float, resolution: float = 0.0) -> Part:
    """A number per seed [seeds] whose mean must lie within `target` +- `delta`: t-interval."""
    interval, band = mean_interval(values, resolution=resolution), (target - delta, target + delta)
    return Part(
        _mean(values), interval, target, _enough(values, measured_within(interval, band)), band
    )


def together(
    statistic: str, parts: Mapping[str, Part], details: Mapping[str, Any] | None = None
) -> Measurement:
    """A claim of several parts: refuted by one, supported by all; the first gives its numbers."""
    first = next(iter(parts.values()))
    return Measurement(
        statistic,
        first.value,
        first.interval,
        first.threshold,
        all_of(part.measured for part in parts.values()),
        details={
            "parts": {name: part.summary() for name, part in parts.items()},
            **(details or {}),
        },
        band=first.band,
    )


def _mean(values: np.ndarray) -> float:
    """Mean over the seeds that have a value, NaN where none has."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _enough(values: np.ndarray, measured: Verdict) -> Verdict:
    """The same verdict, support withheld where there are too few seeds."""
    few = int(np.isfinite(values).sum()) < FEWEST_SEEDS
    return Verdict.INCONCLUSIVE if few and measured is Verdict.SUPPORTED else measured


def with_unknown(measurement: Measurement, unknown: int, seeds: int) -> Measurement:
    """The same measurement where `unknown` of its `seeds` could have come out either way.

    A count of seeds is held against both extremes. A mean of shares, accuracies or gains moves by
    at most unknown/seeds times the range 1, and is then decided by none of its numbers. One that
    has counted them itself, or is an ERROR, stays as it is.
    """
    m = measurement
    if m.measured is Verdict.ERROR or "seeds_not_known" in m.details:
        return m
    details = {**m.details, "seeds_not_known": unknown}
    if m.successes is None or m.trials is None:
        low, high = m.interval
        wide = (low - unknown / seeds, high + unknown / seeds)
        return replace(m, interval=wide, measured=Verdict.INCONCLUSIVE, details=details)
    low, _ = clopper_pearson(max(m.successes - unknown, 0), m.trials)
    _, high = clopper_pearson(min(m.successes + unknown, m.trials), m.trials)
    measured = measured_above((low, high), m.threshold)
    return replace(m, interval=(low, high), measured=measured, details=details)


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
