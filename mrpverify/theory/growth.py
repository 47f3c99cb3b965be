"""Teacher-student growth below varrho: rate, threshold, hitting time, decay (L2, L3, L7 [D]).

One kernel whose only appreciable correlation is c with feature v has hhat - h = (tau^q - 1) a
summed over the patches of v, so below varrho (and tau u below varrho)

    dc/dt = R_v c^{2q-1},   R_v = E[1_v ((tau^q - 1) A^2 - lambda B)] / (q varrho^{2q-2}).

Under masks of fixed size lambda B is own B - shared A^2 (`parts.mask_law`, FIX [D]); symbolic
expressions are those of Bernoulli masks.
Time is physical: the sum of the step sizes.
"""

from __future__ import annotations

from math import inf

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..parameters import Parameters
from . import notation as n
from .data_law import mean_power_sum, mean_power_sum_product
from .undefined import UndefinedError

Array = NDArray[np.float64]


def drift_expression() -> sp.Expr:
    """dc/dt of one image with C_p equal patches z = Z/C_p, from the loss gradient (L2 [D])."""
    z = n.Z / n.C_p
    activation = (z * n.c) ** n.q / (n.q * n.varrho ** (n.q - 1))
    slope = (z * n.c / n.varrho) ** (n.q - 1)
    gap = n.C_p * (n.tau**n.q - 1) * activation
    return n.C_p * (gap - n.lambda_ * activation) * slope * z


def rate_expression() -> sp.Expr:
    """R_v of one image from A and B (L2 [D])."""
    bracket = (n.tau**n.q - 1) * n.A**2 - n.lambda_ * n.B
    return bracket / (n.q * n.varrho ** (2 * n.q - 2))


def growth_rate(parameters: Parameters, gain: float | None = None) -> float:
    """R_v of any feature over own and off-class appearances, negative for decay (L2 [D]).

    `gain` is tau, the regime's starting gain by default. Under the schedule "ema" the teacher lags
    behind, which only slows the same sign of growth down.
    """
    p = parameters
    tau = p.start_gain if gain is None else gain
    drive = (tau**p.power - 1 + p.mask_law.shared) * mean_power_sum_product(p, p.power, p.power)
    bracket = drive - p.mask_law.own * mean_power_sum(p, 2 * p.power)
    return float(bracket / (p.power * p.linear_from ** (2 * p.power - 2)))


def growth_rates(parameters: Parameters, gain: float | None = None) -> Array:
    """R_v of every feature [features], all equal: the law treats views alike (L2 [D])."""
    return np.full(parameters.features, growth_rate(parameters, gain))


def drawn_growth_rates(
    parameters: Parameters, squared_activity: Array, patch_activity: Array
) -> Array:
    """R_v on given images [..., features], from E[1_v A^2] and E[1_v B] over them (L2 [D])."""
    p = parameters
    gain = p.start_gain**p.power - 1 + p.mask_law.shared
    bracket = gain * squared_activity - p.mask_law.own * patch_activity
    rates: Array = bracket / (p.power * p.linear_from ** (2 * p.power - 2))
    return rates


def gain_threshold(parameters: Parameters) -> float:
    """The tau^q above which a feature grows, 1 + own E[1_v B]/E[1_v A^2] - shared >= 1 (L3 [D]).

    Equals K for equal z and is larger for unequal z, as B/A^2 >= 1/C_p. NaN where no image shows a
    feature.
    """
    p = parameters
    square = mean_power_sum_product(p, p.power, p.power)
    if not square:
        return float("nan")
    law = p.mask_law
    return float(1 + law.own * mean_power_sum(p, 2 * p.power) / square - law.shared)


def flow(start: float, rate: float, power: int, time: float) -> float:
    """c(t) of dc/dt = R c^{2q-1}: growth for R > 0, c ~ t^{-1/(2q-2)} for R < 0 (L2, L7 [D]).

    inf from the blow-up time on. Raises ValueError unless start > 0 and time >= 0.
    """
    _check(start, time)
    exponent = 2 * power - 2
    left = start**-exponent - exponent * rate * time
    return float(left ** (-1 / exponent)) if left > 0 else inf


def hitting_time(start: float, rate: float, power: int, level: float = inf) -> float:
    """Physical time from c_0 to `level`; T_v = c_0^{-(2q-2)}/((2q-2) R_v) at level inf (L2 [D]).

    0 from the level on, inf where nothing grows. In steps of size eta, divide by eta.
    """
    _check(start, 0.0)
    if start >= level:
        return 0.0
    if rate <= 0:
        return inf
    exponent = 2 * power - 2
    return float((start**-exponent - level**-exponent) / (exponent * rate))


def hitting_times(starts: Array, rates: Array, power: int, level: float) -> Array:
    """`hitting_time` of many starts with rates of the same (or a broadcastable) shape (L2 [D]).

    inf also where the start is not positive: such a correlation never grows.
    """
    n = 2 * power - 2
    grows = (starts > 0) & (rates > 0)
    distance = np.where(grows, starts, level) ** -float(n) - level ** -float(n)
    times = np.maximum(distance, 0.0) / (n * np.where(grows, rates, 1.0))
    return np.where(grows | (starts >= level), times, inf)


def flows(starts: Array, rates: Array, power: int, times: Array) -> Array:
    """`flow` of many starts, all shapes broadcast together (L2 [D]).

    Starts that are not positive stay.
    """
    n = 2 * power - 2
    positive = np.where(starts > 0, starts, 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        left = positive ** -float(n) - n * rates * times
        grown = np.where(left > 0, left ** (-1 / n), inf)
    return np.where(starts > 0, grown, starts)


def _check(start: float, time: float) -> None:
    """Raise ValueError for a start that has no flow, or a negative time."""
    if start <= 0:
        raise UndefinedError(f"the start must be positive, got {start}")
    if time < 0:
        raise ValueError(f"time must not be negative, got {time}")


def decay_exponent(power: int) -> float:
    """Slope -1/(2q-2) of log c against log t at gain 1, long after the start (L7 [D])."""
    return -1 / (2 * power - 2)


def decay_start(parameters: Parameters, start: float) -> float:
    """t_0 = c_0^{-(2q-2)}/((2q-2) |R_v|) at gain 1: c ~ (1 + t/t_0)^{-1/(2q-2)} (L7 [D]).

    Raises ValueError where nothing decays (no mask).
    """
    n, rate = 2 * parameters.power - 2, growth_rate(parameters, gain=1.0)
    if rate >= 0:
        raise UndefinedError("without a mask nothing decays at gain 1 (theta = 1)")
    return start**-n / (n * -rate)
