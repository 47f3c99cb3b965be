"""What a run costs on paper: arithmetic of a gradient, its memory, and the hours of a run [D].

The gradient of every objective here is two matrix products over all patches of all images, kernels
on patches and a signal back on them: 4 N P d km operations. What comes between them passes over the
N P km activations and costs no operations to speak of, but time: `passes`, the time of a gradient
over that of its two products, is the machine's and the code's, and is measured.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, inf, log, prod

from ..derivations import derived
from ..parameters import Parameters

BYTES = {"float32": 4, "float64": 8, "tf32": 4}
"""Of a number."""
GROWTH = 0.1
"""Relative change of the fastest correlation in a step of the plateau."""
GRADIENTS = {"mae": 3000, "supervised": 1000, "teacher-student": 400, "fine-tuning": 150}
"""Of a flow to its T, about what runs of preset quick counted; OF_ANY_OTHER for the rest.

A descent that ends by itself takes as many, or what its limits allow.
"""
OF_ANY_OTHER = 500
PASSES = {"mae": (1.45, 0.7), "supervised": (1.0, 0.95), "teacher-student": (2.4, 2.7)}
"""Time of a gradient on one core as multiples of that of its two products, and of that of
REFERENCE, which it takes whatever its size: inner stages and kernels that are evaluated a few at a
time. Fitted to runs of preset quick, with as many images twice and half as many classes."""
OF_ANY_OTHER_PASS = (2.0, 3.0)
STEP = 0.5
"""The second of these for a descent, which has no inner stages: fitted to steps at k = 2."""
SAMPLE = (200, 14, 48, 64)
"""Images, patches, dimension and kernels, about those of preset quick's masked autoencoder (its
data sets have 10 to 14 patches): what constants are multiples of."""
REFERENCE = 4.0 * prod(SAMPLE)
"""Operations of its two products."""


@dataclass(frozen=True)
class Cost:
    """One gradient of one seed."""

    operations: float
    """Floating-point operations of its two products."""
    activations: float
    """Bytes of the pre-activations of all kernels on all patches."""
    images: float
    """Bytes of the patches."""


def patches(parameters: Parameters) -> int:
    """P of a typical data set: C_p times the most features that one of N images shows, or P.

    Features of other classes are binomial; of N images the most is its quantile 1 - 1/N.
    """
    from scipy.stats import binom  # most of a second, for which a worker need not wait

    p = parameters
    foreign = p.views * (p.classes - 1)
    most = p.views + int(binom.ppf(1 - 1 / p.images, foreign, p.off_class / p.classes))
    return max(p.patches, p.patches_per_feature * most)


def gradient(parameters: Parameters) -> Cost:
    """Operations and bytes of one gradient of one seed."""
    p, size = parameters, BYTES[parameters.precision]
    rows = p.images * patches(p)
    return Cost(
        operations=4.0 * rows * p.dimension * p.kernels,
        activations=float(rows * p.kernels * size),
        images=float(rows * p.dimension * size),
    )


def usual_gradients(parameters: Parameters) -> int:
    """Gradients that a run usually takes; of a descent without a horizon at most its steps."""
    p = parameters
    if p.method == "flow":
        return GRADIENTS.get(p.framework, OF_ANY_OTHER)
    end = p.horizon or p.deadline
    limit = min(p.max_steps, ceil(end / p.step)) if end > 0 else p.max_steps
    if p.horizon:
        return limit
    known = p.framework in GRADIENTS
    return min(limit, GRADIENTS[p.framework] if known else _until_covered(p, limit))


def _until_covered(parameters: Parameters, limit: int) -> int:
    """Steps to T where the time of coverage is derived, `limit` where it is not."""
    p, covered = parameters, derived(parameters.framework, "coverage_time", parameters)
    return ceil(p.horizon_factor * covered / p.step) if 0 < covered < inf else limit


@cache
def operations(parameters: Parameters, seeds: int = 1) -> float:
    """What a run takes, as if all of its time went into the products of its gradients.

    `seeds` that are trained together share what a gradient takes whatever its size.
    """
    own, constant = PASSES.get(parameters.framework, OF_ANY_OTHER_PASS)
    constant = constant if parameters.method == "flow" else STEP
    each = own * seeds * gradient(parameters).operations + constant * REFERENCE
    return usual_gradients(parameters) * each


def plateau_gradients(parameters: Parameters) -> int:
    """Gradients up to the first crossing: every step lets the leader grow by GROWTH."""
    p = parameters
    return ceil(log(max(p.linear_from / p.init_scale, 1.0)) / log(1 + GROWTH))


def hours(parameters: Parameters, gradients: int, rate: float, passes: float = 1.0) -> float:
    """Hours of so many gradients of one seed, at `rate` operations a second in the products.

    Raises ValueError unless gradients >= 0, rate > 0 and passes >= 1.
    """
    if gradients < 0 or rate <= 0 or passes < 1:
        raise ValueError(
            f"needs gradients >= 0, rate > 0 and passes >= 1, got {gradients}, {rate:g}, {passes:g}"
        )
    return gradients * passes * gradient(parameters).operations / rate / 3600
