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

from collections.abc import Callable
from math import log, sqrt

from ..derivations import derived
from ..parameters import Framework, Parameters
from . import mae_plateau, supervised
from .growth import growth_rate
from .growth import hitting_time as teacher_student_time

EXPONENTS: dict[str, Callable[[int], int]] = {
    "teacher-student": lambda q: 2 * q - 2,
    "mae": lambda q: q - 1,
    "supervised": lambda q: q - 2,
}
"""n of T ~ sigma_0^{-n} as a function of the power q."""

RIVALS: dict[str, Framework] = {
    "teacher-student": "supervised",
    "mae": "supervised",
    "supervised": "mae",
}
"""Whose exponent each framework would have if its drive were the other's."""


def exponent(framework: str, power: int) -> int:
    """Slope of log T against log sigma_0, -n (L2 [D]); ValueError for an unknown framework."""
    return -int(derived(EXPONENTS, framework, "exponent", power))


def plateau_rate(parameters: Parameters) -> float:
    """(dc/dt)/c at c = varrho, were the plateau's law to hold there: the clock of a run [D]."""
    p, level = parameters, parameters.linear_from
    if p.framework == "supervised":
        return supervised.growth_rate(p) * level ** (p.power - 2)
    if p.framework == "mae":
        return float(mae_plateau.drive_matrix(p)[0, 0])
    return abs(growth_rate(p)) * level ** (2 * p.power - 2)


def crossing_time(parameters: Parameters, start: float) -> float:
    """Physical time from the correlation `start` > 0 to varrho of a feature alone [D].

    Of an objective from outside, what comes with it, NaN where that is open.
    """
    rules = {
        "supervised": supervised.hitting_time,
        "mae": mae_plateau.crossing_time,
        "teacher-student": _teacher_student,
    }
    return derived(rules, parameters.framework, "crossing_time", parameters, start)


def _teacher_student(p: Parameters, start: float) -> float:
    """L2."""
    return teacher_student_time(start, growth_rate(p), p.power, p.linear_from)


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
