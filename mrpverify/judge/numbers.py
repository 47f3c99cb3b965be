"""Numbers that a law predicts, each with its band and its rival, and what they say together.

The whole interval has to lie in the band: an equivalence test (two one-sided tests, TOST). A band
is fixed before the run (section 6): the derived finite-size correction where there is one, else a
quarter of the distance to the named rival. Several numbers of one law are judged together without
raising either error: all of them must be supported at the usual level (an intersection-union test
needs no correction); for a refutation one is enough, at a level divided by their number
(Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .intervals import APPROXIMATE, CONFIDENCE, clopper_pearson, mean_interval
from .measurement import FEWEST_SEEDS, Measurement
from .verdicts import Verdict, measured_within

Interval = tuple[float, float]

ABOVE_ZERO = float(np.nextafter(0.0, 1.0))
"""Bottom of a band that excludes 0: no difference at all is no support for one."""


@dataclass(frozen=True)
class Rival:
    """What a law would say if the mechanism were another one."""

    name: str
    value: float


@dataclass(frozen=True)
class Number:
    """One predicted number with its interval over seeds."""

    name: str
    value: float
    prediction: float
    band: Interval
    rival: Rival
    interval_at: Callable[[float], Interval]
    """Central interval at a confidence."""
    seeds: int
    """Seeds that have a value."""
    assumes: str | None = None
    """What the interval takes for granted; None where it is exact."""

    @property
    def interval(self) -> Interval:
        """The central 90 % interval."""
        return self.interval_at(CONFIDENCE)

    @property
    def supported(self) -> bool:
        """Whether the whole interval lies in the band, from enough seeds."""
        inside = measured_within(self.interval, self.band) is Verdict.SUPPORTED
        return inside and self.seeds >= FEWEST_SEEDS

    def refuted(self, together: int) -> bool:
        """Whether the interval lies outside the band, as one of `together` numbers."""
        wide = self.interval_at(1 - (1 - CONFIDENCE) / together)
        return measured_within(wide, self.band) is Verdict.REFUTED

    @property
    def rival_excluded(self) -> bool:
        """Whether the rival's value lies outside the interval."""
        low, high = self.interval
        return not low <= self.rival.value <= high

    @property
    def slack(self) -> float:
        """Distance of the interval from the nearer edge of the band, over its half-width there.

        Negative where the interval leaves the band, -inf where the rival says the same as the law.
        """
        (low, high), (bottom, top) = self.interval, self.band
        left, right = low - bottom, top - high
        edges = (self.prediction - bottom, top - self.prediction)
        width = min((edge for edge in edges if edge > 0), default=0.0)
        least = min(left, right)
        return float(least / width) if np.isfinite(least) and width else -np.inf

    def row(self, together: int) -> dict[str, Any]:
        """The number as plain values, for records, reports and figures."""
        low, high = self.interval
        measured = Verdict.SUPPORTED if self.supported else Verdict.INCONCLUSIVE
        return {
            "name": self.name,
            "value": self.value,
            "interval": [low, high],
            "seeds": self.seeds,
            "prediction": self.prediction,
            "band": list(self.band),
            "rival": self.rival.name,
            "rival_value": self.rival.value,
            "rival_excluded": self.rival_excluded,
            "measured": Verdict.REFUTED if self.refuted(together) else measured,
        }


def quarter(prediction: float, rival: Rival) -> Interval:
    """Band of half-width a quarter of the distance to the rival, around the prediction."""
    delta = abs(prediction - rival.value) / 4
    return prediction - delta, prediction + delta


def mean_number(
    name: str,
    values: np.ndarray,
    prediction: float,
    rival: Rival,
    band: Interval | None = None,
    resolution: float = 0.0,
) -> Number:
    """A value per seed [seeds], NaN where there is none: mean with its t-interval."""
    finite = values[np.isfinite(values)]
    return Number(
        name,
        float(finite.mean()) if len(finite) else float("nan"),
        prediction,
        quarter(prediction, rival) if band is None else band,
        rival,
        lambda confidence: mean_interval(values, confidence, resolution),
        len(finite),
        APPROXIMATE,
    )


def bracket_number(
    name: str, below: np.ndarray, above: np.ndarray, prediction: float, rival: Rival
) -> Number:
    """A threshold between `below` and `above` in every seed [seeds]; infinite where it was missed.

    The interval reaches from the lower bound of the mean lower end to the upper one of the mean
    upper end: what bisection left open and what seeds differ by. A seed that grows at one point and
    not at a larger one has no threshold between two neighbours; its bracket spans all of them.
    """
    below, above = np.minimum(below, above), np.maximum(below, above)

    def interval(confidence: float) -> Interval:
        low = -np.inf if np.isinf(below).any() else mean_interval(below, confidence)[0]
        high = np.inf if np.isinf(above).any() else mean_interval(above, confidence)[1]
        return low, high

    middle = (below + above) / 2
    band = quarter(prediction, rival)
    return Number(
        name, float(np.mean(middle)), prediction, band, rival, interval, len(below), APPROXIMATE
    )


def share_number(name: str, holds: np.ndarray, rival: Rival) -> Number:
    """A statement that is true or false in every seed [seeds], against p0: exact interval."""
    successes, trials = int(holds.sum()), len(holds)
    return Number(
        name,
        successes / trials,
        1.0,
        (STAND_INS["success_rate"].value, 1.0),
        rival,
        lambda confidence: clopper_pearson(successes, trials, confidence),
        trials,
    )


def all_numbers(
    numbers: Sequence[Number], statistic: str, details: Mapping[str, Any] | None = None
) -> Measurement:
    """All numbers of one law as one measurement; shown is the one with the least slack.

    Raises ValueError where there is no number.
    """
    if not numbers:
        raise ValueError("a law needs at least one number")
    tightest = min(numbers, key=lambda number: number.slack)
    measured = Verdict.INCONCLUSIVE
    if all(number.supported for number in numbers):
        measured = Verdict.SUPPORTED
    refuted = [number for number in numbers if number.refuted(len(numbers))]
    if refuted:
        measured = Verdict.REFUTED
        tightest = min(refuted, key=lambda number: number.slack)
    assumed = {n.name: n.assumes for n in numbers if n.assumes is not None}
    return Measurement(
        f"{statistic}: {tightest.name}",
        tightest.value,
        tightest.interval,
        tightest.prediction,
        measured,
        details={
            **(details or {}),
            "numbers": [n.row(len(numbers)) for n in numbers],
            **({"assumes": assumed} if assumed else {}),
        },
        band=tightest.band,
    )
