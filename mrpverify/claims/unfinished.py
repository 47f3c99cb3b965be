"""Runs that ran out of work: what is known about them, and what would finish them.

A run without a certificate and short of T is not known, whatever it has learned so far. The claims
of Theorem 1 count its seed as false below and as true above; for the others that is done here.
"""

from __future__ import annotations

from math import ceil, sqrt

import numpy as np
import xarray as xr

from ..judge.findings import Note
from ..judge.measurement import Measurement, seeds_not_known, with_unknown
from ..outside import OBJECTIVES, own
from ..parameters import FRAMEWORKS, Parameters
from ..theory.coverage_time import of_seed
from .claim import Runs
from .legs import Legs
from .observed import known_at_horizon

MORE = 2.0
"""Least factor of work that is worth another try."""


def open_seeds(legs: Legs, runs: Runs) -> np.ndarray:
    """Seeds of which some flow is not known at T [seeds of the longest leg], bool."""
    flows = [runs[name] for name, leg in legs.items() if leg.parameters.method == "flow"]
    # A run that has no horizon to reach ends with its steps: objectives that descend alone.
    flows = [run for run in flows if "cannot_cover" in run]
    if not flows:
        return np.zeros(0, dtype=bool)
    found = np.zeros(max(run.sizes["seed"] for run in flows), dtype=bool)
    for run in flows:  # a leg of fewer seeds has the first ones
        found[: run.sizes["seed"]] |= ~known_at_horizon(run)
    return found


def with_unfinished(measurement: Measurement, legs: Legs, runs: Runs) -> Measurement:
    """The measurement with its open seeds; a sentence for every leg with some, or diverged ones."""
    gone = [line for name, run in runs.items() for line in _diverged(name, run)]
    if gone:
        measurement = measurement.beside(Note("diverged", tuple(gone)))
    unknown = open_seeds(legs, runs)
    if not unknown.any():
        return measurement
    lines = [
        line
        for name, leg in legs.items()
        if leg.parameters.method == "flow" and "cannot_cover" in runs[name]
        for line in _sentence(name, leg.parameters, runs[name])
    ]
    found = seeds_not_known(measurement, unknown)
    found = with_unknown(found, int(unknown.sum()), len(unknown))
    return found.beside(Note("unfinished", tuple(lines)))


def _diverged(name: str, run: xr.Dataset) -> list[str]:
    """Which seeds of a leg diverged: they count as what they are, and that is to be seen."""
    if "diverged" not in run:
        return []
    gone = run["seed"].values[run["diverged"].values.astype(bool)]
    if not len(gone):
        return []
    first = ", ".join(str(seed) for seed in gone[:10]) + (", ..." if len(gone) > 10 else "")
    return [f"{len(gone)} of {run.sizes['seed']} seeds of {name} diverged (seed {first})"]


def _sentence(name: str, parameters: Parameters, run: xr.Dataset) -> list[str]:
    """What ran out in a leg: predicted and reached time, and the setting that would finish it."""
    unknown = np.flatnonzero(~known_at_horizon(run))
    if not len(unknown):
        return []
    p, reached = parameters, float(run["final_time"].values[unknown].min())
    predicted = max((_predicted(p, run, int(seed)) for seed in unknown), default=np.nan)
    factor = MORE
    if np.isfinite(predicted) and reached > 0:
        # A resting kernel costs the root of the time that is left, a plateau its logarithm.
        factor = max(MORE, sqrt(p.horizon_factor * predicted / reached))
    foretold = f"; coverage is predicted at {predicted:.3g}" if np.isfinite(predicted) else ""
    return [
        f"{len(unknown)} of {run.sizes['seed']} seeds of {name} used up their {p.work} gradient "
        f"evaluations at time {reached:.3g}{foretold}. "
        f"--set work={ceil(factor * p.work)} would go on, {factor:.1f} times as long as now"
    ]


def _predicted(p: Parameters, run: xr.Dataset, seed: int) -> float:
    """Predicted time of full coverage of one seed, NaN where no theory says one."""
    if p.framework in own(OBJECTIVES) and p.framework not in FRAMEWORKS:
        return float("nan")
    names = ("initial_correlations", "squared_activity", "patch_activity", "own_activity")
    return of_seed(p, *(run[name].values[seed] for name in names))
