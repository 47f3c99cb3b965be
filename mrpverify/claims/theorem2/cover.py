"""T2.cover [A]: pretraining captures what its images show and nothing else; labels build on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.accuracy import by_class, single_view_accuracy
from ...parameters import Parameters
from ...theory import theorem2
from ..accuracies import EQUAL, captured_views, counts, resolution, shares
from ..claim import Claim, Control, Runs
from ..legs import PRETRAINING, Leg, Legs, fine_tuned
from ..observed import reached

COVERAGE = 0.75
"""Share of the features in the pretraining law of this claim."""
PARTIAL, TUNED = "pretraining on part of the features", "fine-tuned on all features"


def legs(parameters: Parameters) -> Legs:
    """Pretraining on a part of the features, and fine-tuning it on images with all of them."""
    part = replace(parameters, coverage=COVERAGE)
    return {PRETRAINING: Leg(parameters), PARTIAL: Leg(part), TUNED: fine_tuned(part)}


def covered_views(parameters: Parameters, pretraining: xr.Dataset) -> np.ndarray:
    """Views that some pretraining image showed [seeds, classes, views], bool."""
    return by_class(pretraining["squared_activity"].values > 0, parameters.views)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which exactly the covered features are captured, and downstream follows.

    Downstream follows where single-view images of covered features are classified better than
    those of the others, by more than accuracies that count as equal.
    """
    part, tuned = runs[PARTIAL], runs[TUNED]
    covered = covered_views(parameters, part)
    exact = (captured_views(parameters, part) == covered).all((1, 2)) & reached(part)
    with_view = single_view_accuracy(*counts(tuned), covered)
    without = single_view_accuracy(*counts(tuned), ~covered)
    with np.errstate(invalid="ignore"):
        follows = with_view - without > EQUAL
    finest = resolution(parameters)
    expected = theorem2.expected_cover_accuracy(replace(parameters, coverage=COVERAGE))
    own = {
        "accuracy_on_covered_views": with_view,
        "accuracy_on_other_views": without,
        "single_view_accuracy": single_view_accuracy(*counts(tuned)),
    }
    beside = (
        *shares(own, finest),
        *recorded(
            coverage=COVERAGE,
            seeds_exactly_covered=int(exact.sum()),
            predicted={"covered": expected[0], "others": expected[1], "overall": expected[2]},
        ),
    )
    return share_of_seeds(
        exact & follows,
        "share of seeds that capture exactly the covered features and classify by them",
        beside,
    )


def _pretrained_on_all(parameters: Parameters, runs: Runs) -> Runs:
    """The encoder that saw every feature, held against the features of the partial law."""
    full, part = runs[PRETRAINING], runs[PARTIAL]
    names = ("final_correlations", "crossing_time", "crossing_correlations", "reached_horizon")
    return {**runs, PARTIAL: part.assign({name: full[name] for name in names})}


def _turned_round(parameters: Parameters, runs: Runs) -> Runs:
    """Wrong answers on test images counted for right ones."""
    del parameters
    tuned = runs[TUNED]
    wrong = tuned["test_number"] - tuned["test_correct"]
    return {**runs, TUNED: tuned.assign(test_correct=wrong)}


EVERYTHING_COVERED = Control(
    "pretraining on every feature",
    "captures more than the partial law shows",
    look=_pretrained_on_all,
)
WRONG_FOR_RIGHT = Control(
    "wrong answers counted for right ones",
    "images of what was covered are those that are classified, not those that are not",
    look=_turned_round,
)

CLAIMS = (
    Claim(
        id="T2.cover",
        name="theorem2.cover",
        statement="pretraining captures exactly the features that its images show, and downstream "
        "single-view images of these are classified better than those of others",
        provenance="[A] abstract; form [D], section 3",
        role="gate",
        role_reason="the reason given for the gain: coverage",
        horizon="T",
        measure=measure,
        per_seed=True,
        controls=dict.fromkeys(("teacher-student", "mae"), (EVERYTHING_COVERED, WRONG_FOR_RIGHT)),
        prediction=theorem2.predict_cover,
        order=4,
        legs=legs,
        relies_on=("fine-tuning",),
    ),
)
