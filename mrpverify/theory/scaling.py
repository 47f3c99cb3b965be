"""The scaling path: one regime as a function of k (section 1 [R]; laws2, SC [D]).

Every parameter follows the theory's own asymptotic order, with the constant that it has in a given
regime, usually a preset's with k = 8. Where the theory asks for "polylog" or "poly" only, the table
says which power stands for it, and why. What is not in the table keeps its value: q, varrho, C_p,
theta and the sizes of z are fixed on the path, and Delta is a factor of its own (L16).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import log, pi, sqrt
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr
from scipy.stats import norm

from ..parameters import Parameters
from .hitting import crossing_time, exponent
from .quadrature import roots_legendre
from .undefined import UndefinedError

Array = NDArray[np.float64]

NODES, FAR_OUT = 96, 9.0
"""Of the quadrature over a standard normal, and where it ends."""


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
        "images": Order(
            2,
            0,
            "N = poly k",
            "with as many images a class at every k those drawn least lose theirs",
        ),
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
        raise UndefinedError(f"sigma_0^(q-2) = 1/k has no solution at q = {power}; take q >= 3")
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


def race_exponent(power: int) -> float:
    """n of T_leak/T_coverage ~ Delta k^{-n} on the path, 2/(q-2): 2 at q = 3 (L16 [D]).

    The ratio goes with Delta sigma_0^q k/s, of which s, a power of log k, is left out. Raises
    ValueError for q < 3.
    """
    return -power * orders(power)["init_scale"].power - 1


def keeps_pace(base: Parameters, classes: int) -> float:
    """Delta at k = `classes` by the least order that keeps the race of L16, k^{2/(q-2)} [D].

    Less than `kept_pure`, at which the ratio grows. Raises ValueError for q < 3.
    """
    order = race_exponent(base.power)
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


def preferences(parameters: Parameters, rates: Array) -> Array:
    """P(a kernel crosses for v first, and before T) [features], from R_v of given images (L1 [D]).

    The shortest hitting time wins, x R_v^{1/(2q-2)} with x standard normal. At equal rates each of
    2k features has the same share of the kernels that cross; images that are few favour some, by a
    spread of log R_v times the square of the largest normal, 2 log 2k, over 2q - 2. Raises
    ValueError for another number of rates.
    """
    p, drawn = parameters, np.asarray(rates, dtype=np.float64)
    if drawn.shape != (p.features,):
        raise ValueError(f"expected the rates of {p.features} features, got {drawn.shape}")
    n = 2 * p.power - 2
    speed = np.maximum(drawn, 0.0)
    last = (p.linear_from**-n + n * speed * p.horizon) ** (-1 / n) / p.init_scale
    nodes, weights = roots_legendre(NODES)
    x = last + (FAR_OUT - last) * (nodes[:, None] + 1) / 2  # [nodes, features]
    relative = speed ** (1 / n)
    with np.errstate(divide="ignore", invalid="ignore"):
        others = np.nan_to_num(x[:, :, None] * relative[:, None] / relative, nan=0.0)
    below = log_ndtr(others).sum(-1) - log_ndtr(x)
    density = np.exp(below - x**2 / 2) / sqrt(2 * pi)
    found: Array = (weights @ density) * (FAR_OUT - last) / 2
    return np.where(speed > 0, found, 0.0)


def captured_share(preferred: Array, kernels: int) -> float:
    """Expected share of features that are the first of some kernel, kernels independent (L1 [D]).

    From P(a kernel prefers v) [features]; 1 - (1 - 1/2k)^{kernels} ~ 1 - k^{-c/2} at m = c log k
    where all prefer alike.
    """
    return float(np.mean(1 - (1 - preferred) ** kernels))


def all_captured(preferred: Array, kernels: int) -> float:
    """P(every feature is the first of some kernel), features taken as independent (L1 [D]).

    They are not quite: what one kernel takes another does not. By that it is a little above; tested
    against counting. Below it lies 1 - `union_bound`.
    """
    return float(np.prod(1 - (1 - preferred) ** kernels))


def union_bound(classes: int, constant: float) -> float:
    """2 k^{1-c/2}: above P(some feature is no kernel's first) at m = c log k (SC [D])."""
    return float(2 * classes ** (1 - constant / 2))
