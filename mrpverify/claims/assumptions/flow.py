"""A.flow [D]: nothing that is judged depends on the tolerance of the integrator.

Two seeds of the regime's own runs, and the same at half the tolerance. Below varrho a kernel blows
up: dC/dt = R C^p gives C^{-(p-1)} ~ t* - t, so one whose t* lies at T differs by as much as varrho
between two runs at any tolerance, while its t* has moved by a small share of itself. A time is what
an integrator gets wrong, so a share of LIMIT in time is what a correlation is allowed too: a run
that is late by s <= LIMIT has C'(T) = C((1 - s) T), and where C moves one way in between

    |C(T) - C'(T)| <= |C(T) - C((1 - LIMIT) T)|.

The larger of both runs' changes is taken off the difference (either may be the late one). For a
kernel at rest, or one that has not begun, next to nothing is taken off. Each run ends at its own T,
horizon_factor times its coverage: that moves by as much as a crossing, and is allowed by the same.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import xarray as xr

from ...judge.findings import Finding, recorded
from ...judge.measurement import Measurement
from ...judge.verdicts import Verdict
from ...parameters import PRETRAINING as FRAMEWORKS_WITHOUT_LABELS
from ...parameters import Parameters
from ..claim import Asks, Claim, Control, Runs
from ..legs import PRETRAINING, Leg, Legs
from ..observed import crossed, final, known_at_horizon

FINER = "half the tolerance"
DESCENT = "descent at eta"
SEEDS = 2
"""Enough to see an error of the integrator: each has about a hundred crossings."""
LIMIT = 0.01
"""Of varrho, and of a crossing time."""
LATEST = 2.0
"""Times of the flow's T after which descent is far off, whatever it does next."""


def legs(parameters: Parameters) -> Legs:
    """The regime's own run, and the flow at half the tolerance."""
    p = parameters
    finer = replace(p, method="flow", tolerance=p.tolerance / 2)
    return {PRETRAINING: Leg(p, seeds=SEEDS), FINER: Leg(finer, seeds=SEEDS)}


def descent(parameters: Parameters, runs: Runs) -> Legs:
    """Descent at eta to its own T, once it is known when that should be at the latest.

    One seed: the largest error of all is judged, so more of them could only refute it sooner.
    """
    p, last = parameters, LATEST * float(runs[PRETRAINING]["final_time"].values[0])
    steps = ceil(last / p.step) + 1
    same = replace(p, method="descent", deadline=last, max_steps=steps)
    return {DESCENT: Leg(same, seeds=1)}


def correlation_error(parameters: Parameters, one: xr.Dataset, other: xr.Dataset) -> np.ndarray:
    """Difference of C(T) in units of varrho, less what C does in the last 1 % of T.

    [seeds, kernels, features], not negative; infinite where a run has no number. Raises ValueError
    for unlike numbers of seeds, which numpy would pair.
    """
    if one.sizes["seed"] != other.sizes["seed"]:
        raise ValueError(f"{one.sizes['seed']} and {other.sizes['seed']} seeds are no pairs")
    apart = np.abs(final(one) - final(other))
    allowed = np.maximum(_late_change(one), _late_change(other))
    error = np.maximum(apart - allowed, 0.0) / parameters.linear_from
    return np.where(np.isfinite(error), error, np.inf)


def time_error(one: xr.Dataset, other: xr.Dataset) -> np.ndarray:
    """Relative difference of crossing times [seeds, kernels, features].

    0 where a pair crosses in neither run; what crosses in one run alone counts as crossing at the
    end of the other, and so is at least as far off as it says.
    """
    times = [np.where(crossed(run), run["crossing_time"].values, _end(run)) for run in (one, other)]
    either = crossed(one) | crossed(other)
    longest = np.maximum(np.maximum(*times), np.finfo(float).tiny)
    return np.where(either, np.abs(times[0] - times[1]) / longest, 0.0)


def asks(parameters: Parameters) -> Asks:
    """The flow, then descent for as long as the flow took; both measured."""
    runs = yield legs(parameters)
    runs = yield descent(parameters, runs)
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """The larger of both errors over everything that was run, in units of its limit."""
    one, other = runs[PRETRAINING], runs[FINER]
    c, t = correlation_error(parameters, one, other), time_error(one, other)
    worst = float(max(c.max(), t.max())) / LIMIT
    known = known_at_horizon(one) & known_at_horizon(other)
    verdict = Verdict.SUPPORTED if worst <= 1 else Verdict.REFUTED
    return Measurement(
        statistic=f"largest error at tol = {parameters.tolerance:g} over its limit of {LIMIT:g}",
        value=worst,
        interval=(worst, worst),
        threshold=1.0,
        band=(0.0, 1.0),
        measured=verdict if known.all() else Verdict.INCONCLUSIVE,
        findings=_beside(c, t, one, other),
    )


def _beside(
    c: np.ndarray, t: np.ndarray, one: xr.Dataset, other: xr.Dataset
) -> tuple[Finding, ...]:
    """Both errors, and what they were bought for."""
    return recorded(
        seeds=one.sizes["seed"],
        largest_correlation_error_in_varrho=float(c.max()),
        largest_crossing_time_error=float(t.max()),
        crossings=int(crossed(other).sum()),
        mean_gradient_evaluations=float(one["steps"].values.mean()),
        mean_gradient_evaluations_finer=float(other["steps"].values.mean()),
    )


def _end(run: xr.Dataset) -> np.ndarray:
    """Time at which each seed ended, [seeds, 1, 1]."""
    return np.asarray(run["final_time"].values)[:, None, None]


def _late_change(run: xr.Dataset) -> np.ndarray:
    """|C(T) - C((1 - LIMIT) T)|, between the snapshots [seeds, kernels, features]."""
    changes = []
    for time, c in zip(run["time"].values, run["correlations"].values, strict=True):
        there = np.isfinite(time)
        time, c = time[there], c[there]
        before = (1 - LIMIT) * time[-1]
        left = max(int(np.searchsorted(time, before, side="right")) - 1, 0)
        right = min(left + 1, len(time) - 1)
        length = time[right] - time[left]
        share = (before - time[left]) / length if length > 0 else 0.0
        changes.append(np.abs(c[-1] - (c[left] + share * (c[right] - c[left]))))
    return np.array(changes)


def _descended(parameters: Parameters, runs: Runs) -> Runs:
    """Descent in the place of the flow, of its one seed."""
    del parameters
    return {**runs, PRETRAINING: runs[DESCENT], FINER: runs[FINER].isel(seed=slice(1))}


EULER = Control(
    "descent at eta",
    "Euler's steps of size eta leave the flow: eta times its largest curvature is far above 1",
    look=_descended,
    seeds=1,
)

CLAIMS = (
    Claim(
        id="A.flow",
        name="assumptions.flow",
        statement="in two seeds half the tolerance moves no crossing time by more than 1 %, and no "
        "correlation by more than 1 % of varrho, beyond what 1 % of the time does",
        provenance="[D] section 2",
        role="gate",
        role_reason="a verdict about the theory must not be one about the integrator",
        horizon="T",
        measure=asks,
        controls=dict.fromkeys(FRAMEWORKS_WITHOUT_LABELS, (EULER,)),
        order=1,
    ),
)
