"""What the closed flow says of a supervised run from what its seed drew before any training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...parameters import Parameters
from ...records.drawn import training_kinds
from ...theory.supervised_flow import Drawn, accuracy, at_horizon, relative_activity
from ..accuracies import own_block


@dataclass(frozen=True, eq=False)
class Foretold:
    """What the flow says of every seed; NaN for one with a class that can never start."""

    accuracy: np.ndarray
    """[seeds]."""
    views: np.ndarray
    """Views held [seeds, classes, 2], 0 or 1."""
    larger: np.ndarray
    """The same by the larger initial correlation alone, one view a class."""
    ends: np.ndarray
    """Own-view correlations at T [seeds, classes, 2, m]."""

    @property
    def both(self) -> np.ndarray:
        """Share of classes that hold both views [seeds]."""
        return np.asarray(self.views.prod(-1).mean(-1))


def foretell(
    parameters: Parameters, runs: xr.Dataset, scale: float = 1.0, alignment: float = 0.0
) -> Foretold:
    """Every seed by itself, from what it drew before any training.

    `scale` is that of the same draw from another init, relative to the run's own; `alignment` the
    cosine of the two views of a class.
    """
    p, kinds = parameters, training_kinds(parameters, runs)
    drawn_start = scale * own_block(p, runs["initial_correlations"].values)
    start = np.swapaxes(drawn_start, -1, -2)
    activity = relative_activity(p, runs["own_activity"].values, kinds)
    right = np.full(len(start), np.nan)
    views = np.full((len(start), p.classes, p.views), np.nan)
    ends = np.full(start.shape, np.nan)
    for seed, drawn in enumerate(map(Drawn, start, kinds, activity)):
        end = at_horizon(p, drawn, alignment)
        if end is not None:
            ends[seed] = end
            right[seed] = accuracy(p, end)
            views[seed] = end.max(-1) >= p.linear_from
    largest = start.max(-1)
    return Foretold(right, views, largest == largest.max(-1, keepdims=True), ends)
