"""T2.test [A]: after fine-tuning, multi-view and single-view test images are classified."""

from __future__ import annotations

from ...judge.measurement import Measurement, share_of_seeds
from ...parameters import Parameters
from ...theory import theorem2
from ..accuracies import (
    MULTI_VIEW_ACCURACY,
    SINGLE_VIEW_ACCURACY,
    accuracies,
    captured_views,
    multi_view,
    single_view,
    table,
)
from ..claim import Claim, Runs
from ..controls import FUSED, HALF_COVERED
from .runs import FINE_TUNED, HEADS, all_heads


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds with accuracy >= 0.99 on multi-view and >= 0.97 on single-view test images.

    Fine-tuning with all labels decides; linear probe and few labels stand in the details.
    """
    tuned = runs[FINE_TUNED]
    right = (multi_view(tuned) >= MULTI_VIEW_ACCURACY) & (
        single_view(tuned) >= SINGLE_VIEW_ACCURACY
    )
    heads = {
        head: table(parameters, runs[head], captured_views(parameters, runs[head]))
        for head in HEADS
    }
    return share_of_seeds(
        right,
        f"share of seeds with accuracy >= {MULTI_VIEW_ACCURACY:g} on multi-view and "
        f">= {SINGLE_VIEW_ACCURACY:g} on single-view test images",
        accuracies(heads),
    )


CLAIMS = (
    Claim(
        id="T2.test",
        name="theorem2.test",
        statement="after fine-tuning both kinds of test image are classified",
        provenance="[A] abstract; levels [D]",
        role="gate",
        role_reason="the paper's downstream statement",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls={
            "teacher-student": (HALF_COVERED, FUSED),
            "mae": (HALF_COVERED, FUSED),
        },
        prediction=theorem2.predict_test,
        order=3,
        legs=all_heads,
        relies_on=("fine-tuning",),
    ),
)
