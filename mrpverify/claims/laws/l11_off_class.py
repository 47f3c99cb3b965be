"""L11 [D]: off-class appearances speed up teacher-student capture, not supervised learning.

The same kernels on the same images with and without the features of other classes: ratio of the
times to the crossing. Off-class features as strong as the theory allows; the effect is a percent.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...parameters import STAND_INS, Parameters
from ...theory.off_class import supervised_speedup, teacher_student_speedup
from ..accuracies import estimates
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .exchange import exchange, swapped
from .regimes import alone, conditions, first_crossing, until_first_crossing

WITH, WITHOUT = "with off-class features", "without"
CLASSES = 8
START = 0.005
"""sigma_0 / varrho: T is then known to a ten-thousandth."""
STRENGTH = (0.4, 0.5)
"""sum z off class, up to half the least own one."""


def regime(parameters: Parameters, off_class: float) -> Parameters:
    """One kernel per class on its one feature; off-class features join its images."""
    p = alone(
        parameters,
        classes=CLASSES,
        dimension=CLASSES,
        kernels_per_class=1,
        init="features",
        init_scale=START * parameters.linear_from,
        images=240,
        off_class=off_class,
        off_low=STRENGTH[0] * parameters.own_low,
        off_high=STRENGTH[1] * parameters.own_low,
    )
    # Steps do not depend on the off-class features, so that both runs are read on one clock.
    stepped = until_first_crossing(replace(p, off_class=0.0))
    return replace(stepped, off_class=off_class)


def legs(parameters: Parameters) -> Legs:
    """As sparse as the theory assumes, and none."""
    present = STAND_INS["sparse_presence"].value * CLASSES
    return {WITH: Leg(regime(parameters, present)), WITHOUT: Leg(regime(parameters, 0.0))}


def leader(run: xr.Dataset) -> np.ndarray:
    """Class whose kernel crosses first [seeds]."""
    own = np.arange(CLASSES)
    return np.asarray(run["crossing_time"].values[:, own, own].argmin(-1))


def predicted(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Speed-up of the leading class, from its share of the drawn images [seeds]."""
    activity = run["own_activity"].values
    share = activity[np.arange(len(activity)), leader(run)] / activity.sum(-1)
    rule = supervised_speedup if p.framework == "supervised" else teacher_student_speedup
    return np.array([rule(p, float(own)) for own in share])


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Speed-up beyond 1 over its prediction, per seed: T without over T with off-class features."""
    p = legs(parameters)[WITH].parameters
    ratio = first_crossing(runs[WITHOUT]) / first_crossing(runs[WITH])
    expected = predicted(p, runs[WITHOUT])
    nothing = Rival("off-class appearances do nothing", 0.0)
    effect = (ratio - 1) / (expected - 1)
    number = mean_number("effect over its prediction", effect, 1.0, nothing)
    speed_up = estimates({"speed_up": ratio, "predicted_speed_up": expected})
    return all_numbers([number], "ratio of crossing times", speed_up)


def _swapped(parameters: Parameters, runs: Runs) -> Runs:
    """The two runs in each other's place."""
    return exchange(runs, swapped([WITH], [WITHOUT]))


SWAPPED = Control("with and without swapped", "the ratio is turned round", look=_swapped)

CLAIMS = (
    Claim(
        id="L11",
        name="laws.L11",
        statement="off-class appearances speed teacher-student up by E[A^2 off], supervised down",
        provenance="[D] section 4, L11",
        role="gate",
        role_reason="what pretraining takes from foreign images and supervised learning cannot",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (SWAPPED,), "supervised": (SWAPPED,)},
        order=11,
        legs=legs,
        conditions=conditions,
    ),
)
