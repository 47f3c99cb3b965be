"""Reduced dynamics [D]: one kernel's feature correlations as an ODE, against its simulated course.

Error of the predicted hitting time of every kernel, in per cent, with and without the features that
co-occur.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import ABOVE_ZERO, Rival, all_numbers, mean_number
from ...parameters import Parameters
from ...theory import reduced_dynamics as reduced
from ..claim import Claim, Control
from ..legs import PRETRAINING, Leg, Legs
from ..theorem1.controls import stream
from .regimes import drawn_law, stepped

PER_STEP = 0.01
START = 0.12
"""sigma_0 / varrho: small enough for a plateau, large enough that most kernels cross."""
ALLOWED = 10.0
"""Median error in per cent: four times what steps of PER_STEP lag, (2q-1)/2 of a per cent."""


def regime(parameters: Parameters) -> Parameters:
    """The law's images without noise, both views and off-class features included."""
    p = drawn_law(parameters, images=200, patch_noise=0.0, feature_noise=0.0)
    p = stepped(replace(p, init_scale=START * p.linear_from), PER_STEP)
    return replace(p, max_steps=3000)


def legs(parameters: Parameters) -> Legs:
    """One run."""
    return {PRETRAINING: Leg(regime(parameters))}


def predicted(parameters: Parameters, run: xr.Dataset, co_occurring: bool) -> np.ndarray:
    """Hitting time of every kernel of one seed [kernels]."""
    p = regime(parameters)
    moments = moments_of(p, run)
    if not co_occurring:
        moments = reduced.alone(moments)
    starts = run["initial_correlations"].values
    return np.array([reduced.course(p, moments, start).hitting_time for start in starts])


def moments_of(p: Parameters, run: xr.Dataset) -> reduced.Moments:
    """Moments of the images of one seed."""
    return reduced.drawn_moments(p, run["squared_activity"].values, run["patch_activity"].values)


def simulated(run: xr.Dataset) -> np.ndarray:
    """Hitting time of every kernel of one seed [kernels], inf for those that have not crossed."""
    return np.asarray(run["crossing_time"].values.min(-1))


def errors(parameters: Parameters, runs: xr.Dataset, co_occurring: bool) -> list[np.ndarray]:
    """|predicted/simulated - 1| in per cent, at most 100, of every crossed kernel, per seed.

    A kernel that should have crossed by the end of the run and has not counts as 100.
    """
    found = []
    for seed in range(runs.sizes["seed"]):
        run = runs.isel(seed=seed)
        time = simulated(run)
        expected = predicted(parameters, run, co_occurring)
        crossed = np.isfinite(time) & (time > 0)
        missed = np.isinf(time) & (expected < float(run["final_time"]))
        off = np.minimum(100 * np.abs(expected[crossed] / time[crossed] - 1), 100.0)
        found.append(np.concatenate([off, np.full(missed.sum(), 100.0)]))
    return found


def measure(parameters: Parameters, runs: Any) -> Measurement:
    """Median error over the kernels of a seed, mean over seeds; beside it without co-occurrence."""
    run = runs[PRETRAINING]
    both = {kind: errors(parameters, run, kind) for kind in (True, False)}
    median = {kind: np.array(list(map(_median, found))) for kind, found in both.items()}
    plain = Rival("every feature alone (L2)", _mean(median[False]))
    numbers = [
        mean_number("median error, per cent", median[True], 0.0, plain, (-ALLOWED, ALLOWED)),
        mean_number(
            "error without co-occurrence, minus that with it",
            median[False] - median[True],
            plain.value,
            Rival("co-occurrence does not matter", 0.0),
            (ABOVE_ZERO, np.inf),
        ),
    ]
    every = np.concatenate(both[True])
    beside = recorded(
        kernels=len(every),
        error_per_cent_quantiles={
            f"{share:g}": float(np.quantile(every, share)) for share in (0.25, 0.5, 0.75, 0.9)
        },
        error_per_cent_alone={
            f"{share:g}": float(np.quantile(np.concatenate(both[False]), share))
            for share in (0.25, 0.5, 0.75, 0.9)
        },
        errors_per_cent=[own.tolist() for own in both[True]],
    )
    return all_numbers(numbers, "hitting time of one kernel", beside)


def _median(values: np.ndarray) -> float:
    """Median over the kernels of a seed, NaN without any."""
    return float(np.median(values)) if len(values) else float("nan")


def _mean(values: np.ndarray) -> float:
    """Mean over the seeds that have a value, NaN without any."""
    finite = values[np.isfinite(values)]
    return float(finite.mean()) if len(finite) else float("nan")


def _shuffled(parameters: Parameters, runs: Any) -> Any:
    """Initial correlations of one kernel given to another."""
    run = runs[PRETRAINING].copy()
    initial = run["initial_correlations"]
    order = stream(run, 0).permutation(run.sizes["kernel"])
    run["initial_correlations"] = (initial.dims, initial.values[:, order])
    return {PRETRAINING: run}


SHUFFLED = Control(
    "starts of other kernels", "the course from another start has another hitting time",
    look=_shuffled,
)  # fmt: skip

CLAIMS = (
    Claim(
        id="RD",
        name="laws.reduced_dynamics",
        statement="the reduced ODE gives every kernel's hitting time; co-occurrence is part of it",
        provenance="[D] section 4, L2 and L5",
        role="finding",
        role_reason="how far one kernel's equations carry is the question",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (SHUFFLED,)},
        order=15,
        legs=legs,
    ),
)
