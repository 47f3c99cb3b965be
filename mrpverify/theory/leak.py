"""A saturated kernel drifts towards features that co-occur with its own (L6 [D]).

Where the mask's penalty is balanced the residual of a saturated kernel is hhat - h = lambda a > 0.
In images that also show a feature with correlation d it drives dd/dt = pi r A' (d/varrho)^{q-1}, r
the residual summed over patches and A' = sum z^q of the drifting feature, so that d leaves its
start after

    T_leak = varrho^{q-1} d^{-(q-2)} / ((q - 2) pi r A').

The exponent q - 2 against 2q - 2 of capture (L2) is why strict specialisation cannot last.
"""

from __future__ import annotations

from math import inf

import sympy as sp

from ..parameters import Parameters
from . import notation as n
from .activation import smoothed_relu
from .data_law import off_class_probability, power_sum, role
from .plateau import fate, plateau


def residual_expression() -> sp.Expr:
    """hhat - h = (tau - 1) Z c on the linear part of sReLU, C_p equal patches (L6 [D])."""
    below = (1 - 1 / n.q) * n.varrho
    u = n.Z * n.c / n.C_p
    return sp.simplify(n.C_p * ((n.tau * u - below) - (u - below)))


def residual(parameters: Parameters) -> float:
    """hhat - h of a kernel that holds one shown own feature at its end, >= 0 (L6 [D]).

    Constant gain and ema: lambda a(u) at the plateau u, inf where it diverges, 0 where it decays.
    `hold` and `release`: the gain chatters so that the feature's own drive vanishes at c = varrho;
    the mean residual is then lambda B/A varrho/q (`release` has it only at its crossing, tau = 1
    after it).
    """
    p, shown = parameters, role(parameters, "shown")
    if p.gain in ("hold", "release"):
        ratio = power_sum(p, shown, 2 * p.power) / power_sum(p, shown, p.power)
        return p.mask_penalty * ratio * p.linear_from / p.power
    if fate(p.tau, p.gain_floor, p.power) == "decays":
        return 0.0
    u = plateau(p.tau, p.gain_floor, p.power, p.linear_from)
    # Equals (tau - 1) Z c from varrho on, where the bracket of L4 is linear.
    return inf if u == inf else p.mask_penalty * float(smoothed_relu(u, p.power, p.linear_from))


def leak_time(
    start: float, together: float, residual: float, activity: float, power: int, linear_from: float
) -> float:
    """Physical time after which a co-occurring feature with correlation `start` has grown (L6 [D]).

    `together` is pi, the probability that both are in an image; `activity` A' = E sum z^q of the
    drifting feature. inf where nothing drives it or start <= 0. Raises ValueError for power < 3: at
    q = 2 the drift is exponential and has no such time.
    """
    if power < 3:
        raise ValueError(f"the leak time needs q >= 3, got {power}")
    drive = together * residual * activity
    if start <= 0 or drive <= 0:
        return inf
    leak: float = linear_from ** (power - 1) * start ** (2 - power) / ((power - 2) * drive)
    return leak


def sibling_leak_time(parameters: Parameters, start: float) -> float:
    """Leak to the other view of the same class, pi = 1/k (L6 [D])."""
    p = parameters
    activity = power_sum(p, role(p, "shown"), p.power)
    return leak_time(start, 1 / p.classes, residual(p), activity, p.power, p.linear_from)


def foreign_leak_time(parameters: Parameters, start: float) -> float:
    """Leak to a view of another class, pi ~ s/k^2, the foreign view weak (L6 [D])."""
    p = parameters
    together = off_class_probability(p) / p.classes
    activity = power_sum(p, role(p, "off"), p.power)
    return leak_time(start, together, residual(p), activity, p.power, p.linear_from)


def leak_exponent(power: int) -> int:
    """n of T_leak ~ d^{-n}, q - 2 (L6 [D])."""
    return power - 2


def level_correction(share: float, power: int) -> float:
    """What T misses because the clock stops at varrho, at d_0/varrho = `share` (L6 [D]).

    From d_0 to varrho the drift takes T_leak (1 - share^{q-2}); raises ValueError for power < 3.
    """
    if power < 3:
        raise ValueError(f"the leak time needs q >= 3, got {power}")
    return share ** (power - 2)
