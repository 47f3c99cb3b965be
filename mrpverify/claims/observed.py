"""What claims read of the kernels of a labelled run, with their fixed levels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ..judge.findings import Estimate
from ..observe.capture import active, held, is_apart
from ..parameters import STAND_INS, Parameters

HOLD_SHARE = STAND_INS["hold_share"].value


def hold_level(parameters: Parameters) -> float:
    """Correlation down to which a crossed feature is still held: varrho/2 (hysteresis)."""
    return HOLD_SHARE * parameters.linear_from


def final(runs: xr.Dataset) -> np.ndarray:
    """C at the horizon T [seeds, kernels, features]."""
    return np.asarray(runs["final_correlations"].values)


def crossed(runs: xr.Dataset) -> np.ndarray:
    """Pairs that have crossed by T [seeds, kernels, features], bool."""
    return np.asarray(np.isfinite(runs["crossing_time"].values))


def holds(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Pairs (kernel, feature) held at T [seeds, kernels, features], bool."""
    return held(final(runs), crossed(runs), hold_level(parameters))


def holds_class_purely(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Held pairs whose kernel is class-pure [seeds, kernels, features], bool."""
    pure = is_apart(final(runs), parameters.views)
    return np.asarray(holds(parameters, runs) & pure)


def active_kernels(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Kernels that hold a feature at T [seeds, kernels], bool."""
    return active(final(runs), crossed(runs), hold_level(parameters))


def mean_share(name: str, share: np.ndarray) -> Estimate:
    """A mean share of kernels over seeds [seeds]; a record has its interval under a name apart."""
    found = Estimate.of_share(name.replace("_", " "), share)
    low, high = found.interval or (np.nan, np.nan)
    return replace(found, kept={name: found.value, "interval_of_mean_share": [low, high]})


def reached(runs: xr.Dataset) -> np.ndarray:
    """Seeds whose run reached T [seeds], bool: a claim at T is false or not run in the others."""
    return np.asarray(runs["reached_horizon"].values, dtype=bool)


def known_at_horizon(runs: xr.Dataset) -> np.ndarray:
    """Seeds about which a claim at T says something [seeds], bool.

    They reached T, diverged, or were ended on a certificate that they are never covered. The others
    ran out of steps or work; a claim at T is "not run" there, neither true nor false.
    """
    known = reached(runs) | runs["diverged"].values
    if "cannot_cover" in runs:
        known = known | runs["cannot_cover"].values.astype(bool)
    return np.asarray(known, dtype=bool)
