"""L1 [D]: kernels choose their feature independently, so coverage is that of independent draws.

E[share of features that are some kernel's first] = 1 - (1 - 1/2k)^{km}, against m, free of k.
Supervised learning stays at one view of two for every m. As teacher-student kernels never interact
(L10), the first m kernels of a class in one large run are a run with m kernels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...observe.correlations import first_crossed
from ...parameters import Parameters
from ...theory.growth import growth_rate, hitting_time
from ...theory.theorem1 import expected_coverage
from ..accuracies import block_views
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve
from .regimes import conditions, siblings, stepped

SIZES = (3, 4, 6, 8)
"""Kernels per class, m."""
CLASSES = 4
START = 0.3
"""sigma_0 / varrho, teacher-student: large, so that slow kernels cross as well within few steps."""
SUPERVISED_START = 1 / 8
"""Supervised initial scale over the preset's: near ties at the start let a class learn both views,
in proportion to sigma_0^{q-2}. At the preset's own scale, with few images, a third of the classes
did (exploration)."""
BEYOND = 4.0
"""sigma_0 / varrho of the control: nearly every view is then beyond varrho in some kernel."""
LARGE = "large init, "
SLOWEST = 0.5
"""A kernel whose largest of 2k correlations is below this, in units of sigma_0, is not waited for:
one in twenty at 2k = 8, and their siblings hurry many of them."""
PER_STEP = 0.1
"""Which feature is first does not hang on the step; coarse steps reach slow kernels."""


def regime(parameters: Parameters, kernels: int) -> Parameters:
    """Both views of a class in its images, nothing else."""
    p = siblings(
        parameters,
        classes=CLASSES,
        dimension=2 * CLASSES,
        images=80,
        kernels_per_class=kernels,
    )
    if p.framework == "supervised":
        start = SUPERVISED_START * p.init_scale
        return replace(
            p, init_scale=start, step=p.supervised_step / 2, horizon_factor=2.0, max_steps=4000
        )
    p = stepped(replace(p, init_scale=START * p.linear_from), PER_STEP)
    slowest = hitting_time(SLOWEST * p.init_scale, growth_rate(p), p.power, p.linear_from)
    return replace(p, horizon=slowest, max_steps=20000)


def legs(parameters: Parameters) -> Legs:
    """One run with all kernels; supervised kernels interact and need a run for each m."""
    if parameters.framework == "supervised":
        regimes = {_name(m): regime(parameters, m) for m in SIZES}
        return {
            **{name: Leg(p) for name, p in regimes.items()},
            **{LARGE + name: Leg(_beyond(p), seeds=CONTROL_SEEDS) for name, p in regimes.items()},
        }
    return {_name(max(SIZES)): Leg(regime(parameters, max(SIZES)))}


def _beyond(parameters: Parameters) -> Parameters:
    """The regime with kernels that start beyond varrho."""
    return replace(parameters, init_scale=BEYOND * parameters.linear_from)


def _name(m: int) -> str:
    return f"m = {m}"


def covered(parameters: Parameters, runs: Runs, m: int) -> np.ndarray:
    """Share of the features that are the first of some kernel, or that a class holds [seeds]."""
    if parameters.framework == "supervised":
        return np.asarray(block_views(regime(parameters, m), runs[_name(m)]).mean((1, 2)))
    run = runs[_name(max(SIZES))]
    first = first_of_kernels(run).reshape(run.sizes["seed"], CLASSES, -1)[..., :m]
    return np.array([len(set(own[own >= 0])) / run.sizes["feature"] for own in first])


def first_of_kernels(run: xr.Dataset) -> np.ndarray:
    """First feature of every kernel [seeds, kernels], -1 where it never crossed."""
    return first_crossed(run["crossing_time"].values, run["crossing_correlations"].values)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Covered share at every m, against independent draws (supervised: against one half)."""
    drawn = np.array([expected_coverage(regime(parameters, m)) for m in SIZES])
    half = np.full(len(SIZES), 0.5)
    supervised = parameters.framework == "supervised"
    expected, other = (half, drawn) if supervised else (drawn, half)
    name = "independent draws" if supervised else "one view per class, as supervised learning"
    shares = np.stack([covered(parameters, runs, m) for m in SIZES], -1)
    numbers = [
        mean_number(f"covered share at m = {m}", shares[:, i], expected[i], Rival(name, other[i]))
        for i, m in enumerate(SIZES)
    ]
    shown = curve(
        "coverage", ("m", np.array(SIZES)), ("share of features covered", shares), expected, other
    )
    return all_numbers(numbers, "mean over seeds", [shown])


def _one_kernel_each(parameters: Parameters, runs: Runs) -> Runs:
    """Every kernel in the place of its class's first one: more kernels, but no more draws."""
    run = runs[_name(max(SIZES))]
    first = np.arange(run.sizes["kernel"]) // max(SIZES) * max(SIZES)
    return {_name(max(SIZES)): run.isel(kernel=first)}


COPIES = Control(
    "copies of one kernel per class",
    "kernels that are no independent draws cover no more than m = 1",
    look=_one_kernel_each,
)


def _large_start(parameters: Parameters, runs: Runs) -> Runs:
    """Runs from a large init in the place of the claim's own."""
    del parameters
    return {_name(m): runs[LARGE + _name(m)] for m in SIZES}


LARGE_START = Control(
    f"initial scale {BEYOND:g} varrho",
    "supervised kernels that start beyond varrho hold both views: no lottery is played",
    look=_large_start,
)

CLAIMS = (
    Claim(
        id="L1",
        name="laws.L1",
        statement="covered share 1 - (1 - 1/2k)^{km}; supervised learning 1/2 at every m",
        provenance="[D] section 4, L1",
        role="gate",
        role_reason="how many kernels pretraining needs, and why more do not help supervised ones",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (COPIES,), "supervised": (LARGE_START,)},
        order=1,
        legs=legs,
        conditions=conditions,
    ),
)
