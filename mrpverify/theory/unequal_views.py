"""Views of unequal strength: who learns the fainter one (section 3 [R]; [D]).

The last view of every class is zeta times as loud as the others: all its z, wherever it appears. A
correlation c_0 g then takes as long as an equally loud view's from a start that is smaller by
zeta^e, because time goes with (rate c_0^n)^{-1/n}, where no other view is near:

    objective          dc/dt along one view      rate         n        e
    supervised         c^{q-1}, residual shared  zeta^q       q - 2    q/(q-2): Lambda S^{1/(q-2)}
    teacher-student    c^{2q-1}                  zeta^{2q}    2q - 2   q/(q-1)
    masked autoencoder c^{q-1} e, e ~ c          zeta^{q+1}   q - 1    (q+1)/(q-1)

Supervised learning: of the two views of a class the one with the larger weighted start wins and the
other is lost. Teacher-student: every kernel goes for its own largest weighted start, whatever the
others do, so a faint view is left over where it is no kernel's; this bounds zeta from below. (Two
views of a class in one kernel share its output: among them e is nearer to q/(q-2), and fewer are
kept.) In the masked autoencoder kernels share a target: what one has learned is no drive for the
others, which turn to what is left. The fainter view is only later, and zeta has no such bound.
"""

from __future__ import annotations

from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from ..derivations import no_prediction
from ..parameters import STAND_INS, Parameters
from .quadrature import roots_legendre
from .undefined import UndefinedError

Array = NDArray[Any]

NODES, FAR_OUT = 400, 9.0
"""Quadrature over a standard normal start; doubling both changes nothing above 1e-8 (tested)."""
FAINTEST = 0.05
"""Where the search for a bound begins."""


def exponent(framework: str, power: int) -> float:
    """e of zeta^e, by which a start along the fainter view counts less.

    Raises ValueError for an objective without one, and for supervised learning at q = 2.
    """
    q = power
    exponents = {
        "supervised": (q, q - 2),
        "teacher-student": (q, q - 1),
        "mae": (q + 1, q - 1),
    }
    if framework not in exponents:
        raise ValueError(f"framework={framework}: {no_prediction(framework)}")
    above, below = exponents[framework]
    if below == 0:
        raise UndefinedError(f"framework={framework}, q={q}: no view wins by its start")
    return above / below


def faintness_of(parameters: Parameters, activity: float) -> float:
    """zeta at which the fainter view has S_2/S_1 = `activity` in (0, 1]: S goes with zeta^q."""
    return float(activity ** (1 / parameters.power))


def faint_wins(parameters: Parameters, faintness: float) -> float:
    """P(supervised learning learns the fainter of two views), in (0, 1/2] [D].

    P(w Lambda_2 > Lambda_1) for maxima of m normals each; classes without a start aside.
    """
    m, w = parameters.kernels_per_class, faintness ** exponent("supervised", parameters.power)
    x, density = _positive_normal()
    return float((m * density * ndtr(x) ** (m - 1)) @ ndtr(w * x) ** m)


def faint_first(parameters: Parameters, faintness: float) -> float:
    """P(a given faint view has the largest weighted start of a kernel) [D], in [0, 1].

    Of two views a class, half of all features. A kernel without a positive start has none.
    """
    p = parameters
    half, w = p.features // 2, faintness ** exponent(p.framework, p.power)
    x, density = _positive_normal()
    return float(density @ (ndtr(x) ** (half - 1) * ndtr(w * x) ** half))


def faint_kept(parameters: Parameters, faintness: float) -> float:
    """P(a given faint view is the first of at least one of k m independent kernels) [D]."""
    return float(1 - (1 - faint_first(parameters, faintness)) ** parameters.kernels)


def least_faintness(parameters: Parameters) -> float:
    """zeta in [0, 1] down to which kernels that keep to themselves capture every view [D].

    All k faint views are some kernel's with the probability p0 that stands for "with high
    probability". 1 where even equal views are lost more often, 0 where enough kernels point to no
    loud feature.
    """
    p = parameters
    allowed = -log(STAND_INS["success_rate"].value) / p.classes

    def excess(faintness: float) -> float:
        return 1 - faint_kept(p, faintness) - allowed

    if excess(1.0) >= 0:
        return 1.0
    return float(brentq(excess, FAINTEST, 1.0)) if excess(FAINTEST) > 0 else 0.0


def largest_weighted(parameters: Parameters, correlations: Array, faintness: float) -> Array:
    """Feature with the largest weighted start [..., kernels], -1 where none is positive.

    From C(0) [..., kernels, features]; the last view of a class is the fainter one.
    """
    p, starts = parameters, np.maximum(np.asarray(correlations, dtype=np.float64), 0.0)
    weights = np.ones(p.features)
    weights[p.views - 1 :: p.views] = faintness ** exponent(p.framework, p.power)
    scores = starts * weights
    return np.where(scores.max(-1) > 0, scores.argmax(-1), -1)


def first_by(times: Array, horizon: Array) -> Array:
    """Feature of a kernel's shortest time [..., kernels, features], -1 where it is beyond T.

    T [...] is that of every seed.
    """
    soon = times.min(-1) <= horizon[..., None]
    return np.where(soon, times.argmin(-1), -1)


def some_kernel(first: Array, features: int) -> NDArray[np.bool_]:
    """Features that are the first of some kernel [..., features], from first [..., kernels]."""
    found: NDArray[np.bool_] = (first[..., None] == np.arange(features)).any(-2)
    return found


def predict_labels(parameters: Parameters, activities: tuple[float, ...]) -> str:
    """Prediction for CMP.unequal at some S_2/S_1, one sentence."""
    p = parameters
    won = " and ".join(
        f"{faint_wins(p, faintness_of(p, s)):.2f} of the classes at S_2/S_1 = {s:g}"
        for s in activities
    )
    return (
        f"labels teach the fainter view in {won}, where Lambda S^(1/(q-2)) says so; pretraining "
        "captures both and classifies by either"
    )


def predict_keep(parameters: Parameters, activity: float) -> str:
    """Prediction for CMP.keep, one sentence."""
    p = parameters
    limit, zeta = least_faintness(p), faintness_of(p, activity)
    return (
        f"at most {faint_kept(p, zeta):.2f} of the fainter views are some kernel's first at "
        f"S_2/S_1 = {activity:g} and m = {p.kernels_per_class}, fewer where a loud sibling helps "
        f"itself; all of them down to S_2/S_1 = {limit**p.power:.2f}"
    )


def _positive_normal() -> tuple[Array, Array]:
    """Nodes on (0, FAR_OUT) with the standard normal density times the quadrature's weight."""
    node, quadrature = roots_legendre(NODES)
    x = FAR_OUT / 2 * (1 + node)
    return x, FAR_OUT / 2 * quadrature * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
