"""T1.noise [R]: kernels learn features, not noise."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.correlations import learned_parts
from ...parameters import Parameters
from ..claim import Claim
from ..observed import active_kernels, hold_level, known_at_horizon, reached
from . import controls


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds in which no kernel responds to background and active ones learn inside V.

    No kernel reaches varrho/2 on a held-out background patch, and w(T) - w(0) is smaller outside
    the feature span than inside for every active kernel. False where nothing is held.
    """
    response = runs["background_response"].values
    busy = active_kernels(parameters, runs)
    inside, outside = learned_parts(
        runs["final_weights"].values, runs["initial_weights"].values, runs["features"].values
    )
    quiet = (response < hold_level(parameters)).all(-1)
    aligned = np.where(busy, outside < inside, True).all(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(busy, outside / inside, np.nan)
    beside = recorded(
        largest_background_response=float(np.nanmax(response)),
        response_limit=hold_level(parameters),
        largest_outside_to_inside=float(np.nanmax(ratio)) if busy.any() else None,
        seeds_quiet_on_background=int(quiet.sum()),
        seeds_learning_inside_span=int((aligned & busy.any(-1)).sum()),
    )
    learned = quiet & aligned & busy.any(-1) & reached(runs)
    return share_of_seeds(
        learned,
        "share of seeds in which no kernel learns noise",
        beside,
        known_at_horizon(runs),
    )


CLAIMS = (
    Claim(
        id="T1.noise",
        name="theorem1.noise",
        statement="background stays quiet for every kernel and learning stays in the feature span",
        provenance="[R] section 3",
        role="gate",
        role_reason="a kernel that memorises patches would not transfer",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={
            "teacher-student": (controls.NOISY_FROM_A_LARGER_START,),
            "mae": (controls.FEW_NOISY_IMAGES,),
        },
        order=7,
    ),
)
