"""The finite stand-ins for the asymptotic "o(1)", "polylog" and "poly", in ONE table.

A number of this package that replaces an asymptotic order is read from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class StandIn:
    """A number that stands for an asymptotic order: what it replaces and why it has this value."""

    value: float
    replaces: str
    reason: str


STAND_INS: Mapping[str, StandIn] = MappingProxyType(
    {
        "much_less": StandIn(
            2.0,
            "a << b",
            "b/a >= 2: the smallest factor at which the smaller side cannot reach the larger one "
            "by the doubling that 'of order' allows",
        ),
        "covering_risk": StandIn(
            1e-3,
            "with high probability, in m = polylog k",
            "union bound m >= 2 log(2k/delta): a thousandth leaves room for 1 - p0 many times over",
        ),
        "sparse_presence": StandIn(
            0.2,
            "s = polylog k, so s/k -> 0",
            "one image in five shows a given foreign feature; above it the mean image is a "
            "direction of its own (L13)",
        ),
        "hold_share": StandIn(
            0.5,
            "Lambda >= varrho - o(1) at a later time",
            "hysteresis: the gain schedules switch at varrho itself, so a held kernel hovers there",
        ),
        "pure_ratio": StandIn(
            0.5,
            "all other correlations are o(1)",
            "half of the kernel's own largest: an off-class image with sum z <= 0.4 then adds less "
            "than 0.4 of an own one, below the 1/2 that decides a class",
        ),
        "impure_share": StandIn(
            0.1,
            "no kernel is fused (up to o(1) of them)",
            "one kernel in ten: with m >= 10 this is less than the kernels of one class",
        ),
        "bounded_by": StandIn(
            4.0,
            "Lambda(T) = O~(1)",
            "least squares needs about 1/sum z ~ 1 of a kernel, up to 1 + varrho for the offset of "
            "the smoothed ReLU; twice that by 'much_less', rounded up",
        ),
        "growth_by": StandIn(
            1.5,
            "Lambda stays O~(1) after coverage",
            "a divergent kernel at least doubles in the second half of the run (L4, tau >= K)",
        ),
        "success_rate": StandIn(
            0.8,
            "with high probability",
            "p0: excluded from below by 23 of 24 seeds (exact 95 % bound)",
        ),
        "retained_share": StandIn(
            0.5,
            "no captured feature is lost",
            "fine-tuning may reshape a kernel, but not to less than half of what it knew: the "
            "factor of 'much_less'",
        ),
        "training_margin": StandIn(
            1.0,
            "training accuracy 1 with margin Omega(1)",
            "in logits: the own class is e times as likely as any other",
        ),
        "multi_view_accuracy": StandIn(
            0.99, "test error ~ 0 on multi-view images", "one image in a hundred"
        ),
        "single_view_accuracy": StandIn(
            0.97,
            "test error ~ 0 on single-view images",
            "three in a hundred: their evidence is one view, and foreign features may stand beside",
        ),
        "equal_accuracy": StandIn(
            0.01, "equal up to o(1)", "accuracies within one image in a hundred"
        ),
        "equivalent_accuracy": StandIn(
            0.02,
            "two ways of training reach the same accuracy, up to o(1)",
            "below a gain of order one, so that no difference is both",
        ),
        "accuracy_gain": StandIn(0.02, "a gain of order one", "twice what counts as equal"),
        "accuracy_band": StandIn(
            0.05,
            "equal up to o(1), for an accuracy with an exact finite-size prediction",
            "classes that learned both views, and images whose weak view loses to noise, are of "
            "this order; a third of the distance to 1 at s = 0.4 and less above",
        ),
        "winner_share": StandIn(
            0.95,
            "the predicted view wins with probability 1 - o(1)",
            "one class in twenty; chance is one in two",
        ),
        "lottery_share": StandIn(
            0.5,
            "the predicted feature wins with probability 1 - o(1)",
            "more often than not; chance is 1/(2k)",
        ),
    }
)
