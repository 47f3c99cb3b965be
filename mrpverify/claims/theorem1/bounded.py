"""T1.bounded [R]: correlations stay bounded once every feature is covered."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...parameters import STAND_INS, Framework, Parameters
from ...theory import theorem1
from ..claim import Claim, Control, Role
from ..observed import active_kernels, final, known_at_horizon, reached
from . import controls

BOUND = STAND_INS["bounded_by"].value
GROWTH = STAND_INS["growth_by"].value


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds with max Lambda(T) <= 4 and at most 1.5 times its value at the reference.

    The reference is T/2 or first full coverage, whichever is later. False where nothing is held.
    """
    largest = final(runs).max((1, 2))
    before = runs["reference_correlations"].values.max((1, 2))
    finite = np.isfinite(runs["final_weights"].values).all((1, 2)) & np.isfinite(largest)
    with np.errstate(invalid="ignore"):
        bounded = finite & (largest <= BOUND) & (largest <= GROWTH * before)
    something = active_kernels(parameters, runs).any(-1)
    beside = recorded(
        largest_at_T=_range(largest),
        growth_since_reference=_range(largest / before),
        local_exponent=_range(_exponent(runs, largest / before)),
        bound=BOUND,
        growth_bound=GROWTH,
        seeds_not_finite=int((~finite).sum()),
    )
    return share_of_seeds(
        bounded & something & reached(runs),
        "share of seeds with bounded correlations",
        beside,
        known_at_horizon(runs),
    )


def _exponent(runs: xr.Dataset, growth: np.ndarray) -> np.ndarray:
    """d ln Lambda / d ln t between the reference and T [seeds]; L15 says 1/3 for MAE."""
    end = runs["final_time"].values
    start = np.maximum(end / 2, np.minimum(runs["coverage_time"].values, end))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(growth) / np.log(end / start))


def _range(values: np.ndarray) -> dict[str, float | None]:
    """Median and largest finite value, None where there is none."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return {"median": None, "largest": None}
    return {"median": float(np.median(finite)), "largest": float(finite.max())}


def _claim(
    framework: Framework, role: Role, role_reason: str, control: Control, order: int
) -> Claim:
    """The claim in one framework."""
    return Claim(
        id="T1.bounded",
        name="theorem1.bounded",
        statement="the largest correlation stays below 4 and does not keep growing after coverage",
        provenance="[R] section 3; bounds [D]",
        role=role,
        role_reason=role_reason,
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={framework: (control,)},
        prediction=theorem1.predict_bounded,
        order=order,
    )


CLAIMS = (
    _claim(
        "teacher-student",
        "gate",
        "capture by divergence would be no learning",
        controls.DIVERGING_GAIN,
        2,
    ),
    _claim(
        "mae",
        "finding",
        "by L15 kernels grow without end, like t^(1/3): true up to some T and not beyond",
        controls.DIVERGING_STEP,
        2,
    ),
)
