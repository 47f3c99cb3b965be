"""D.leak: off-class pictures leak into kernels that hold a feature (L6), and are not alone in that.

As "they leak, and without off-class pictures they do not" it was UNINFORMATIVE on the salts a, b
and c: classes resemble each other, so that kernels leak without such pictures too. What these add
is asked since, and judged on other salts.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement, mean_above, together
from ...observe.capture import separate_kernels
from ...parameters import STAND_INS, Parameters
from ..accuracies import shares
from ..claim import Claim, Control, Runs
from ..laws.exchange import exchange, swapped
from ..legs import PRETRAINING, Legs
from ..observed import crossed, final
from ..paired import not_supported
from . import arms

PURE = 1 - STAND_INS["impure_share"].value
LONGER = 30.0
"""Horizon factor of the longer run: T is otherwise twice the time of full coverage."""
WORK = 60_000
"""Gradients of such a run at most: with the 6000 of the recipe a seed in twelve does not arrive."""
LATE, ALONE = "fifteen times as long", "no off-class pictures, fifteen times as long"


def legs(parameters: Parameters) -> Legs:
    """Pretraining, for longer, and for as long without off-class pictures."""
    late = {"horizon_factor": LONGER, "work": WORK}
    return {
        PRETRAINING: arms.pretrained(parameters),
        LATE: arms.pretrained(parameters, **late),
        ALONE: arms.pretrained(parameters, off_features=0, **late),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Class-pure kernels at their crossing, those lost late, and more than without the pictures.

    Means over seeds with t-intervals: one by betting reaches no further than 0.87 at 24 seeds, were
    every kernel class-pure, and a seed is a mean over its kernels.
    """
    p, own, late = arms.regime(parameters), runs[PRETRAINING], runs[LATE]
    early = _pure(late, _crossing(p, late))
    gone, alone = lost(p, late), lost(p, runs[ALONE])
    finest = 1 / p.kernels
    parts = {
        "class-pure kernels at the crossing": mean_above(early, PURE, finest),
        "class-pure kernels lost late": mean_above(gone, 1 - PURE, finest),
        "lost late, more than without off-class pictures": mean_above(gone - alone, 0.0, finest),
    }
    beside = {
        "class-pure kernels at T": _pure(own, _separate(p, final(own))),
        f"class-pure kernels, {LATE}": _pure(late, _separate(p, final(late))),
        f"class-pure kernels lost, {ALONE}": alone,
    }
    return together("share of class-pure kernels", parts, shares(beside, finest))


def lost(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Share of the kernels that crossed that were class-pure then and are no more [seeds]."""
    then = _separate(parameters, final(run))
    return _pure(run, _crossing(parameters, run) & ~then)


def _crossing(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Kernels that are class-pure at their first crossing [seeds, kernels]."""
    return _separate(parameters, np.nan_to_num(run["crossing_correlations"].values))


def _separate(parameters: Parameters, correlations: np.ndarray) -> np.ndarray:
    """Class-pure kernels [seeds, kernels]."""
    return np.asarray(separate_kernels(correlations, parameters.views))


def _pure(run: xr.Dataset, kernels: np.ndarray) -> np.ndarray:
    """Share of these among the kernels that crossed [seeds]."""
    busy = crossed(run).any(-1)
    return np.asarray((busy & kernels).sum(-1) / np.maximum(busy.sum(-1), 1))


def _seen_late(parameters: Parameters, runs: Runs) -> Runs:
    """Kernels as they are late in the place of what they were at their crossing."""
    del parameters
    late = runs[LATE]
    then = (late["crossing_correlations"].dims, late["final_correlations"].values)
    return {**runs, LATE: late.assign(crossing_correlations=then)}


CONTROLS = (
    Control(
        "off-class pictures and none exchanged",
        "what never stands beside a feature does not leak more",
        look=lambda parameters, runs: exchange(runs, swapped([LATE], [ALONE])),
        # A difference that is open one way is open the other way round, too.
        failed=not_supported,
    ),
    Control("seen late alone", "kernels are not class-pure any more", look=_seen_late),
)

CLAIMS = (
    Claim(
        id="D.leak",
        name="dominoes.leak",
        statement="kernels are class-pure at their crossing, and leak afterwards, more of them "
        "with off-class pictures than without",
        provenance="[D] L6",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={"teacher-student": CONTROLS},
        order=10,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
