"""Lambda_end, the correlation a winning kernel ends with [D]: what an objective's theory says.

Enters the regime conditions: noise reaches a foreign patch, and a losing view switches on, in
proportion to it. Z is the mean sum z of a shown own feature, split equally over C_p patches.
"""

from __future__ import annotations

from math import log

from ..derivations import derived
from ..parameters import Parameters


def final_correlation(parameters: Parameters, framework: str) -> float:
    """Lambda_end > 0 under an objective, NaN where it is open [D]; ValueError if there is none."""
    return derived(framework, "final_correlation", parameters)


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
