"""L10 [D]: teacher-student kernels never interact, so removing or cloning others changes nothing.

An identity: the kernels that stay must agree to rounding, as long as the step sizes agree, that is
where the leading kernel stays. MAE kernels, which share the target, are the control.
"""

from __future__ import annotations

from dataclasses import replace
from math import log10

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...parameters import Parameters
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .regimes import conditions, drawn_law, until_first_crossing

KERNELS = 8
"""Kernels per class; one in eight is removed."""
WHOLE, REMOVED, CLONED = "all kernels", "one in eight removed", "every kernel twice"
ROUNDING = 2.0**-52


def regime(parameters: Parameters, **changes: object) -> Parameters:
    """A small regime of the whole law, with steps that end past the first crossing."""
    p = until_first_crossing(drawn_law(parameters, kernels_per_class=KERNELS))
    return replace(p, **changes)  # type: ignore[arg-type]


def legs(parameters: Parameters) -> Legs:
    """The same kernels with and without others beside them."""
    return {
        WHOLE: Leg(regime(parameters)),
        REMOVED: Leg(regime(parameters, kernels_per_class=KERNELS - 1)),
        CLONED: Leg(regime(parameters, kernels_per_class=2 * KERNELS, init="cloned")),
    }


def rounding_bound(parameters: Parameters) -> float:
    """log10 of what rounding can do: each step's, times the growth of a difference on the plateau.

    A difference grows as dc/dt does, with (c/c_0)^{2q-1} at most, c_0 ~ sigma_0.
    """
    p = regime(parameters)
    growth = (p.linear_from / p.init_scale) ** (2 * p.power - 1)
    return log10(ROUNDING * p.max_steps * growth)


def _difference(one: xr.Dataset, other: xr.Dataset) -> np.ndarray:
    """log10 of the largest relative difference of the kernels in both [seeds].

    NaN where the kernel that sets the step sizes is not in both, or nothing has crossed. Raises
    ValueError where the kernels do not start alike.
    """
    both = min(one.sizes["kernel"], other.sizes["kernel"])
    first, second = (run["initial_weights"].values[:, :both] for run in (one, other))
    if not np.array_equal(first, second):
        raise ValueError("the kernels that are compared must start alike")
    a, b = (run["final_correlations"].values[:, :both] for run in (one, other))
    gap = np.abs(a - b).max((1, 2)) / np.abs(a).max((1, 2))
    whole = max((one, other), key=lambda run: run.sizes["kernel"])
    time = whole["crossing_time"].values.min(-1)
    same_steps = (time[:, :both].min(-1) <= time.min(-1)) & np.isfinite(time.min(-1))
    return np.where(same_steps, np.log10(np.maximum(gap, ROUNDING)), np.nan)


def _number(parameters: Parameters, name: str, runs: Runs) -> Number:
    interacting = Rival("kernels that share a target: a difference of order one", 0.0)
    band = (-np.inf, rounding_bound(parameters))
    gap = _difference(runs[WHOLE], runs[name])
    return mean_number(name, gap, log10(ROUNDING), interacting, band)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """log10 of the relative change that the other kernels make, per seed."""
    numbers = [_number(parameters, name, runs) for name in (REMOVED, CLONED)]
    return all_numbers(numbers, "log10 of the change that other kernels make")


MASKED_AUTOENCODER = Control(
    "masked autoencoder",
    "kernels that reconstruct one target change each other",
    change=lambda parameters: {"framework": "mae"},
)

CLAIMS = (
    Claim(
        id="L10",
        name="laws.L10",
        statement="teacher-student kernels never interact: others may be removed or cloned",
        provenance="[D] section 4, L10",
        role="gate",
        role_reason="why coverage is a matter of independent draws (L1)",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (MASKED_AUTOENCODER,)},
        order=10,
        legs=legs,
        conditions=conditions,
    ),
)
