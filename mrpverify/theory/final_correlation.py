"""Lambda_end, the correlation a winning kernel ends with, for every loss [D].

Enters the regime conditions: noise reaches a foreign patch, and a losing view switches on, in
proportion to it. Z is the mean sum z of a shown own feature, split equally over C_p patches.
"""

from __future__ import annotations

from math import log, sqrt

from ..derivations import derived
from ..parameters import Parameters
from .activation import offset
from .resting import rest


def final_correlation(parameters: Parameters, framework: str) -> float:
    """Lambda_end > 0 under "teacher-student", "mae" or "supervised" [D].

    Of an objective from outside, what comes with it, NaN where that is open. ValueError for
    another.
    """
    rules = {"teacher-student": teacher_student, "mae": mae, "supervised": supervised}
    return derived(rules, framework, "final_correlation", parameters)


def teacher_student(parameters: Parameters) -> float:
    """Lambda_end of a teacher-student kernel with one feature [D].

    Where it rests: within [varrho, (1 + delta_h) varrho] under `hold`, at the plateau of L4 under a
    constant gain and ema, inf where it diverges. varrho under `release`, and where it decays (an
    upper bound).
    """
    return rest(parameters).correlation or parameters.linear_from


def mae(parameters: Parameters) -> float:
    """Lambda_end of an MAE kernel that holds one feature [D].

    Balance (L9, where the small initial scale drops out) leaves b = Lambda/sqrt(q); least squares
    under the mask asks b h K = T Z; h = Lambda Z - C_p (1 - 1/q) varrho. T = 1 for target "all" and
    (1 - theta)(1 - 1/C_p), P/(P - 1) times that under masks of fixed size, for "masked" (no patch
    predicts itself).

    The balance is exact below varrho only. Past it b h K = T Z is a valley along which w keeps
    growing slowly while b shrinks: a scale for the time of coverage; late runs show 1.5 to 2.4 [E].
    """
    p, z = parameters, mean_shown_sum(parameters)
    below = p.patches_per_feature * offset(p.power, p.linear_from)
    target = target_share(p) * z
    # Lambda (Lambda Z - below) = sqrt(q) T Z / K, the positive root.
    product = sqrt(p.power) * target / p.gain_floor
    return (below + sqrt(below**2 + 4 * z * product)) / (2 * z)


def supervised(parameters: Parameters) -> float:
    """Upper bound on Lambda_end under cross-entropy [D].

    One kernel of the block carries the whole final margin log(N (k - 1)), at which the summed
    training loss is of order 1; kernels that share the view, and earlier stopping, leave less.
    """
    p = parameters
    below = p.patches_per_feature * offset(p.power, p.linear_from)
    return (final_margin(p) + below) / mean_shown_sum(p)


def final_margin(parameters: Parameters) -> float:
    """log(N (k - 1)) >= 0: the logit margin at which the summed training loss is of order 1 [D]."""
    wrong = parameters.images * (parameters.classes - 1)
    return log(wrong) if wrong > 1 else 0.0


def target_share(parameters: Parameters) -> float:
    """Share of a feature's sum z that its own patches can predict, in [0, 1] (section 2 [D])."""
    p = parameters
    if p.target == "all":
        return 1.0
    return float(p.mask_law.across * (1 - 1 / p.patches_per_feature))


def mean_shown_sum(parameters: Parameters) -> float:
    """E sum z of a shown own feature (section 1 [R])."""
    return (parameters.own_low + parameters.own_high) / 2
