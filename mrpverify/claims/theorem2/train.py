"""T2.train [R]: fine-tuning classifies every training image with a margin."""

from __future__ import annotations

import numpy as np

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...parameters import STAND_INS, Parameters
from ...theory import theorem2
from ..claim import Claim, Runs
from ..controls import FUSED
from .runs import FINE_TUNED, tuned

MARGIN = STAND_INS["training_margin"].value


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds with every training image right, by a logit margin of at least 1."""
    least = runs[FINE_TUNED]["train_margin"].values  # [seeds, multi- and single-view]
    # A data set without single-view images has no margin on them.
    smallest = np.where(np.isnan(least), np.inf, least).min(-1)
    beside = recorded(
        median_margin=[_median(column) for column in least.T],
        smallest_margin=float(smallest.min()),
        margin_needed=MARGIN,
    )
    return share_of_seeds(
        (smallest >= MARGIN) & np.isfinite(smallest),
        "share of seeds with every training image right with margin",
        beside,
    )


def _median(values: np.ndarray) -> float | None:
    """Median over the seeds that have such images, None without any."""
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else None


CLAIMS = (
    Claim(
        id="T2.train",
        name="theorem2.train",
        statement="after fine-tuning every training image is classified with a margin",
        provenance="[R] section 3; margin [D]",
        role="gate",
        role_reason="a network that does not fit has not been fine-tuned",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={"teacher-student": (FUSED,), "mae": (FUSED,)},
        prediction=theorem2.predict_train,
        order=2,
        legs=tuned,
        relies_on=("fine-tuning",),
    ),
)
