"""T2.retain [A]: fine-tuning loses no feature that pretraining captured."""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.capture import is_apart
from ...parameters import STAND_INS, Parameters
from ...theory import theorem2
from ..accuracies import captured_views, estimates
from ..claim import Claim, Runs
from ..controls import OVERSHOOT
from ..legs import PRETRAINING
from ..observed import final
from .runs import FINE_TUNED, tuned

KEPT = STAND_INS["retained_share"].value


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which every captured feature is still held class-purely at the end.

    Held: Lambda >= varrho and at least half of Lambda before. False where nothing was captured.
    """
    before, after = runs[PRETRAINING], runs[FINE_TUNED]
    had = captured_views(parameters, before).reshape(len(before["seed"]), -1)
    start, end = largest(parameters, before), largest(parameters, after)
    with np.errstate(invalid="ignore"):
        keeps = (end >= parameters.linear_from) & (end >= KEPT * start)
        share = np.divide(end, start, out=np.full_like(end, np.nan), where=had)
    whole = (keeps | ~had).all(-1) & had.any(-1) & np.isfinite(end).all(-1)
    beside = (
        *estimates({"captured_before": had.sum(-1), "lost": (had & ~keeps).sum(-1)}),
        *recorded(
            smallest_share_of_start=float(np.nanmin(share)) if had.any() else None,
            smallest_correlation=float(np.nanmin(np.where(had, end, np.nan)))
            if had.any()
            else None,
            kept_share_needed=KEPT,
        ),
    )
    return share_of_seeds(whole, "share of seeds in which fine-tuning loses no feature", beside)


def largest(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Lambda of every feature over class-pure kernels [seeds, features], 0 where there is none."""
    correlations = np.nan_to_num(final(runs), nan=-np.inf, posinf=np.inf)
    pure = is_apart(correlations, parameters.views)
    return np.asarray(np.where(pure, correlations, 0.0).max(1))


CLAIMS = (
    Claim(
        id="T2.retain",
        name="theorem2.retain",
        statement="no feature captured by pretraining is lost in fine-tuning",
        provenance="[A] abstract; levels [D], section 3",
        role="gate",
        role_reason="what makes pretraining useful downstream",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={"teacher-student": (OVERSHOOT,), "mae": (OVERSHOOT,)},
        prediction=theorem2.predict_retain,
        order=1,
        legs=tuned,
        relies_on=("fine-tuning",),
    ),
)
