"""Supervised learning on masked images: why the second view stays learnable (laws2, AUG [D]).

Once view 1 of a class is learned, an image pulls on view 2 only where every patch of view 1 is
hidden, with probability (1 - theta)^{C_p}; there the logits are 0 and the residual is 1 - 1/k. A
patch of view 2 is seen with probability theta, independently of those:

    dc/dt = theta (1 - theta)^{C_p} S (c/varrho)^{q-1} (1 - 1/k)/k,   S = E sum z^q of a shown view.

Without the factor 1/theta (`rescaled` false), with few foreign features, q >= 3. With n of P
patches visible the joint probability is C(P-C_p-1, n-1)/C(P, n) instead: never where n > P - C_p.
"""

from __future__ import annotations

from math import inf

from ...derivations import Theory
from ...parameters import Parameters
from ...parts.mask_law import MaskLaw
from ...theory.data_law import power_sum, role
from ...theory.gaussian import smallest_of_maxima


def hidden_share(parameters: Parameters) -> float:
    """P(a patch of one view is seen and the other view hidden): theta (1 - theta)^{C_p} [D]."""
    return parameters.mask_law.one_beside(parameters.patches_per_feature)


def best_visible_share(parameters: Parameters) -> float:
    """theta*, where the second view grows fastest: 1/(C_p + 1), or the best n/P [D]."""
    p, count = parameters, parameters.mask_law.patches
    if count is None:
        return 1 / (p.patches_per_feature + 1)
    shares = [MaskLaw(n / count, count) for n in range(1, count + 1)]
    return max(shares, key=lambda law: law.one_beside(p.patches_per_feature)).visible


def second_view_rate(parameters: Parameters, correlation: float) -> float:
    """dc/dt of the second view at 0 < c <= varrho, once the first one is learned [D]."""
    p = parameters
    drive = power_sum(p, role(p, "shown"), p.power)
    growth = (correlation / p.linear_from) ** (p.power - 1)
    return hidden_share(p) * drive * growth * (1 - 1 / p.classes) / p.classes


def second_view_time(parameters: Parameters, start: float) -> float:
    """Time of the second view from the correlation `start` > 0 to varrho, inf for never [D].

    k varrho^{q-1} (c_0^{-(q-2)} - varrho^{-(q-2)})/((q-2) theta (1-theta)^{C_p} S (1-1/k)).
    """
    p, n = parameters, parameters.power - 2
    unit = second_view_rate(p, p.linear_from) / p.linear_from ** (p.power - 1)
    if unit <= 0 or n < 1:
        return inf
    return float((start**-n - p.linear_from**-n) / (n * unit))


def typical_time(parameters: Parameters) -> float:
    """`second_view_time` from the mean start of the view that loses the lottery [D]."""
    p = parameters
    return second_view_time(p, p.init_scale * smallest_of_maxima(p.kernels_per_class, p.views))


def predict_capture(parameters: Parameters) -> str:
    """Prediction for AUG.capture, one sentence."""
    p = parameters
    if p.views < 2:
        return "a class has one view, and learns it"
    if hidden_share(p) == 0:
        return "no second view is learned: no mask hides the first one alone (AUG)"
    if p.power < 3:
        return "a second view grows exponentially at q = 2; by when it is learned is not derived"
    return (
        f"every view is learned, a typical second one at time {typical_time(p):.3g} after its "
        f"sibling; fastest at theta = {best_visible_share(p):.2f} (AUG)"
    )


THEORY = Theory(predictions={"AUG.capture": predict_capture}, coverage_time=typical_time)
