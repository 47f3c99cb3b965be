"""T1.bounded [R] beyond T: the same question at 2, 4, 8 and 16 times coverage.

At T = 2 times coverage a kernel of the masked autoencoder may be below the bound and still grow;
L15 says that it does, and by how much. One run to the last horizon shows all of them. It costs
several times a run to T, so there are as few seeds as can decide: four that are all unbounded
refute, sixteen that are all bounded support.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Table, columns, recorded
from ...judge.intervals import mean_interval
from ...judge.measurement import FEWEST_SEEDS, Measurement, share_of_seeds
from ...parameters import Framework, Parameters
from ...theory import theorem1
from ..claim import CONTROL_SEEDS, Claim, Control, Role, Runs
from ..legs import PRETRAINING, Leg, Legs
from ..observed import active_kernels, known_at_horizon
from ..theorem1 import controls
from ..theorem1.bounded import BOUND, GROWTH
from .regimes import drawn_at

HORIZONS = (2, 4, 8, 16)
"""Times of full coverage at which the claim is asked; each is compared with the half of itself."""
SEEDS: dict[Framework, int] = {"teacher-student": FEWEST_SEEDS, "mae": CONTROL_SEEDS}


def legs(parameters: Parameters) -> Legs:
    """Pretraining until the last horizon; the work of a run grows no faster than its time.

    From the init of a law: how a kernel grows after coverage does not depend on how small it was.
    """
    p, last = replace(parameters, **drawn_at(parameters)), float(HORIZONS[-1])
    more = last / p.horizon_factor
    longest = replace(
        p,
        horizon_factor=last,
        work=ceil(more * p.work),
        max_steps=ceil(more * p.max_steps),
        deadline=0.0,
    )
    return {PRETRAINING: Leg(longest, seeds=SEEDS[p.framework])}


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds that are bounded at the last horizon; a row for each of them."""
    run, p = runs[PRETRAINING], parameters
    something = active_kernels(p, run).any(-1)
    before = longest_at(run, HORIZONS[0] / 2)
    rows = []
    for factor in HORIZONS:
        after = longest_at(run, factor)
        with np.errstate(invalid="ignore"):
            bounded = (after <= BOUND) & (after <= GROWTH * before) & something
        known = np.isfinite(after) | known_at_horizon(run)
        found = share_of_seeds(bounded, "share of seeds with bounded correlations", known=known)
        rows.append({"times_coverage": factor, **_row(found, after, np.log2(after / before))})
        before = after
    expected = theorem1.longest_after_coverage(replace(p, **drawn_at(p)), _times(run))
    with np.errstate(invalid="ignore"):  # a kernel that diverges has no exponent
        slopes = np.log2(expected[1:] / expected[:-1])
    for row, value, slope in zip(rows, expected[1:], slopes, strict=True):
        row |= {"Lambda_predicted": float(value), "exponent_predicted": float(slope)}
    shown = columns(*rows[0], verdict="verdict")
    return found.beside(Table("horizons", rows, columns=shown), *recorded(bound=BOUND))


def longest_at(run: xr.Dataset, factor: float) -> np.ndarray:
    """Lambda = max C at `factor` times coverage, between the snapshots [seeds].

    NaN where a seed is never covered or did not get there.
    """
    found = np.full(run.sizes["seed"], np.nan)
    for seed, cover in enumerate(run["coverage_time"].values):
        time = run["time"].values[seed]
        there = time > 0  # a shorter run ends in NaN
        if factor * cover <= time[there].max() * (1 + ROUNDING):
            length = run["correlations"].values[seed, there].max((1, 2))
            point = np.log(factor * cover)
            found[seed] = np.exp(np.interp(point, np.log(time[there]), np.log(length)))
    return found


ROUNDING = 1e-9
"""Of the last time, which is the last horizon of a seed."""


def _times(run: xr.Dataset) -> np.ndarray:
    """Typical times of the horizons, and of the half of the first; NaN without coverage."""
    cover = run["coverage_time"].values
    middle = np.median(cover[np.isfinite(cover)]) if np.isfinite(cover).any() else np.nan
    return np.asarray(middle * np.array([HORIZONS[0] / 2, *HORIZONS]))


def _row(found: Measurement, length: np.ndarray, exponent: np.ndarray) -> dict[str, Any]:
    """What the numbers give at one horizon."""
    some = length[np.isfinite(length)]
    slopes = exponent[np.isfinite(exponent)]
    return {
        "bounded": f"{found.successes}/{found.trials}",
        "interval": list(found.interval),
        "verdict": str(found.measured),
        "Lambda_median": float(np.median(some)) if len(some) else None,
        "Lambda_largest": float(some.max()) if len(some) else None,
        "local_exponent": float(slopes.mean()) if len(slopes) else None,
        "interval_of_exponent": list(mean_interval(slopes)),
    }


def _claim(framework: Framework, role_reason: str, control: Control) -> Claim:
    """The claim in one framework."""
    role: Role = "finding"
    return Claim(
        id="T1.bounded_later",
        name="laws.bounded",
        statement="correlations are still bounded at 16 times coverage",
        provenance="[R] section 3; bounds [D]; L15",
        role=role,
        role_reason=role_reason,
        horizon="16 T_c",
        measure=measure,
        controls={framework: (control,)},
        prediction=theorem1.predict_bounded,
        legs=legs,
        order=17,
    )


CLAIMS = (
    _claim(
        "teacher-student",
        "the theorem speaks of T; a kernel that rests stays where it is",
        controls.DIVERGING_GAIN,
    ),
    _claim(
        "mae",
        "by L15 kernels grow without end, like t^(1/3): no bound holds at every horizon",
        controls.DIVERGING_STEP,
    ),
)
