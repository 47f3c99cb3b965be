"""The init at which descent can be compared with the flow: sigma_0/varrho = 0.08 and 0.05.

From the small init of preset quick Euler's method would need some 10^6 steps to T.
"""

from __future__ import annotations

from dataclasses import replace

from mrpverify.parameters import Framework, Parameters
from mrpverify.regime import load_preset

INIT_SCALE: dict[Framework, float] = {"teacher-student": 0.056, "mae": 0.036}
AMPLIFICATION, FEATURE_NOISE, TOLERANCE = 64.0, 0.001, 3e-4


def larger_init(framework: Framework) -> Parameters:
    """Preset quick with that init, and the Delta, gamma and tol that were chosen with it."""
    return replace(
        load_preset("quick").regimes[framework],
        init_scale=INIT_SCALE[framework],
        amplification=AMPLIFICATION,
        feature_noise=FEATURE_NOISE,
        tolerance=TOLERANCE,
    )
