"""The smoothed ReLU and its derivative, in sympy and in numpy (section 2 [R]).

    sReLU(u) = 0                          u <= 0
               u^q / (q varrho^{q-1})     0 <= u <= varrho
               u - (1 - 1/q) varrho       u >= varrho

Value and slope agree at both joints (0 and 0 at u = 0; varrho/q and 1 at u = varrho), so it is C^1.
"""

from __future__ import annotations

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray


def smoothed_relu(u: ArrayLike, power: int, linear_from: float) -> NDArray[np.float64]:
    """sReLU(u), same shape as `u`, in [0, inf) (section 2 [R])."""
    _check(power, linear_from)
    u = np.asarray(u, dtype=np.float64)
    share = np.clip(u / linear_from, 0.0, 1.0)
    return linear_from / power * _to_the(share, power) + np.maximum(u - linear_from, 0.0)


def smoothed_relu_slope(u: ArrayLike, power: int, linear_from: float) -> NDArray[np.float64]:
    """sReLU'(u), same shape as `u`, in [0, 1] (section 2 [R])."""
    _check(power, linear_from)
    share = np.clip(np.asarray(u, dtype=np.float64) / linear_from, 0.0, 1.0)
    return _to_the(share, power - 1)


def smoothed_relu_expression(u: sp.Expr, power: sp.Expr, linear_from: sp.Expr) -> sp.Expr:
    """sReLU(u) as a sympy Piecewise (section 2 [R])."""
    return sp.Piecewise(
        (sp.Integer(0), u <= 0),
        (u**power / (power * linear_from ** (power - 1)), u <= linear_from),
        (u - (1 - 1 / power) * linear_from, True),
    )


def smoothed_relu_slope_expression(u: sp.Expr, power: sp.Expr, linear_from: sp.Expr) -> sp.Expr:
    """sReLU'(u) as a sympy Piecewise (section 2 [R])."""
    return sp.Piecewise(
        (sp.Integer(0), u <= 0),
        ((u / linear_from) ** (power - 1), u <= linear_from),
        (sp.Integer(1), True),
    )


def offset(power: int, linear_from: float) -> float:
    """(1 - 1/q) varrho, what the linear part lies below the identity (section 2 [R])."""
    return (1.0 - 1.0 / power) * linear_from


def _to_the(share: NDArray[np.float64], power: int) -> NDArray[np.float64]:
    """share^power by products: `pow` of every element costs four times as much."""
    found = share
    for _ in range(power - 1):
        found = found * share
    return found


def _check(power: int, linear_from: float) -> None:
    """Raise ValueError where the function is not C^1: q < 2 has a jump in the slope at 0."""
    if power < 2:
        raise ValueError(f"power q must be at least 2, got {power}")
    if linear_from <= 0:
        raise ValueError(f"linear_from (varrho) must be positive, got {linear_from}")
