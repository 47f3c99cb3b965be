"""SL.test [A, R; finite size D]: supervised learning loses the single-view images of lost views."""

from __future__ import annotations

from ...judge.findings import Estimate
from ...judge.intervals import SHARE
from ...judge.measurement import Measurement, mean_within, together
from ...judge.per_seed import at_least, counted
from ...parameters import STAND_INS, Parameters
from ...theory import supervised as theory
from ..accuracies import (
    MULTI_VIEW_ACCURACY,
    accuracies,
    block_views,
    multi_view,
    of_one_view,
    overall,
    resolution,
    shares,
    single_view,
    table,
)
from ..claim import Claim, Control, Runs
from ..controls import NOTHING_HIDDEN, ONE_VIEW
from ..legs import SUPERVISED
from .runs import alone, as_stated

BAND = STAND_INS["accuracy_band"].value


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Mean single-view accuracy within 0.05 of L12, multi-view accuracy of a seed at least 0.99.

    L12 with near ties: at finite size some classes learn both views.
    L12 is an expectation over the draws of foreign features, and single seeds spread around it by
    half the band: the mean stays, as an equivalence test (TOST) by a t-interval.
    """
    own, finest = runs[SUPERVISED], resolution(parameters)
    law = _accuracy(as_stated(parameters))
    parts = {
        "single-view accuracy": mean_within(single_view(own), law, BAND, finest, SHARE),
        f"seeds with multi-view accuracy >= {MULTI_VIEW_ACCURACY:g}": counted(
            at_least(multi_view(own), MULTI_VIEW_ACCURACY, SHARE)
        ),
    }
    mu = parameters.single_view
    growing = mu * theory.asymptotic_single_view_error(parameters)
    beside = (
        *shares({"overall error": 1 - overall(parameters, own)}, finest),
        Estimate("overall error predicted, mu e(k, s)", theory.overall_error(parameters)),
        Estimate("overall error predicted as s grows, 0.5 mu", growing),
        Estimate("single-view error predicted with near ties", _refined(parameters)),
        *accuracies({SUPERVISED: table(parameters, own, block_views(parameters, own))}),
    )
    return together("single-view test accuracy", parts, beside)


def _accuracy(parameters: Parameters) -> float:
    """L12, with near ties where they are known."""
    error = _refined(parameters)
    return theory.single_view_accuracy(parameters) if error is None else 1 - error


def _refined(parameters: Parameters) -> float | None:
    """Predicted error where some classes learn both views; None for more than two views."""
    return theory.refined_single_view_error(parameters) if parameters.views < 3 else None


SHOWN_ONE_VIEW = Control(
    "single-view images in the place of multi-view ones",
    "what shows one view is lost where that is the one that was not learned",
    look=lambda parameters, runs: {SUPERVISED: of_one_view(runs[SUPERVISED])},
)

CLAIMS = (
    Claim(
        id="SL.test",
        name="supervised.test",
        statement="multi-view test images are classified, single-view ones as often as L12 says",
        provenance="[A] abstract, [R]; finite size L12 [D]",
        role="gate",
        role_reason="the loss that pretraining is said to avoid",
        horizon="T",
        measure=measure,
        controls={"supervised": (NOTHING_HIDDEN, ONE_VIEW, SHOWN_ONE_VIEW)},
        prediction=theory.predict_test,
        order=2,
        legs=alone,
    ),
)
