"""Numbers that a law predicts, each with its band and its rival, and what they say together.

The whole interval has to lie in the band: an equivalence test (two one-sided tests, TOST). A band
is fixed before the run (section 6): the derived finite-size correction where there is one, else a
quarter of the distance to the named rival. Several numbers of one law are judged together without
raising either error: all of them must be supported at the usual level (an intersection-union test
needs no correction); for a refutation one is enough, at a level divided by their number
(Bonferroni).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .findings import Column, Findings, Table
from .intervals import CONFIDENCE
from .measurement import FEWEST_SEEDS, Measurement, assumptions
from .over_seeds import Interval, OverSeeds
from .verdicts import Verdict, measured_within

ABOVE_ZERO = float(np.nextafter(0.0, 1.0))
"""Bottom of a band that excludes 0: no difference at all is no support for one."""
COLUMNS = (
    Column("name", "number"), Column("seeds"), Column("value", form="digits"),
    Column("interval", "90 % interval", "digits"), Column("prediction", form="digits"),
    Column("band", form="band"), Column("rival", beside="rival_value"),
    Column("rival_excluded", form="yes"), Column("measured", form="verdict"),
)  # fmt: skip
"""What reports show of a number."""


@dataclass(frozen=True)
class Rival:
    """What a law would say if the mechanism were another one."""

    name: str
    value: float


@dataclass(frozen=True)
class Number:
    """One predicted number with its interval over seeds."""

    name: str
    over_seeds: OverSeeds
    prediction: float
    band: Interval
    rival: Rival

    @property
    def value(self) -> float:
        """Mean over the seeds that have a value, NaN where none has."""
        return self.over_seeds.value

    @property
    def seeds(self) -> int:
        """Seeds that have a value."""
        return self.over_seeds.seeds

    @property
    def interval(self) -> Interval:
        """The central 90 % interval."""
        return self.over_seeds.interval()

    @property
    def supported(self) -> bool:
        """Whether the whole interval lies in the band, from enough seeds."""
        inside = measured_within(self.interval, self.band) is Verdict.SUPPORTED
        return inside and self.seeds >= FEWEST_SEEDS

    def refuted(self, together: int) -> bool:
        """Whether the interval lies outside the band, as one of `together` numbers."""
        wide = self.over_seeds.interval(1 - (1 - CONFIDENCE) / together)
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

    def measured(self, together: int) -> Verdict:
        """What it says alone, refuted as one of `together` numbers."""
        if self.refuted(together):
            return Verdict.REFUTED
        return Verdict.SUPPORTED if self.supported else Verdict.INCONCLUSIVE

    def row(self, together: int) -> dict[str, Any]:
        """The number as plain values, for records, reports and figures."""
        low, high = self.interval
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
            "measured": self.measured(together),
            "over_seeds": self.over_seeds.summary(),
        }


def nearest(prediction: float, *rivals: Rival) -> Rival:
    """Of several rivals the one whose value is nearest: a band that tells it apart tells all."""
    return min(rivals, key=lambda rival: abs(rival.value - prediction))


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
    edges = quarter(prediction, rival) if band is None else band
    return Number(name, OverSeeds.of("t", values, resolution), prediction, edges, rival)


def bracket_number(
    name: str, below: np.ndarray, above: np.ndarray, prediction: float, rival: Rival
) -> Number:
    """A threshold between `below` and `above` in every seed [seeds]; infinite where it was missed.

    The interval reaches from the lower bound of the mean lower end to the upper one of the mean
    upper end: what bisection left open and what seeds differ by. A seed that grows at one point and
    not at a larger one has no threshold between two neighbours; its bracket spans all of them.
    """
    between = OverSeeds.between(below, above)
    return Number(name, between, prediction, quarter(prediction, rival), rival)


def share_number(name: str, holds: np.ndarray, rival: Rival) -> Number:
    """A statement that is true or false in every seed [seeds], against p0: exact interval."""
    band = (STAND_INS["success_rate"].value, 1.0)
    return Number(name, OverSeeds.of("exact", holds), 1.0, band, rival)


def all_numbers(numbers: Sequence[Number], statistic: str, findings: Findings = ()) -> Measurement:
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
    assumed = {n.name: words for n in numbers if (words := n.over_seeds.assumes) is not None}
    return Measurement(
        f"{statistic}: {tightest.name}",
        tightest.value,
        tightest.interval,
        tightest.prediction,
        measured,
        findings=(
            *findings,
            Table("numbers", [n.row(len(numbers)) for n in numbers], "every number", COLUMNS),
            *assumptions(assumed),
        ),
        band=tightest.band,
    )
