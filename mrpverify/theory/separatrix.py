"""Two co-occurring features c > d in one kernel: which of them wins (L5 [D]).

Below varrho dc/dt = alpha c^{2q-1} + beta c^{q-1} d^q and the same with c and d exchanged, so the
ratio x = d/c obeys dx/dt = x c^{2q-2} (1 - x^{2q-2}) (beta phi_q(x) - alpha): it falls, and the
leader wins, iff alpha/beta > phi_q(x). phi_q is increasing with phi_q(1) = 1/(q-1), and phi_2 = 1.
"""

from __future__ import annotations

from math import inf

import sympy as sp
from scipy.optimize import brentq

from ..parameters import Parameters
from .co_occurrence import joint_moments
from .growth import growth_rate
from .undefined import UndefinedError


def ratio_drift_expression(power: int) -> sp.Expr:
    """d(d/c)/dt as a sympy expression in c, x, alpha, beta (L5 [D])."""
    c, x, alpha, beta = sp.symbols("c x alpha beta", positive=True)
    d = x * c
    c_dot = alpha * c ** (2 * power - 1) + beta * c ** (power - 1) * d**power
    d_dot = alpha * d ** (2 * power - 1) + beta * d ** (power - 1) * c**power
    return d_dot / c - d * c_dot / c**2


def separatrix(ratio: float, power: int) -> float:
    """phi_q(x) = x^{q-2} (1 - x^2)/(1 - x^{2q-2}) in [0, 1], x = d_0/c_0 in [0, 1] (L5 [D]).

    Raises ValueError outside. Written as x^{q-2} over a geometric sum, so x = 1 is a point like
    others.
    """
    if not 0 <= ratio <= 1 or power < 2:
        raise ValueError(f"needs 0 <= x <= 1 and q >= 2, got x={ratio}, q={power}")
    series = sum(ratio ** (2 * i) for i in range(power - 1))
    return float(ratio ** (power - 2) / series)


def leader_advantage(floor: float, amplification: float) -> float:
    """alpha/beta = Delta/(K - 1 + Delta) for equal z and s = 0, in [0, 1] (L5 [D]); NaN at 0/0."""
    whole = floor - 1 + amplification
    return amplification / whole if whole else float("nan")


def always_amplification(floor: float, power: int) -> float:
    """Delta above which the leader always wins, (K - 1)/(q - 2); inf at q = 2 (L5 [D])."""
    return (floor - 1) / (power - 2) if power > 2 else inf


def leader_wins(ratio: float, floor: float, amplification: float, power: int) -> bool:
    """Whether the larger of two co-occurring features outgrows the other (L5 [D])."""
    return leader_advantage(floor, amplification) > separatrix(ratio, power)


def separating_ratio(advantage: float, power: int) -> float:
    """The d_0/c_0 in [0, 1] up to which the leader wins at alpha/beta = `advantage` (L5 [D])."""
    if advantage <= 0:
        return 0.0
    if power == 2:
        return 1.0 if advantage > 1 else 0.0
    if advantage >= separatrix(1.0, power):
        return 1.0
    return float(brentq(lambda x: separatrix(x, power) - advantage, 0.0, 1.0, xtol=1e-14))


def sibling_advantage(parameters: Parameters) -> float:
    """alpha/beta of two views of one class over the whole law, off-class included (L5 [D]).

    alpha = E[1_v((tau^q - 1) A^2 - lambda B)], beta = (tau^q - 1) E[1_u A_u 1_v A_v], with `shared`
    on top of tau^q - 1 and lambda = `own` under masks of fixed size (`parts.mask_law`). Raises
    ValueError where a class has a single view or the features never occur together.
    """
    p = parameters
    if p.views < 2:
        raise UndefinedError("sibling views need views >= 2")
    together = float(joint_moments(p, p.power, p.power)[0, 1])
    beta = float(p.start_gain**p.power - 1 + p.mask_law.shared) * together
    if beta == 0:
        raise UndefinedError("the two features never pull on each other (beta = 0)")
    return growth_rate(p) * p.power * p.linear_from ** (2 * p.power - 2) / beta
