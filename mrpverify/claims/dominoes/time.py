"""D.time: do kernels cross when L2 says, with the strengths of real pictures?"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.intervals import SHARE
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...observe.correlations import first_crossed
from ...parameters import STAND_INS, Parameters
from ...theory.growth import drawn_growth_rates, hitting_times
from ..accuracies import estimates
from ..claim import Claim, Control, Runs
from ..legs import PRETRAINING, Legs
from ..observed import crossed, known_at_horizon
from ..theorem1.controls import stream
from . import arms

FACTOR = STAND_INS["much_less"].value
MOST = STAND_INS["lottery_share"].value


def legs(parameters: Parameters) -> Legs:
    """Pretraining alone."""
    return {PRETRAINING: arms.pretrained(parameters)}


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which most kernels cross within a factor of two of L2's time.

    T_v = c_0^{-(2q-2)}/((2q-2) R_v) less the same at varrho, with the R_v of the drawn pictures,
    the earliest over the features. A kernel that does not cross until T counts as missed.
    """
    p, own = arms.regime(parameters), runs[PRETRAINING]
    said = predicted(p, own)
    time = own["crossing_time"].values.min(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.log(time / said)
    right = np.abs(np.where(np.isfinite(off), off, np.inf)) <= np.log(FACTOR)
    which = first_crossed(own["crossing_time"].values, own["crossing_correlations"].values)
    start = own["initial_correlations"].values.argmax(-1)
    crossing = crossed(own).any(-1)
    seen = {
        "median of measured over predicted time": np.exp(
            [np.nanmedian(np.where(np.isfinite(row), row, np.nan)) for row in off]
        ),
        "slope of log time over log initial correlation (L2: -4)": _slopes(own),
        "kernels that cross for their largest initial correlation": (
            ((which == start) & crossing).sum(-1) / np.maximum(crossing.sum(-1), 1)
        ),
    }
    return in_each_seed(
        "share of seeds in which most kernels cross within a factor of two of L2's time",
        {"kernels within a factor of two": above(right.mean(-1), MOST, SHARE)},
        estimates(seen),
        known_at_horizon(own),
    )


def predicted(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """L2's time of every kernel's first crossing [seeds, kernels]."""
    p = parameters
    rates = drawn_growth_rates(p, runs["squared_activity"].values, runs["patch_activity"].values)
    starts = runs["initial_correlations"].values
    times = hitting_times(
        starts, np.broadcast_to(rates[:, None], starts.shape), p.power, p.linear_from
    )
    return np.asarray(times.min(-1))


def _slopes(runs: xr.Dataset) -> np.ndarray:
    """Slope of log crossing time over log of the largest initial correlation [seeds]."""
    start = runs["initial_correlations"].values.max(-1)
    time = runs["crossing_time"].values.min(-1)
    found = []
    for c, t in zip(start, time, strict=True):
        there = np.isfinite(t) & (c > 0) & (t > 0)
        two = there.sum() > 1
        found.append(np.polyfit(np.log(c[there]), np.log(t[there]), 1)[0] if two else np.nan)
    return np.array(found)


def _permute(parameters: Parameters, runs: Runs) -> Runs:
    """Initial correlations of one kernel for another: the rule knows nothing."""
    del parameters
    own = runs[PRETRAINING]
    initial = own["initial_correlations"]
    mixed = stream(own, int(own["seed"].values[0])).permuted(initial.values, axis=1)
    return arms.first({PRETRAINING: own.assign(initial_correlations=(initial.dims, mixed))})


CLAIMS = (
    Claim(
        id="D.time",
        name="dominoes.time",
        statement="on real pictures most kernels cross within a factor of two of L2's hitting time "
        "with measured strengths",
        provenance="[D] L2",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="crossing",
        measure=measure,
        controls={
            "teacher-student": (
                Control(
                    "another kernel's start",
                    "a rule that knows nothing of a kernel is not within a factor of two",
                    look=_permute,
                ),
            )
        },
        per_seed=True,
        order=9,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
