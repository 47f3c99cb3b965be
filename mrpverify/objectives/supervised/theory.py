"""What is derived about supervised learning from scratch (L2, L12; section 1)."""

from __future__ import annotations

from ...derivations import Theory
from ...parameters import Parameters
from ...theory.activation import offset
from ...theory.data_law import mean_power_sum_product
from ...theory.final_correlation import final_margin, mean_shown_sum
from ...theory.supervised import growth_rate, hitting_time
from .conditions import conditions


def exponent(power: int) -> int:
    """q - 2, as dc/dt ~ c^{q-1} (L2 [D])."""
    return power - 2


def final_correlation(parameters: Parameters) -> float:
    """Upper bound on Lambda_end under cross-entropy [D].

    One kernel of the block carries the whole final margin log(N (k - 1)), at which the summed
    training loss is of order 1; kernels that share the view, and earlier stopping, leave less.
    """
    p = parameters
    below = p.patches_per_feature * offset(p.power, p.linear_from)
    return (final_margin(p) + below) / mean_shown_sum(p)


def curvature(parameters: Parameters) -> float:
    """max(E[1_v Z^2]/4, G varrho^{q-2}): one kernel a class holds one view, or grows into it [D].

    The logit of the own class enters the cross-entropy with p (1 - p) <= 1/4, and other classes'
    kernels do not see the same patches. Each further kernel of the block that shares the view adds
    as much. Second: the relative change per unit of time as a kernel reaches varrho, G the rate of
    its growth while nothing is known.
    """
    p = parameters
    last_growth = growth_rate(p) * p.linear_from ** (p.power - 2)
    return max(mean_power_sum_product(p, 1, 1) / 4, last_growth)


THEORY = Theory(
    exponent=exponent,
    crossing_time=hitting_time,
    final_correlation=final_correlation,
    curvature=curvature,
    conditions=conditions,
)
