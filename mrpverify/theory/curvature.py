"""Largest curvature of a loss once features are captured, for the step-size condition [D].

Gradient descent follows the flow while eta times this stays below 1 (it turns unstable at 2).
Slopes are bounded by sReLU' <= 1; noise, which only adds small directions, is left out.
"""

from __future__ import annotations

import numpy as np

from ..derivations import derived
from ..parameters import Parameters
from .activation import smoothed_relu
from .data_law import Role
from .quadrature import roots_legendre
from .undefined import UndefinedError

NODES = 40


def largest_curvature(parameters: Parameters, framework: str) -> float:
    """Bound on the curvature after capture, NaN where it is open [D]; ValueError as above."""
    return derived(framework, "curvature", parameters)


def stable_step(parameters: Parameters, framework: str, share: float) -> float:
    """Step at which eta times the largest curvature after capture is `share` > 0 [D].

    Raises UndefinedError where the loss is flat: any step is stable.
    """
    curvature = largest_curvature(parameters, framework)
    if curvature == 0:
        raise UndefinedError(f"{framework}: the loss is flat after capture, so no step is largest")
    return share / curvature


def is_smooth(parameters: Parameters) -> bool:
    """Whether the loss has a curvature everywhere: a gain that falls at once at varrho has not."""
    p = parameters
    return p.framework != "teacher-student" or p.gain != "hold" or p.hold_width > 0


def activity_moment(parameters: Parameters, role: Role, final: float, power: int) -> float:
    """E h^power of a kernel with correlation `final`, equal patches, Z as in the role [D]."""
    p = parameters
    node, weight = roots_legendre(NODES)
    z = (role.low + role.high) / 2 + (role.high - role.low) / 2 * node
    a = smoothed_relu(final * z / p.patches_per_feature, p.power, p.linear_from)
    return float(weight / 2 @ np.power(p.patches_per_feature * a, power))
