"""The leg of supervised learning, and what its blocks learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...parameters import Parameters
from ...theory.supervised import winning_view
from ..accuracies import own_block
from ..legs import SUPERVISED, Legs, supervised


def alone(parameters: Parameters) -> Legs:
    """Supervised learning from scratch, and nothing else."""
    return {SUPERVISED: supervised(parameters)}


def predicted_winner(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """View of each class that the initial correlations favour [seeds, classes], -1 for none.

    S is that of the drawn images.
    """
    initial, drawn = runs["initial_correlations"].values, runs["own_activity"].values
    return np.asarray(winning_view(parameters, initial, drawn))


def observed_winner(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """View of each class that a kernel of its block crosses for first [seeds, classes], or -1."""
    times = own_block(parameters, runs["crossing_time"].values).min(-2)
    return np.where(np.isfinite(times).any(-1), times.argmin(-1), -1)


def as_stated(parameters: Parameters) -> Parameters:
    """The law that the claims speak of: two views, one hidden in single-view images.

    A control that takes this away is held against the claim's own number, not one of its own.
    """
    return replace(parameters, hide=True, views=max(parameters.views, 2))
