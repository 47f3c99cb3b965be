"""What a constant gain ends in: decay, a stop below varrho, saturation, divergence (L4 [D]).

One kernel with F co-captured features of equal patches, u = z c in all of them, follows

    du/dt  proportional to  [ sReLU(tau u) - sReLU(u) - (K_F - 1) sReLU(u) ] sReLU'(u),

K_F = 1 + (K - 1)/F: the residual adds up over features, the penalty of a patch does not. Masks of
fixed size take `shared` off K, whatever F is: K_F = 1 + (K + shared - 1)/F - shared. Growth at
small u needs tau^q > K_F; from varrho on the bracket is linear and vanishes at u*.
"""

from __future__ import annotations

from typing import Literal

import sympy as sp
from scipy.optimize import brentq

from . import notation as n
from .activation import offset, smoothed_relu

Fate = Literal["decays", "stops below varrho", "saturates", "diverges"]


def plateau_expression() -> sp.Expr:
    """u* = (1 - 1/q) varrho (K - 1)/(K - tau), the zero of the linear bracket (L4 [D])."""
    u = sp.Symbol("u", positive=True)
    below = (1 - 1 / n.q) * n.varrho
    return sp.solve(sp.Eq(n.tau * u - below, n.K * (u - below)), u)[0]


def shared_floor(floor: float, features: int, shared: float = 0.0) -> float:
    """K_F = 1 + (K + shared - 1)/F - shared for F co-captured features (L4, FIX [D]).

    Raises ValueError unless K >= 1 and F >= 1.
    """
    if floor < 1 or features < 1:
        raise ValueError(f"K must be >= 1 and F >= 1, got K={floor}, F={features}")
    return 1 + (floor + shared - 1) / features - shared


def saturation_gain(floor: float, power: int, features: int = 1) -> float:
    """1 + (K_F - 1)/q, the gain from which a kernel reaches varrho (L4 [D])."""
    return 1 + (shared_floor(floor, features) - 1) / power


def fate(gain: float, floor: float, power: int, features: int = 1) -> Fate:
    """How a kernel ends under the constant gain tau with gain floor K (L4 [D]).

    At tau^q = K_F itself nothing grows, which counts as "decays".
    """
    floor = shared_floor(floor, features)
    if gain**power <= floor:
        return "decays"
    if gain >= floor:
        return "diverges"
    return "stops below varrho" if gain < saturation_gain(floor, power) else "saturates"


def plateau(gain: float, floor: float, power: int, linear_from: float, features: int = 1) -> float:
    """Pre-activation u at which growth from small u ends, in [0, inf] (L4 [D]).

    0 where it decays, inf where it diverges, u* where it saturates, else the root in
    (varrho/tau, varrho): up to varrho/tau both sides are pure powers and growth goes on.
    """
    kind, floor = fate(gain, floor, power, features), shared_floor(floor, features)
    if kind == "decays":
        return 0.0
    if kind == "diverges":
        return float("inf")
    if kind == "saturates":
        return offset(power, linear_from) * (floor - 1) / (floor - gain)

    def bracket(u: float) -> float:
        taught = smoothed_relu(gain * u, power, linear_from)
        return float(taught - floor * smoothed_relu(u, power, linear_from))

    return float(brentq(bracket, linear_from / gain, linear_from, xtol=1e-14))
