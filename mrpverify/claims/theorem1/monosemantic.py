"""T1.monosemantic [A, first version]: a kernel captures at most one feature (the strict form).

A finding, not a gate: by L6 it should fail at T under the gains constant and hold.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.capture import separate_kernels
from ...parameters import STAND_INS, Parameters
from ...theory import theorem1
from ..claim import Claim, Horizon
from ..observed import active_kernels, crossed, final, known_at_horizon, mean_share, reached
from . import controls

ALLOWED = STAND_INS["impure_share"].value


def measure_at_horizon(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """The strict form for every kernel that holds a feature at T."""
    busy = active_kernels(parameters, runs)
    return _judge(parameters, final(runs), busy & reached(runs)[:, None], known_at_horizon(runs))


def measure_at_crossing(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """The strict form for every crossed kernel, each at its own first crossing."""
    at_crossing = np.nan_to_num(runs["crossing_correlations"].values, nan=0.0)
    busy = np.asarray(crossed(runs).any(-1))
    return _judge(parameters, at_crossing, busy, np.ones(len(busy), dtype=bool))


def _judge(
    parameters: Parameters, correlations: np.ndarray, busy: np.ndarray, known: np.ndarray
) -> Measurement:
    """Share of seeds in which at most 1/10 of the busy kernels have a second feature."""
    alone = separate_kernels(correlations, parameters.views, same_class=True)
    number = busy.sum(-1)
    share = np.where(number > 0, (busy & ~alone).sum(-1) / np.maximum(number, 1), np.nan)
    with np.errstate(invalid="ignore"):
        strict = share <= ALLOWED  # false where no kernel is busy
    beside = (
        mean_share("mean_share_with_second_feature", share),
        *recorded(
            mean_kernels=float(number.mean()),
            seeds_without_exception=int((share == 0).sum()),
            allowed_share=ALLOWED,
        ),
    )
    return share_of_seeds(
        strict,
        "share of seeds with at most 1/10 kernels holding a second feature",
        beside,
        known,
    )


def _claim(horizon: Horizon, order: int) -> Claim:
    """The claim on one of its two horizons."""
    at_crossing = horizon == "crossing"
    return Claim(
        id="T1.monosemantic",
        name="theorem1.monosemantic",
        statement=(
            "a kernel captures at most one feature, at its first crossing"
            if at_crossing
            else "a kernel captures at most one feature, at T"
        ),
        provenance="[A] abstract of the first version; horizon and tolerance [D], section 3 and L6",
        role="finding",
        role_reason="by L6 the strict form is expected to fail at stationarity; open at crossing",
        horizon=horizon,
        measure=measure_at_crossing if at_crossing else measure_at_horizon,
        per_seed=True,
        controls={
            "teacher-student": (controls.LARGE_START, controls.NO_WINNER),
            "mae": (controls.LARGE_START,),
        },
        prediction=theorem1.predict_monosemantic_at_crossing
        if at_crossing
        else theorem1.predict_monosemantic_at_horizon,
        order=order,
    )


CLAIMS = (_claim("crossing", 4), _claim("T", 5))
