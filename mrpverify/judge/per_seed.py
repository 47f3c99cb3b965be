"""Statements about the numbers of one seed, true or false in each; several are true together.

Such a statement needs no interval of a mean, and none is narrow enough to be valid: a seed in which
an accuracy collapses is one false seed, however rare, and the exact design counts it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from .findings import Findings
from .intervals import ANY, mean_interval
from .measurement import Measurement, Part, part_row, share_of_seeds
from .over_seeds import OverSeeds

ROUNDING = 1e-12
"""Of a difference of two shares: 0.87 - 0.85 is a little more than 0.02."""


@dataclass(frozen=True)
class InEachSeed:
    """One number per seed [seeds], what it has to be, and whether it is [seeds], bool.

    A seed without a value (NaN) is a false one.
    """

    values: np.ndarray
    holds: np.ndarray
    needed: str
    threshold: float
    band: tuple[float, float] | None = None
    possible: tuple[float, float] = ANY
    """Values that can be; no interval of their mean goes beyond."""

    def row(self, known: np.ndarray) -> dict[str, Any]:
        """The statement as it stands in a record; mean and interval describe, they do not decide.

        Seeds that are not `known` [seeds] are open (None).
        """
        finite = self.values[np.isfinite(self.values)]
        return {
            "mean": float(finite.mean()) if len(finite) else None,
            "interval": list(mean_interval(self.values, possible=self.possible)),
            "threshold": self.threshold,
            "band": None if self.band is None else list(self.band),
            "needed": self.needed,
            "outcomes": [
                bool(true) if sure else None for true, sure in zip(self.holds, known, strict=True)
            ],
        }


def above(values: np.ndarray, threshold: float, possible: tuple[float, float] = ANY) -> InEachSeed:
    """Each seed's value [seeds], one of the `possible`, lies above `threshold`."""
    holds = np.nan_to_num(values, nan=-np.inf) > threshold + ROUNDING
    return InEachSeed(values, holds, f"> {threshold:g}", threshold, possible=possible)


def at_least(
    values: np.ndarray, threshold: float, possible: tuple[float, float] = ANY
) -> InEachSeed:
    """Each seed's value [seeds], one of the `possible`, is `threshold` or more."""
    holds = np.nan_to_num(values, nan=-np.inf) >= threshold - ROUNDING
    return InEachSeed(values, holds, f">= {threshold:g}", threshold, possible=possible)


def within(values: np.ndarray, target: float, delta: float) -> InEachSeed:
    """Each seed's value [seeds] lies within `target` +- `delta`, ends included."""
    holds = np.abs(np.nan_to_num(values, nan=np.inf) - target) <= delta + ROUNDING
    band = (target - delta, target + delta)
    return InEachSeed(values, holds, f"in [{band[0]:.3g}, {band[1]:.3g}]", target, band)


def in_each_seed(
    statistic: str,
    parts: Mapping[str, InEachSeed],
    findings: Findings = (),
    known: np.ndarray | None = None,
) -> Measurement:
    """Share of seeds in which all `parts` are true, by the sequential design; findings name each.

    A part that alone is refuted stands in `refuted_parts`. Raises ValueError without a part or a
    seed.
    """
    if not parts:
        raise ValueError("a claim about each seed needs at least one part")
    holds = np.array(np.stack([part.holds for part in parts.values()]).all(0))
    sure = np.ones_like(holds) if known is None else known
    rows = [part_row(name, part.row(sure)) for name, part in parts.items()]
    return share_of_seeds(holds, statistic, (*rows, *findings), known)


def counted(part: InEachSeed) -> Part:
    """The same statement beside means, from all seeds at once: exact interval of its share."""
    return Part(OverSeeds.of("exact", part.holds), STAND_INS["success_rate"].value)
