"""First crossing against the initial scale: exponent, and its correction at finite size (L2 [D]).

Below varrho all three losses are homogeneous, so that runs from w(0) = sigma_0 G with one G are
copies of each other with another clock, T ~ sigma_0^{-n}:

    teacher-student  n = 2q - 2      (dc/dt ~ c^{2q-1})
    MAE, tied init   n = q - 1       (dc/dt ~ c^{q-1} e, e ~ c)
    supervised       n = q - 2       (dc/dt ~ c^{q-1})

The clock stops at varrho, not at infinity: the part of T that is missing beyond varrho steepens the
slope by a share of order (c_0/varrho)^n.
"""

from __future__ import annotations

from math import isnan, log, sqrt

from ..derivations import derived, no_prediction
from ..parameters import Framework, Parameters
from . import mae_plateau, supervised
from .growth import growth_rate
from .undefined import UndefinedError

RIVALS: dict[str, Framework] = {
    "teacher-student": "supervised",
    "mae": "supervised",
    "supervised": "mae",
}
"""Whose exponent each framework would have if its drive were the other's."""


def exponent(framework: str, power: int) -> int:
    """Slope of log T against log sigma_0, -n (L2 [D]); ValueError where it is open."""
    n = derived(framework, "exponent", power)
    if isnan(n):
        raise ValueError(no_prediction(framework))
    return -int(n)


def plateau_rate(parameters: Parameters) -> float:
    """(dc/dt)/c at c = varrho, were the plateau's law to hold there: the clock of a run [D]."""
    p, level = parameters, parameters.linear_from
    if p.framework == "supervised":
        return supervised.growth_rate(p) * level ** (p.power - 2)
    if p.framework == "mae":
        return float(mae_plateau.drive_matrix(p)[0, 0])
    return abs(growth_rate(p)) * level ** (2 * p.power - 2)


def moving_rate(parameters: Parameters) -> float:
    """`plateau_rate` where it is a clock, > 0 [D]; raises UndefinedError where nothing moves."""
    rate = plateau_rate(parameters)
    if rate == 0:
        raise UndefinedError(f"{parameters.framework}: nothing grows or decays, so no step is set")
    return rate


def crossing_time(parameters: Parameters, start: float) -> float:
    """Time from the correlation `start` > 0 to varrho of a feature alone [D]; NaN where open."""
    return derived(parameters.framework, "crossing_time", parameters, start)


def slope_at(parameters: Parameters, start: float, share: float = 1e-3) -> float:
    """d log T / d log c_0 of `crossing_time`, at or below the exponent -n [D]."""
    above, below = (crossing_time(parameters, start * f) for f in (1 + share, 1 - share))
    return log(above / below) / log((1 + share) / (1 - share))


def level_correction(parameters: Parameters) -> float:
    """Largest distance of a measured slope from -n because the clock stops at varrho, > 0 [D].

    That of the steepest point: the largest initial correlation that the init is likely to hold,
    sigma_0 sqrt(2 log of the number of pairs).
    """
    p = parameters
    largest = p.init_scale * sqrt(2 * log(2 * p.kernels * p.features))
    return abs(slope_at(p, largest) - exponent(p.framework, p.power))
