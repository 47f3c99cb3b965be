"""D.leak: off-class pictures leak into kernels that hold a feature (L6)."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.intervals import SHARE
from ...judge.measurement import Measurement
from ...judge.per_seed import above, at_least, in_each_seed
from ...observe.capture import separate_kernels
from ...parameters import STAND_INS, Parameters
from ..accuracies import shares
from ..claim import Claim, Runs
from ..legs import PRETRAINING, Legs
from ..observed import crossed, final, known_at_horizon
from . import arms

PURE = 1 - STAND_INS["impure_share"].value
LONGER = 30.0
"""Horizon factor of the longer run: T is otherwise twice the time of full coverage."""
LATE, ALONE = "fifteen times as long", "no off-class pictures, fifteen times as long"


def legs(parameters: Parameters) -> Legs:
    """Pretraining, for longer, and for as long without off-class pictures."""
    late = {"horizon_factor": LONGER}
    return {
        PRETRAINING: arms.pretrained(parameters),
        LATE: arms.pretrained(parameters, **late),
        **arms.few({ALONE: arms.pretrained(parameters, off_features=0, **late)}),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds with 9 of 10 kernels class-pure at their crossing, and fewer of them late."""
    p, own, late = arms.regime(parameters), runs[PRETRAINING], runs[LATE]
    early = _pure(p, late, np.nan_to_num(late["crossing_correlations"].values))
    then = _pure(p, late, final(late))
    parts = {
        "class-pure kernels at the crossing": at_least(early, PURE, SHARE),
        "class-pure kernels lost late": above(early - then, 1 - PURE),
    }
    pure = {
        "class-pure kernels at T": _pure(p, own, final(own)),
        f"class-pure kernels, {LATE}": then,
    }
    return in_each_seed(
        "share of seeds whose kernels are class-pure at the crossing and leak afterwards",
        parts,
        shares(pure),
        known_at_horizon(late),
    )


def _pure(parameters: Parameters, runs: xr.Dataset, correlations: np.ndarray) -> np.ndarray:
    """Share of the kernels that crossed that are class-pure [seeds]."""
    busy = crossed(runs).any(-1)
    pure = separate_kernels(correlations, parameters.views)
    return np.asarray((busy & pure).sum(-1) / np.maximum(busy.sum(-1), 1))


CLAIMS = (
    Claim(
        id="D.leak",
        name="dominoes.leak",
        statement="kernels are class-pure at their crossing, and off-class pictures leak into them "
        "afterwards",
        provenance="[D] L6",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "teacher-student": (
                arms.instead(
                    "no off-class pictures",
                    "what never stands beside a feature cannot leak into its kernel",
                    {LATE: ALONE, PRETRAINING: ALONE},
                ),
            )
        },
        per_seed=True,
        order=10,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
