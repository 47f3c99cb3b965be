"""T1.specialise [A, first version]: features of different classes are not fused in a kernel."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.capture import separate_kernels
from ...parameters import PRETRAINING, STAND_INS, Parameters
from ..claim import Claim
from ..observed import active_kernels, final, holds, known_at_horizon, mean_share, reached
from . import controls

ALLOWED = STAND_INS["impure_share"].value


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds with all features held and at most 1/10 of the active kernels fused."""
    busy = active_kernels(parameters, runs)
    fused = busy & ~separate_kernels(final(runs), parameters.views)
    share = fused.sum(-1) / np.maximum(busy.sum(-1), 1)
    share = np.where(busy.any(-1), share, np.nan)
    all_held = holds(parameters, runs).any(1).all(-1)
    with np.errstate(invalid="ignore"):
        special = all_held & (share <= ALLOWED) & reached(runs)
    beside = (
        mean_share("mean_share_not_class_pure", share),
        *recorded(
            largest_share=float(np.nanmax(share)) if busy.any() else None,
            mean_active_kernels=float(busy.sum(-1).mean()),
            allowed_share=ALLOWED,
        ),
    )
    return share_of_seeds(
        special,
        "share of seeds with all features held and at most 1/10 kernels fused",
        beside,
        known_at_horizon(runs),
    )


CLAIMS = (
    Claim(
        id="T1.specialise",
        name="theorem1.specialise",
        statement="kernels do not fuse features of different classes",
        provenance="[A] abstract of the first version; tolerance [D], section 3",
        role="gate",
        role_reason="what downstream classification needs",
        horizon="T",
        measure=measure,
        per_seed=True,
        # A quadratic activation is no control: it mixes views, and classes only by coarse steps.
        controls=dict.fromkeys(PRETRAINING, (controls.LARGE_START,)),
        order=3,
    ),
)
