"""What is derived about the masked autoencoder on pixels (L2, L9, L15)."""

from __future__ import annotations

from functools import lru_cache
from math import inf, sqrt

import numpy as np

from ...derivations import Theory
from ...parameters import Parameters
from ...theory.activation import offset, smoothed_relu
from ...theory.condition import Condition, much_less
from ...theory.coverage_time import covering_start, slowest_start
from ...theory.curvature import activity_moment
from ...theory.data_law import mean_power_sum, mean_power_sum_product, over_law
from ...theory.final_correlation import mean_shown_sum, target_share
from ...theory.mae_growth import course, rise
from ...theory.mae_plateau import crossing_time
from ...theory.resting import Images, images_in_role

NODES, TOLERANCE = 16, 1e-5
"""Images of a feature on which the course to T is followed, and how closely: all of them, a
thousand times closer, change Lambda by less than 2e-2 of itself (tested)."""
LATE = 1e3
"""Multiples of varrho from where on its law at late times (L15) is taken, begun at its crossing;
that leaves out a share offset/c."""


def exponent(power: int) -> int:
    """q - 1 with a tied init, as dc/dt ~ c^{q-1} e and e ~ c (L2 [D])."""
    return power - 1


@lru_cache(maxsize=256)
def final_correlation(parameters: Parameters) -> float:
    """Lambda_end of an MAE kernel that holds one feature, at the run's T [D].

    It has no end (L15): what counts is how far a typical covering kernel comes by T, twice
    (horizon_factor times) the time of the slowest feature's start. At least `balance`; that alone
    for a target that L15 is not about, and where nothing is ever covered, or all from the start.
    """
    p = parameters
    start = slowest_start(p) or covering_start(p)
    time = p.horizon or p.horizon_factor * crossing_time(p, start)
    if p.target != "all" or not 0 < time < inf:
        return balance(p)
    grown = max(time - crossing_time(p, covering_start(p)), 0.0)
    law = rise(p)
    late: float = law.amplitude * grown**law.exponent
    if late <= LATE * p.linear_from:
        late = _reached(p, time, late)
    return max(balance(p), late)


def _reached(p: Parameters, time: float, late: float) -> float:
    """How far a typical covering kernel comes by a time; `late` where the solver gives up."""
    images = images_in_role(p, "shown")
    few = Images(np.full(NODES, 1 / NODES), images.strength[:NODES])
    (found,) = course(p, np.array([time]), covering_start(p), few, TOLERANCE)
    return late if np.isnan(found) else float(found)


def balance(parameters: Parameters) -> float:
    """Lambda of an MAE kernel with one feature where its plateau ends [D].

    Balance (L9, where the small initial scale drops out) leaves b = Lambda/sqrt(q); least squares
    under the mask asks b h K = T Z; h = Lambda Z - C_p (1 - 1/q) varrho. T = 1 for target "all" and
    (1 - theta)(1 - 1/C_p), P/(P - 1) times that under masks of fixed size, for "masked" (no patch
    predicts itself).

    The balance is exact below varrho only. Past it b h K = T Z is a valley along which w keeps
    growing while b shrinks (L15).
    """
    p, z = parameters, mean_shown_sum(parameters)
    below = p.patches_per_feature * offset(p.power, p.linear_from)
    target = target_share(p) * z
    # Lambda (Lambda Z - below) = sqrt(q) T Z / K, the positive root.
    product = sqrt(p.power) * target / p.gain_floor
    return (below + sqrt(below**2 + 4 * z * product)) / (2 * z)


def curvature(parameters: Parameters) -> float:
    """The larger `block_curvature` of a kernel that holds one view and one that holds all [D].

    Where the plateau ends. Along the valley beyond it the block of b grows with Lambda^2: what a
    run ends with is measured, and asked of descents (`theory.assumptions.measured_step_size`).
    """
    end = balance(parameters)
    return max(block_curvature(parameters, end, held) for held in {1, parameters.views})


def block_curvature(parameters: Parameters, final: float, held: int) -> float:
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


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Kernels interact, so that few cover all: but not as few as there are features."""
    return (
        much_less(
            "kernels for every feature",
            "views << m: more kernels than features",
            "section 1 [D]",
            ("mae",),
            float(parameters.views),
            float(parameters.kernels_per_class),
        ),
    )


THEORY = Theory(
    exponent=exponent,
    crossing_time=crossing_time,
    final_correlation=final_correlation,
    curvature=curvature,
    conditions=conditions,
)
