"""The scaling path: one regime as a function of k (section 1 [R]; laws2, SC [D]).

Every parameter follows the theory's own asymptotic order, with the constant that it has in a given
regime, usually a preset's with k = 8. Where the theory asks for "polylog" or "poly" only, the table
says which power stands for it, and why. What is not in the table keeps its value: q, varrho, C_p,
theta and the sizes of z are fixed on the path, and Delta is a factor of its own (L16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.stats import norm

from ..parameters import Parameters
from .hitting import crossing_time, exponent


@dataclass(frozen=True)
class Order:
    """A parameter as const k^power (log k)^logs: what that stands for and why."""

    power: float
    logs: float
    replaces: str
    reason: str


ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "kernels_per_class": Order(0, 1, "m = c log k", "SC: all are captured from c > 2 on"),
        "off_class": Order(0, 1, "s = polylog k", "the least whole power with which s grows"),
        "images": Order(1, 0, "N = poly k", "as many images of a class at every k"),
        "dimension": Order(1, 0, "d = poly k", "the least power: there are 2k features"),
        "patch_noise": Order(-0.5, -1, "sigma_p = 1/(sqrt d polylog k)", "d ~ k, one whole power"),
        "single_view": Order(-1, 0, "mu = 1/poly k", "as many single-view images at every k"),
        "weak_view": Order(-0.01, 0, "rho = k^-0.01", "as stated: all but a constant"),
        "single_view_off_class": Order(
            0, -0.5, "1/Gamma = polylog k", "a whole power would leave Gamma < 0.4 at k = 4"
        ),
    }
)
"""Field -> its order on the path; `orders` adds those that depend on q."""
TINY = 1e-4
"""Of a start whose time to varrho is, to a part in ten thousand or less, that to infinity."""


def orders(power: int) -> Mapping[str, Order]:
    """Field -> order at activation power q; raises ValueError for q < 3, which has no path."""
    if power < 3:
        raise ValueError(f"sigma_0^(q-2) = 1/k has no solution at q = {power}; take q >= 3")
    start = -1 / (power - 2)
    return {
        **ORDERS,
        "init_scale": Order(start, 0, "sigma_0^{q-2} = 1/k", "as stated"),
        "feature_noise": Order(start - 1, 0, "gamma <= sigma_0/k", "at its largest order"),
    }


def scaled(base: Parameters, classes: int) -> Parameters:
    """The regime at k = `classes` whose constants are those of `base` at its own k.

    Whole numbers are rounded. Raises ValueError for q < 3, and RegimeError (a ValueError) where a
    value is not admissible, as at a k so small that s > k.
    """
    share, logs = classes / base.classes, log(classes) / log(base.classes)
    found: dict[str, Any] = {"classes": classes}
    for name, order in orders(base.power).items():
        value = getattr(base, name)
        new = value * share**order.power * logs**order.logs
        found[name] = max(1, round(new)) if isinstance(value, int) else new
    return replace(base, **found)


def kept_pure(base: Parameters, classes: int) -> float:
    """Delta at k = `classes` by the order sigma_0^{-q} that keeps T_leak/T_coverage (L16 [D]).

    tau_1 sigma_0 then stays as it is, so the teacher bends as late at every k. Raises ValueError
    for q < 3.
    """
    order = -base.power * orders(base.power)["init_scale"].power
    return float(base.amplification * (classes / base.classes) ** order)


def time_exponent(framework: str, power: int) -> float:
    """n of T ~ k^n on the path: 1 + degree/(q-2), the degree of L2 (SC [D]).

    (3q-4)/(q-2) teacher-student, (2q-3)/(q-2) MAE with tied init, 2 supervised. Raises ValueError
    for an unknown framework.
    """
    return 1 - exponent(framework, power) / (power - 2)


def unit_time(parameters: Parameters) -> float:
    """Time that a feature alone would take from sigma_0 to infinity (L2 [D]), inf for never.

    What is left of T once the drawn start is taken out: of order k sigma_0^{-degree}, with the
    factors of the finite law, as 1 - 1/k of supervised learning, that tend to 1.
    """
    p = parameters
    degree = -exponent(p.framework, p.power)
    return crossing_time(p, TINY * p.init_scale) * TINY**degree


def slow_start(parameters: Parameters, share: float) -> float:
    """Largest initial correlation of a kernel that only `share` of the kernels stay below [D].

    Of 2k normals; not positive where more kernels than that have no positive correlation at all.
    """
    p = parameters
    return p.init_scale * float(norm.ppf(share ** (1 / p.features)))


def captured_share(features: int, kernels: int, crossing: float = 1.0) -> float:
    """Expected share of features that are the first of some kernel, as drawn alike (L1 [D]).

    1 - (1 - x/F)^{kernels} with the share x of the kernels `crossing` at all; 1 - k^{-c/2} at
    m = c log k.
    """
    return 1 - (1 - crossing / features) ** kernels


def all_captured(features: int, kernels: int, crossing: float = 1.0) -> float:
    """P(every feature is the first of some kernel), by the number of features held so far (L1 [D]).

    Below it lies 1 - `union_bound`.
    """
    held = np.zeros(features + 1)
    held[0] = 1.0
    stays = 1 - crossing + crossing * np.arange(features + 1) / features
    for _ in range(kernels):
        held = held * stays + np.concatenate([[0.0], (held * (1 - stays))[:-1]])
    return float(held[-1])


def union_bound(classes: int, constant: float) -> float:
    """2 k^{1-c/2}: above P(some feature is no kernel's first) at m = c log k (SC [D])."""
    return float(2 * classes ** (1 - constant / 2))
