"""CMP.gain [A]: pretraining gains on single-view images what supervised learning loses there."""

from __future__ import annotations

import numpy as np

from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed, within
from ...parameters import Parameters
from ...theory import comparison as theory
from ..accuracies import (
    EQUAL,
    GAIN,
    accuracies,
    block_views,
    captured_views,
    estimates,
    overall,
    resolution,
    table,
)
from ..claim import Claim, Runs
from ..controls import FUSED, HALF_COVERED, NOTHING_HIDDEN, ONE_VIEW
from ..legs import SUPERVISED
from ..theorem2.runs import FINE_TUNED
from .runs import PAIRS, every_head, multi_view_gain, single_view_gain


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds that gain on single-view images and nothing on multi-view ones.

    Paired: above 0.02 on the former, within 0.01 of 0 on the latter. Fine-tuning with all labels
    decides; the other heads, against supervised learning from the same labels, stand in the
    details.
    """
    tuned, scratch = runs[FINE_TUNED], runs[SUPERVISED]
    finest = resolution(parameters)
    parts = {
        "single-view gain": above(single_view_gain(tuned, scratch), GAIN),
        "multi-view gain": within(multi_view_gain(tuned, scratch), 0.0, EQUAL),
    }
    whole = overall(parameters, tuned) - overall(parameters, scratch)
    expected = theory.expected_gain(parameters)
    legs = {
        FINE_TUNED: table(parameters, tuned, captured_views(parameters, tuned)),
        SUPERVISED: table(parameters, scratch, block_views(parameters, scratch)),
    }
    beside = (
        Estimate.of("overall gain", whole, finest),
        Estimate("overall gain predicted", expected.overall),
        Estimate("single-view gain predicted", expected.single_view),
        Estimate("single-view gain predicted, one view per class", expected.law),
        *estimates(_other_heads(runs), finest),
        *accuracies(legs),
    )
    return in_each_seed(
        "share of seeds that gain on single-view test images and nothing on multi-view ones",
        parts,
        beside,
    )


def _other_heads(runs: Runs) -> dict[str, np.ndarray]:
    """Single-view gain of every head over supervised learning from the same labels [seeds]."""
    return {
        f"single-view gain, {head}": single_view_gain(runs[head], runs[other])
        for head, other in PAIRS.items()
        if head != FINE_TUNED
    }


CONTROLS = (NOTHING_HIDDEN, ONE_VIEW, HALF_COVERED, FUSED)

CLAIMS = (
    Claim(
        id="CMP.gain",
        name="comparison.gain",
        statement="pretraining beats supervised learning on single-view images, and only there",
        provenance="[A] abstract; size of the gain [D], L12",
        role="gate",
        role_reason="the paper's headline",
        horizon="T",
        measure=measure,
        controls={"teacher-student": CONTROLS, "mae": CONTROLS},
        prediction=theory.predict_gain,
        per_seed=True,
        order=1,
        legs=every_head,
        relies_on=("supervised", "fine-tuning"),
    ),
)
