"""One teacher-student kernel as an ordinary differential equation in its feature correlations [D].

Below varrho, on the law without noise, with c_v = <w, v> and moments over the images

    dc_v/dt = (c_v+)^{q-1} [ (tau^q - 1) sum_u J_vu (c_u+)^q - lambda B_v (c_v+)^q ] / R,

R = q varrho^{2q-2},

J_vu = E[1_v A_v 1_u A_u], B_v = E[1_v sum z^{2q}]; under masks of fixed size `shared` is added to
tau^q - 1, and lambda is `own` (`parts.mask_law`). Without co-occurring features J is its diagonal
and this is L2. It leaves out noise, and that the teacher, tau times further, turns linear first.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from ..parameters import Parameters
from .co_occurrence import joint_moments
from .data_law import power_sum_of_views

Array = NDArray[np.float64]

FOLDS = 40.0
"""e-folds of the leading correlation after which a kernel counts as never crossing."""


class Moments(NamedTuple):
    """What the images contribute."""

    joint: Array
    """J_vu [features, features]."""
    patch: Array
    """B_v [features]."""


class Course(NamedTuple):
    """A kernel on its way to its first crossing."""

    time: Array
    """Physical time [points]; the last is the crossing, or inf where there is none."""
    correlations: Array
    """C [points, features]."""

    @property
    def hitting_time(self) -> float:
        """Physical time of the first crossing, inf for never."""
        return float(self.time[-1])


def law_moments(parameters: Parameters) -> Moments:
    """Moments of the law."""
    p = parameters
    patch = np.array(power_sum_of_views(p, 2 * p.power))
    return Moments(joint_moments(p, p.power, p.power), patch)


def drawn_moments(
    parameters: Parameters, squared_activity: Array, patch_activity: Array
) -> Moments:
    """Moments of given images [features]: J off the diagonal follows the frequencies on it.

    `squared_activity` are E[1_v A^2], `patch_activity` E[1_v B] over the images.
    """
    joint = law_moments(parameters).joint
    share = np.sqrt(np.asarray(squared_activity) / np.diag(joint))
    return Moments(joint * np.outer(share, share), np.asarray(patch_activity, dtype=float))


def alone(moments: Moments) -> Moments:
    """The same without co-occurrence: every feature grows as if the others were not there."""
    return Moments(np.diag(np.diag(moments.joint)), moments.patch)


def velocity(parameters: Parameters, moments: Moments, c: Array) -> Array:
    """dc/dt [features]."""
    p, grown = parameters, np.maximum(c, 0.0)
    q = p.power
    gain, own = p.start_gain**q - 1 + p.mask_law.shared, p.mask_law.own
    drive = gain * moments.joint @ grown**q - own * moments.patch * grown**q
    speed: Array = grown ** (q - 1) * drive / (q * p.linear_from ** (2 * q - 2))
    return speed


def course(parameters: Parameters, moments: Moments, start: Array) -> Course:
    """The kernel from the correlations `start` [features] to its first crossing.

    Integrated over the e-folds of the fastest correlation, in which the plateau is short; time is a
    further unknown.
    """
    level = parameters.linear_from

    def slope(_: float, state: Array) -> Array:
        c = state[:-1]
        v = velocity(parameters, moments, c)
        folds = np.max(np.abs(v) / np.maximum(np.abs(c), 1e-300))
        return np.append(v, 1.0) / folds if folds > 0 else np.zeros_like(state)

    def crossed(_: float, state: Array) -> float:
        return float(state[:-1].max() - level)

    crossed.terminal = True  # type: ignore[attr-defined]
    first = np.append(np.asarray(start, dtype=float), 0.0)
    if first[:-1].max() >= level:
        return Course(np.zeros(1), first[None, :-1])
    run = solve_ivp(slope, (0, FOLDS), first, events=crossed, rtol=1e-7, atol=1e-10)
    time = run.y[-1].copy()
    if run.status != 1:
        time[-1] = np.inf
    return Course(time, run.y[:-1].T)
