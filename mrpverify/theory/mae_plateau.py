"""The masked autoencoder before anything is reconstructed: one kernel, closed in 2F numbers [D].

While B h is small against the target, kernels do not interact: in the loss of section 2 only the
terms linear in B h are kept. With c_v = <w, v>, e_v = <b, v> and all activations below varrho,

    dc_v/dt = (c_v+ / varrho)^{q-1} sum_u M_vu e_u
    de_u/dt = sum_v c_v+^q / (q varrho^{q-1}) M_vu

A = sum z^q, Z = sum z. Target "all": M_vu = Cov(1_v A_v, 1_u Z_u), the raw second moment without
bias. Target "masked": (1 - theta) (M_vu - 1_{u=v} E[1_v sum z^{q+1}]), as no patch predicts itself;
under masks of fixed size pairs of patches count f = P/(P - 1) times, the mean that a bias takes off
does not.
sum c dc/dt = q sum e de/dt over the positive c: the balance L9. The decoder's optimal bias centres
the target, which turns moments into covariances. Patch noise and feature noise are left out. Time
is physical.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad

from ..parameters import Parameters
from .co_occurrence import covariances, joint_moments
from .data_law import power_sum_of_views

Array = NDArray[np.float64]

RELATIVE_STEP = 0.02
"""Largest change of any number in one step, relative to the largest positive correlation."""

MAX_STEPS = 4000
"""Steps after which a kernel counts as never crossing; a factor of 1000 takes about 350."""


def drive_matrix(parameters: Parameters) -> Array:
    """M_vu as [v of the activation, u of the target], views k each [D]."""
    p = parameters
    moments = covariances if p.bias else joint_moments
    matrix = moments(p, p.power, 1)
    if p.target == "all":
        return matrix
    own_patch = np.diag(power_sum_of_views(p, p.power + 1))
    masked: Array = (1 - p.visible) * (matrix - own_patch)
    if p.masks == "fixed":
        pairs = joint_moments(p, p.power, 1) - own_patch
        masked += (p.mask_law.across - (1 - p.visible)) * pairs
    return masked


def velocity(parameters: Parameters, matrix: Array, c: Array, e: Array) -> tuple[Array, Array]:
    """(dc/dt, de/dt) of every kernel, all [kernels, features], [D]; tied decoders move b with w."""
    q, level = parameters.power, parameters.linear_from
    share = np.maximum(c, 0.0) / level
    c_dot = share ** (q - 1) * (e @ matrix.T)
    e_dot = level / q * share**q @ matrix
    if parameters.decoder == "tied":
        return c_dot + e_dot, c_dot + e_dot
    return c_dot, e_dot


def initial_decoder(parameters: Parameters, correlations: Array) -> Array:
    """e(0) as far as c(0) tells, same shape: c when tied, the mean 0 when independent [D]."""
    if parameters.decoder == "independent":
        return np.zeros_like(correlations)
    return correlations.copy()


def first_crossing(parameters: Parameters, c: Array, e: Array) -> NDArray[np.int64]:
    """First feature to reach varrho, -1 for none [kernels]; c, e at the start [kernels, features].

    Midpoint rule with a step of its own for every kernel (they do not interact).
    """
    level, matrix = parameters.linear_from, drive_matrix(parameters)
    first = np.full(len(c), -1, dtype=np.int64)
    index = np.flatnonzero(c.max(-1) > 0)
    c, e = c[index], e[index]
    for _ in range(MAX_STEPS):
        crossed = c.max(-1) >= level
        first[index[crossed]] = c[crossed].argmax(-1)
        index, c, e = index[~crossed], c[~crossed], e[~crossed]
        if not len(index):
            break
        c, e, moving, _ = _midpoint(parameters, matrix, c, e)
        index, c, e = index[moving], c[moving], e[moving]
    return first


def crossing_time(parameters: Parameters, start: float) -> float:
    """Physical time from c_0 to varrho of a kernel with ONE feature, tied init (L9 inside) [D].

    Below varrho q e^2 = c^2 + (q - 1) c_0^2, which leaves one quadrature, taken in x = log(c/c_0):
    the time is spent near the start, over a range that c itself does not resolve. Where M_vv <= 0
    the kernel is followed as it teaches its decoder other features. inf where nothing drives it, or
    beyond what a float holds.
    """
    p, q = parameters, parameters.power
    drive = float(drive_matrix(p)[0, 0])
    if start >= p.linear_from:
        return 0.0
    if drive <= 0:
        return _time_by_others(p, start)

    def slowness(x: float) -> float:
        return float(np.exp((1 - q) * x) / np.sqrt((1 + (q - 1) * np.exp(-2 * x)) / q))

    # (varrho/c_0)^{q-1}/(drive e) dc with e = c_0 e^x sqrt(...) and dc = c_0 e^x dx.
    longest = np.log(p.linear_from) - np.log(start)
    found = quad(slowness, 0.0, longest, limit=200)[0]
    with np.errstate(over="ignore"):
        return float(np.exp((q - 1) * longest) * found / drive)


def grows_by_others(parameters: Parameters) -> bool:
    """Whether a feature has no drive of its own, and what stands beside it drives its kernel (L8).

    A target of masked patches at C_p = 1 is such a case: no patch predicts its own feature, and
    each view that of its sibling.
    """
    matrix = drive_matrix(parameters)
    grows: bool = matrix[0, 0] <= 0 and np.linalg.eigvals(matrix).real.max() > 0
    return grows


def _time_by_others(parameters: Parameters, start: float) -> float:
    """The same of a kernel whose decoder has to learn another feature first; inf for never."""
    p, matrix = parameters, drive_matrix(parameters)
    c = np.zeros((1, p.features))
    c[0, 0] = start
    e, time = initial_decoder(p, c), 0.0
    for _ in range(MAX_STEPS):
        c, e, moving, step = _midpoint(p, matrix, c, e)
        time += float(step[0])
        if not moving.all() or c.max() <= 0:
            break
        if c.max() >= p.linear_from:
            return time
    return float("inf")


def _midpoint(
    parameters: Parameters, matrix: Array, c: Array, e: Array
) -> tuple[Array, Array, NDArray[np.bool_], Array]:
    """One step of every kernel, which of them move at all, and how long it took [kernels]."""
    c_dot, e_dot = velocity(parameters, matrix, c, e)
    fastest = np.maximum(np.abs(c_dot).max(-1), np.abs(e_dot).max(-1))
    moving = fastest > 0
    step = RELATIVE_STEP * c.max(-1) / np.where(moving, fastest, 1.0)
    half = step[:, None] / 2
    c_dot, e_dot = velocity(parameters, matrix, c + half * c_dot, e + half * e_dot)
    return c + 2 * half * c_dot, e + 2 * half * e_dot, moving, step
