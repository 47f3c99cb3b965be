"""Thresholds bracketed by bisection over a parameter: each round is one leg, run for all seeds.

The next point halves the interval that is left for the majority of the seeds; a seed's own bracket
lies between the largest point without growth and the smallest with it.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ..claim import Runs
from ..legs import Leg, Legs


@dataclass(frozen=True)
class Bisection:
    """A search in [low, high] for the point from which on `grows` holds."""

    name: str
    low: float
    high: float
    rounds: int
    leg: Callable[[float], Leg]
    """The run at a point."""
    grows: Callable[[xr.Dataset], np.ndarray]
    """Whether it is above the threshold in every seed [seeds], bool."""

    def known(self, runs: Runs) -> dict[float, np.ndarray]:
        """Point -> outcome per seed, of the rounds so far."""
        asked = self._asked(runs, self.low, self.high)
        return {point: self.grows(runs[self._name(point)]) for point in asked}

    def next_leg(self, known: Mapping[float, np.ndarray]) -> Legs:
        """The leg of the coming round; none once all rounds are there."""
        if len(known) >= self.rounds:
            return {}
        low, high = self.low, self.high
        for point, outcome in sorted(known.items()):
            if outcome.mean() > 1 / 2:
                high = min(high, point)
            else:
                low = max(low, point)
        point = (low + high) / 2
        return {self._name(point): self.leg(point)}

    def bracket(self, runs: Runs) -> tuple[np.ndarray, np.ndarray]:
        """Per seed the largest point without growth, -inf for none, and the smallest with it, inf.

        Both [seeds].
        """
        points, outcomes = zip(*sorted(self.known(runs).items()), strict=True)
        grows = np.stack(outcomes, -1)
        below = np.where(~grows, points, -np.inf).max(-1)
        above = np.where(grows, points, np.inf).min(-1)
        return below, above

    def _asked(self, runs: Runs, low: float, high: float) -> Iterator[float]:
        """Points with a run: no half is asked before the middle."""
        point = (low + high) / 2
        if self._name(point) in runs:
            yield point
            yield from self._asked(runs, low, point)
            yield from self._asked(runs, point, high)

    def _name(self, point: float) -> str:
        """Of the leg at a point."""
        return f"{self.name} at {point!r}"


def bisected(
    searches: Sequence[Bisection], beside: Legs | None = None
) -> Generator[Legs, Runs, Runs]:
    """Asks round by round for the legs of several searches, with those `beside` in the first.

    Returns the runs of all of them: ``runs = yield from bisected(searches)``.
    """
    runs = yield {**_next_legs(searches, {}), **(beside or {})}
    while legs := _next_legs(searches, runs):
        runs = yield legs
    return runs


def _next_legs(searches: Sequence[Bisection], runs: Runs) -> Legs:
    """The coming round of those that go on."""
    return {
        name: leg
        for search in searches
        for name, leg in search.next_leg(search.known(runs)).items()
    }


def rounds_table(search: Bisection, runs: Runs) -> list[dict[str, float]]:
    """Every point asked, with the share of seeds above the threshold there."""
    return [
        {"point": point, "share_above": float(outcome.mean())}
        for point, outcome in sorted(search.known(runs).items())
    ]
