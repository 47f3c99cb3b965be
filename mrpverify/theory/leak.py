"""A saturated kernel drifts towards features that co-occur with its own (L6 [D]).

Where the mask's penalty is balanced the residual of a saturated kernel is hhat - h = lambda a > 0.
In images that also show a feature with correlation d it drives

    dd/dt = D (d/varrho)^{q-1},   D = E[1_both (hhat - h) A'],

the residual summed over patches and A' = sum z^q of the drifting feature, so that d leaves its
start after

    T_leak = varrho^{q-1} d^{-(q-2)} / ((q - 2) D).

The exponent q - 2 against 2q - 2 of capture (L2) is why strict specialisation cannot last. Two
features of different classes meet in images of either class, of which only one shows its own at
full strength: D is symmetric, and smaller than that of siblings by (s/k) times a weak A.
"""

from __future__ import annotations

from math import inf

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from ..parameters import Parameters
from . import notation as n
from .data_law import RoleName, off_class_probability, power_sum, role
from .resting import images_in_role, rest, signal
from .supervised import potential
from .undefined import UndefinedError

Array = NDArray[np.float64]


def residual_expression() -> sp.Expr:
    """hhat - h = (tau - 1) Z c on the linear part of sReLU, C_p equal patches (L6 [D])."""
    below = (1 - 1 / n.q) * n.varrho
    u = n.Z * n.c / n.C_p
    return sp.simplify(n.C_p * ((n.tau * u - below) - (u - below)))


def residual(parameters: Parameters, role_name: RoleName = "shown") -> float:
    """Mean hhat - h over images with its feature in that role, of a resting kernel, >= 0 (L6 [D]).

    inf where it diverges, 0 where it decays and under `release`, whose gain is 1 by then.
    """
    at = rest(parameters)
    if at.correlation == inf:
        return inf
    images = images_in_role(parameters, role_name)
    return images.mean(signal(parameters, images, at).residual)


def leak_time(start: float, drive: float, power: int, linear_from: float) -> float:
    """Physical time after which a co-occurring feature with correlation `start` has grown (L6 [D]).

    `drive` is D = E[1_both (hhat - h) A']. inf where nothing drives it or start <= 0. Raises
    ValueError for power < 3: at q = 2 the drift is exponential and has no such time.
    """
    if power < 3:
        raise UndefinedError(f"the leak time needs q >= 3, got {power}")
    if start <= 0 or drive <= 0:
        return inf
    leak: float = linear_from ** (power - 1) * start ** (2 - power) / ((power - 2) * drive)
    return leak


def leak_times(parameters: Parameters, starts: Array, drive: float, level: float) -> Array:
    """Physical time that the drive D takes from `starts` to a level <= varrho, same shape (L6 [D]).

    0 from the level on, inf where nothing drives or the start is not positive.
    """
    p = parameters
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = potential(p, starts) - potential(p, np.array(level))
        times = p.linear_from ** (p.power - 1) * distance / drive
    return np.where(starts >= level, 0.0, np.where(starts > 0, times, inf))


def sibling_drive(parameters: Parameters) -> float:
    """D of the other view of the class, which every multi-view image shows as well (L6 [D])."""
    p = parameters
    return residual(p) * power_sum(p, role(p, "shown"), p.power) / p.classes


def foreign_drive(parameters: Parameters) -> float:
    """D of a view of another class: either of the two is off class where they meet (L6 [D])."""
    p = parameters
    own, off = (power_sum(p, role(p, name), p.power) for name in ("shown", "off"))
    crossed = residual(p) * off + residual(p, "off") * own
    return off_class_probability(p) / p.classes * crossed


def sibling_leak_time(parameters: Parameters, start: float) -> float:
    """Leak to the other view of the same class (L6 [D])."""
    p = parameters
    return leak_time(start, sibling_drive(p), p.power, p.linear_from)


def foreign_leak_time(parameters: Parameters, start: float) -> float:
    """Leak to a view of another class (L6 [D])."""
    p = parameters
    return leak_time(start, foreign_drive(p), p.power, p.linear_from)


def leak_exponent(power: int) -> int:
    """n of T_leak ~ d^{-n}, q - 2 (L6 [D])."""
    return power - 2


def level_correction(share: float, power: int) -> float:
    """What T misses because the clock stops at a level, at d_0/level = `share` (L6 [D]).

    From d_0 to the level the drift takes T_leak (1 - share^{q-2}); raises ValueError for power < 3.
    """
    if power < 3:
        raise UndefinedError(f"the leak time needs q >= 3, got {power}")
    return share ** (power - 2)
