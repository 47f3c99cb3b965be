"""Largest curvature of each loss once features are captured, for the step-size condition [D].

Gradient descent follows the flow while eta times this stays below 1 (it turns unstable at 2).
Slopes are bounded by sReLU' <= 1; noise, which only adds small directions, is left out.
"""

from __future__ import annotations

import numpy as np
from scipy.special import roots_legendre

from ..derivations import derived
from ..parameters import Parameters
from .activation import smoothed_relu
from .data_law import Role, mean_power_sum, mean_power_sum_product, over_law
from .final_correlation import mae as mae_final_correlation
from .final_correlation import mean_shown_sum, target_share
from .growth import growth_rate
from .supervised import growth_rate as supervised_growth_rate

NODES = 40


def largest_curvature(parameters: Parameters, framework: str) -> float:
    """Bound on the curvature after capture, NaN where it is open; ValueError as above [D]."""
    rules = {"teacher-student": teacher_student, "mae": mae, "supervised": supervised}
    return derived(rules, framework, "curvature", parameters)


def is_smooth(parameters: Parameters) -> bool:
    """Whether the loss has a curvature everywhere: a gain that falls at once at varrho has not."""
    p = parameters
    return p.framework != "teacher-student" or p.gain != "hold" or p.hold_width > 0


def teacher_student(parameters: Parameters) -> float:
    """max(own E[1_v sum z^2] (2 - 1/q), R varrho^{2q-2}), own = lambda for Bernoulli masks [D].

    First: at gain 1 hhat - h = 0 for every w, so the field is -lambda sum a a' x, with derivative
    lambda z^2 (a'^2 + a a''), largest at u = varrho: 2 - 1/q. Features do not mix (disjoint
    patches), and at a plateau (L4) the gain only lowers it, as does `shared` under masks of fixed
    size. Second: the relative change per unit of
    time while the kernel still grows into varrho, which a step must not turn into an overshoot of
    order one.
    """
    p = parameters
    after = p.mask_law.own * mean_power_sum(p, 2) * (2 - 1 / p.power)
    last_growth = growth_rate(p) * p.linear_from ** (2 * p.power - 2)
    return float(max(after, last_growth))


def mae(parameters: Parameters) -> float:
    """The larger of `mae_block` for a kernel that holds one view and one that holds all [D]."""
    final = mae_final_correlation(parameters)
    return max(mae_block(parameters, final, held) for held in {1, parameters.views})


def mae_block(parameters: Parameters, final: float, held: int) -> float:
    """Gauss-Newton bound on (w, b) with kernels at `final` on `held` views of a class each [D].

    The matrix is positive: its top eigenvalue is at most the sum of those of its diagonal blocks.
    b: top(E[h h^T]) + lambda E sum a^2, where all views of a class are co-present and add up
    (Cauchy-Schwarz), be it in one kernel or across sibling kernels: E[1_v h_v^2] times held views.
    w: ||b||^2 (held E[1_v Z^2] + lambda E[1_v sum z^2]); kernels with orthogonal b do not couple.
    Left out, together below 3 % in tests: terms beyond Gauss-Newton (they carry the residual of a
    patch, vanishing on average where b is at its optimum) and pairs with an off-class h. Classes
    count 1/k: a class drawn more often has that much more curvature. Masks of fixed size take the
    share `shared` <= 1 off what adds up over patches.
    """
    p = parameters
    square = over_law(p, lambda r: activity_moment(p, r, final, 2))
    law = p.mask_law
    penalty, kept = law.own / p.patches_per_feature, 1 - law.shared
    for_b = held * square * (p.views * kept + penalty)
    spread = held * mean_power_sum_product(p, 1, 1) * kept + law.own * mean_power_sum(p, 2)
    return float(for_b + held * decoded(p, final, held) ** 2 * spread)


def decoded(parameters: Parameters, final: float, held: int) -> float:
    """b_v = T Z/(F h K_F) >= 0: least squares under the mask, `held` = F views at `final` [D].

    h is the output for one view alone and K_F = 1 + own/(F C_p) - shared.
    """
    p, z = parameters, mean_shown_sum(parameters)
    patch = smoothed_relu(final * z / p.patches_per_feature, p.power, p.linear_from)
    floor = 1 + p.mask_law.own / (held * p.patches_per_feature) - p.mask_law.shared
    h = p.patches_per_feature * float(patch)
    return float(target_share(p) * z / (held * h * floor)) if h else 0.0


def supervised(parameters: Parameters) -> float:
    """max(E[1_v Z^2]/4, G varrho^{q-2}): one kernel a class holds one view, or grows into it [D].

    The logit of the own class enters the cross-entropy with p (1 - p) <= 1/4, and other classes'
    kernels do not see the same patches. Each further kernel of the block that shares the view adds
    as much. Second: the relative change per unit of time as a kernel reaches varrho, G the rate of
    its growth while nothing is known.
    """
    p = parameters
    last_growth = supervised_growth_rate(p) * p.linear_from ** (p.power - 2)
    return max(mean_power_sum_product(p, 1, 1) / 4, last_growth)


def activity_moment(parameters: Parameters, role: Role, final: float, power: int) -> float:
    """E h^power of a kernel with correlation `final`, equal patches, Z as in the role [D]."""
    p = parameters
    node, weight = roots_legendre(NODES)
    z = (role.low + role.high) / 2 + (role.high - role.low) / 2 * node
    a = smoothed_relu(final * z / p.patches_per_feature, p.power, p.linear_from)
    return float(weight / 2 @ np.power(p.patches_per_feature * a, power))
