"""L6 [D]: a saturated kernel leaks into a co-occurring feature after T_leak ~ d_0^{-(q-2)}.

Kernels start saturated on one view, at a ladder of correlations d_0 with the other. The exponent is
q-2, against 2q-2 of capture: strict specialisation cannot last under a constant gain.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters
from ...theory.curvature import stable_step
from ...theory.leak import leak_exponent, level_correction, sibling_leak_time
from ...theory.plateau import plateau, saturation_gain, shared_floor
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve, over_last
from .exchange import exchange, swapped
from .regimes import conditions, fixed_strength, showing_class, siblings

POWERS = (3, 4)
RUNGS = 8
"""Kernels of a class: d_0 from 1/8 of the largest to the largest."""
IMAGES = 8
LARGEST = 0.4
"""d_0 / varrho of the last rung: small ones take long at q = 4."""


def regime(parameters: Parameters, power: int) -> Parameters:
    """Kernels on the plateau of their first view, at a gain that is stable for both views as well.

    Halfway between saturation with one view and divergence with two (L4).
    """
    base = replace(parameters, power=power, gain="constant")
    own, shared = siblings(base).gain_floor, siblings(base).mask_law.shared
    tau = (saturation_gain(own, power) + shared_floor(own, 2, shared)) / 2
    end = plateau(tau, own, power, base.linear_from) * base.patches_per_feature
    p = siblings(
        replace(base, tau=tau),
        dimension=4,
        kernels_per_class=RUNGS,
        init="features",
        init_scale=end,
        second_view=LARGEST * base.linear_from / end,
        images=IMAGES,
        **fixed_strength(),
    )
    p = replace(p, step=stable_step(p, "teacher-student", 0.5))
    slowest = sibling_leak_time(p, LARGEST * p.linear_from / RUNGS)
    # Images of a class are drawn, and one that a single image shows leaks slowest.
    horizon = 1.1 * slowest * IMAGES / p.classes
    return replace(p, horizon=horizon, max_steps=ceil(horizon / p.step) + 1)


def legs(parameters: Parameters) -> Legs:
    """The ladder at both powers."""
    return {f"q = {q}": Leg(regime(parameters, q)) for q in POWERS}


def starts(parameters: Parameters) -> np.ndarray:
    """d_0 of the rungs."""
    return LARGEST * parameters.linear_from * np.arange(1, RUNGS + 1) / RUNGS


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Slope of log T against log d_0, and T over its prediction at the smallest d_0, per seed."""
    runs = showing_class(runs)
    numbers, curves = [], []
    for q in POWERS:
        p, run = regime(parameters, q), runs[f"q = {q}"]
        d = starts(p)
        time = run["crossing_time"].values[:, :RUNGS, 1]
        n = -leak_exponent(q)
        capture = Rival("exponent of capture", -(2.0 * q - 2))
        numbers.append(mean_number(f"slope at q = {q}", log_slopes(d, time), n, capture))
        # Class 0 is in a drawn share of the images, not in 1/k of them.
        share = run["own_activity"].values[:, 1] / run["own_activity"].values[:, ::2].sum(-1)
        predicted = sibling_leak_time(p, float(d[0])) * (1 / p.classes) / share
        correction = level_correction(float(d[0]) / p.linear_from, q)
        without = Rival("no residual is left: never", np.inf)
        band = (1 - 2 * correction, 1 + correction)
        numbers.append(
            mean_number(f"T over T_leak at q = {q}", time[:, 0] / predicted, 1.0, without, band)
        )
        line, other = (d / d[-1])[None] ** np.array([[n], [capture.value]])
        curves.append(
            curve(
                f"q = {q}",
                ("d_0 / varrho", d / p.linear_from),
                ("T / T at the largest d_0", over_last(time)),
                line,
                other,
                logarithmic=True,
            )
        )
    return all_numbers(numbers, "leak of a saturated kernel", curves)


def _swapped(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of one power in the place of the other's."""
    one, other = legs(parameters)
    return exchange(runs, swapped([one], [other]))


def _other_rungs(parameters: Parameters, runs: Runs) -> Runs:
    """The ladder upside down: the largest d_0 with the time of the smallest."""
    del parameters
    found = {}
    for name, run in runs.items():
        time = run["crossing_time"].copy()
        time.values[:, :RUNGS] = time.values[:, RUNGS - 1 :: -1]
        found[name] = run.assign(crossing_time=time)
    return found


OTHER_RUNGS = Control(
    "the ladder upside down", "what begins larger leaks sooner, and not later", look=_other_rungs
)
OTHER_POWER = Control(
    "runs of the other power", "the leak at q = 4 is not that at q = 3", look=_swapped
)

CLAIMS = (
    Claim(
        id="L6",
        name="laws.L6",
        statement="a saturated kernel leaks into a sibling view after T ~ d_0^{-(q-2)}",
        provenance="[D] section 4, L6",
        role="gate",
        role_reason="why strict specialisation fails at T (T1.monosemantic)",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (OTHER_POWER, OTHER_RUNGS)},
        order=6,
        legs=legs,
        conditions=conditions,
    ),
)
