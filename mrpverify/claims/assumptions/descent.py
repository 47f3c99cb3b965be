"""A.descent [D]: descent follows the flow at eta lambda_max = 1, and no longer at 4.

Linear theory leaves a kernel at rest where eta lambda > 2; nothing in between is judged.

lambda_max is the largest curvature that the flow itself has met. It cannot be had in a regime
without following it: `theory/curvature.py` bounds it where kernels have just been captured, and a
kernel that goes on growing (L15), or falls into a narrow `hold`, has more of it.

The flow of the regime needs up to 10^6 steps of such a size. So the statement is tried on the
regime's law at a small size, one kernel along one feature of each class, where 24 seeds take
seconds; and the regime's own curvature stands beside what its eta would need.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Table
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, share_number
from ...parameters import PRETRAINING as FRAMEWORKS_WITHOUT_LABELS
from ...parameters import Parameters
from ...theory.curvature import largest_curvature
from ...theory.euler import delay, growth_per_step
from ...theory.hitting import exponent
from ..claim import Asks, Claim, Control, Runs
from ..laws.exchange import exchange, swapped
from ..laws.regimes import conditions, drawn_law
from ..legs import PRETRAINING, Leg, Legs
from . import flow

SMALL, WITHIN, BEYOND = "the law at a small size", "eta lambda_max = 1", "eta lambda_max = 4"
OF_THE_FLOW = {WITHIN: 1.0, BEYOND: 4.0}
"""eta lambda_max: the end of the condition, and twice where a kernel at rest is left."""
LIMIT = 0.25
"""Of a crossing time, and of varrho in C(T). At eta lambda_max = 1 descent is late by a half if all
of lambda_max is growth (theory/euler.py); a fifth to a third of it is (exploration)."""
START, AMPLIFICATION, CLASSES = 0.2, 4.0, 4
"""sigma_0/varrho, Delta and k of the small regime: T is a few thousand over lambda_max."""
TOLERANCE = 1e-5
"""Of its flow: its own errors are then a hundredth of the delays it is compared by."""
LATEST = 4.0
"""Times of the flow's T after which descent is as far off as counts."""


def small(parameters: Parameters) -> Parameters:
    """The regime's law at a small size, each kernel along the one feature of its class."""
    p = parameters
    return drawn_law(
        p,
        classes=CLASSES,
        off_class=p.off_class * CLASSES / p.classes,
        views=1,
        kernels_per_class=1,
        dimension=2 * CLASSES,
        init="features",
        init_scale=START * p.linear_from,
        amplification=AMPLIFICATION,
        hold_width=0.1,
        horizon_factor=2.0,
        method="flow",
        tolerance=TOLERANCE,
    )


def legs(parameters: Parameters) -> Legs:
    """The flow at a small size, and the regime's own for its curvature."""
    own = Leg(replace(parameters, method="flow"), seeds=flow.SEEDS)
    return {PRETRAINING: own, SMALL: Leg(small(parameters))}


def descents(parameters: Parameters, runs: Runs) -> Legs:
    """Descent with steps that follow from the measured curvature, and at the regime's own eta."""
    p, last = small(parameters), LATEST * float(runs[SMALL]["final_time"].values.max())
    found = {
        name: Leg(replace(p, method="descent", step=eta, max_steps=ceil(last / eta)))
        for name, eta in steps(runs[SMALL]).items()
    }
    return {**found, **flow.descent(parameters, runs)}


def steps(run: xr.Dataset) -> dict[str, float]:
    """eta of both descents: within for every seed of the flow, and beyond for every seed."""
    curvature = run["largest_curvature"].values
    ends = {WITHIN: curvature.max(), BEYOND: curvature.min()}
    return {name: float(share / ends[name]) for name, share in OF_THE_FLOW.items()}


def error(parameters: Parameters, one: xr.Dataset, other: xr.Dataset) -> np.ndarray:
    """The largest relative change of a crossing time, or of C(T) in varrho [seeds]."""
    c, t = flow.correlation_error(parameters, one, other), flow.time_error(one, other)
    return np.asarray(np.maximum(c, t).max((1, 2)))


def asks(parameters: Parameters) -> Asks:
    """The flow, then descent at steps that follow from its curvature; both measured."""
    runs = yield legs(parameters)
    runs = yield descents(parameters, runs)
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """How late descent is, and in how many seeds it follows or leaves the flow."""
    p, run = small(parameters), runs[SMALL]
    within, beyond = (error(p, run, runs[name]) for name in (WITHIN, BEYOND))
    always, never = (
        Rival(f"descent {word} the flow", 0.0) for word in ("always leaves", "follows")
    )
    numbers = [
        _lateness(p, run, runs[WITHIN], steps(run)[WITHIN]),
        share_number(f"seeds that follow at {WITHIN}", within <= LIMIT, always),
        share_number(f"seeds that leave at {BEYOND}", beyond > LIMIT, never),
    ]
    return all_numbers(numbers, "descent", [Table("steps", _table(parameters, runs))])


def _lateness(p: Parameters, run: xr.Dataset, descent: xr.Dataset, eta: float) -> Number:
    """Delay of the first crossing over what Euler's method gives it [seeds]."""
    times = (run["crossing_time"].values, descent["crossing_time"].values)
    first, late = (t.reshape(len(t), -1).min(1) for t in times)
    leader = times[0].reshape(len(first), -1).argmin(1)
    start = run["initial_correlations"].values.reshape(len(first), -1)
    start = np.take_along_axis(start, leader[:, None], 1)[:, 0]
    growth = 1 - exponent(p.framework, p.power)  # p of dc/dt ~ c^p: T goes with c_0^{1-p} (L2)
    expected = delay(growth_per_step(eta, first, start, p.linear_from, growth), growth)
    none = Rival("crossings do not depend on the step", 0.0)
    return mean_number("delay over Euler's", (late / first - 1) / expected, 1.0, none)


def _table(parameters: Parameters, runs: Runs) -> list[dict[str, Any]]:
    """Measured and derived curvature, and the largest error, of every descent."""
    p = small(parameters)
    rows = [_row(name, p, eta, runs[SMALL], runs[name]) for name, eta in steps(runs[SMALL]).items()]
    own = (runs[PRETRAINING].isel(seed=slice(1)), runs[flow.DESCENT])  # which has one seed
    return [*rows, _row("the regime at its eta", parameters, parameters.step, *own)]


def _row(
    name: str, p: Parameters, eta: float, run: xr.Dataset, descent: xr.Dataset
) -> dict[str, Any]:
    """One descent beside its flow."""
    curvature = float(run["largest_curvature"].values.max())
    return {
        "descent": name,
        "eta": eta,
        "largest_curvature_measured": curvature,
        "derived_after_capture": largest_curvature(p, p.framework),
        "eta_times_measured": eta * curvature,
        "largest_error": float(error(p, run, descent).max()),
        "limit": LIMIT,
    }


EXCHANGED = Control(
    "steps exchanged",
    "the small step does not leave the flow, and the large one does not follow it",
    look=lambda parameters, runs: exchange(runs, swapped([WITHIN], [BEYOND])),
    seeds=1,  # as many as the regime's own descent has
)
FLOW_ITSELF = Control(
    "the flow in the place of descent",
    "the flow is not late, and does not leave itself",
    look=lambda parameters, runs: exchange(runs, {WITHIN: SMALL, BEYOND: SMALL}),
    seeds=1,
)

CLAIMS = (
    Claim(
        id="A.descent",
        name="assumptions.descent",
        statement="descent follows the flow at eta lambda_max = 1, and no longer at 4",
        provenance="[D] section 1, step size",
        role="finding",
        role_reason="presets follow the flow; it says at which steps descent would do",
        horizon="T",
        measure=asks,
        controls=dict.fromkeys(FRAMEWORKS_WITHOUT_LABELS, (EXCHANGED, FLOW_ITSELF)),
        conditions=conditions,
        order=2,
    ),
)
