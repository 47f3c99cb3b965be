"""What pretraining gains over supervised learning, paired on data and init (section 3 [A]; [D])."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from ..parameters import Parameters
from .data_law import off_class_probability
from .supervised import (
    asymptotic_single_view_error,
    both_views_probability,
    never_starts,
    refined_single_view_error,
    single_view_error,
)


class Gain(NamedTuple):
    """Accuracy after pretraining and fine-tuning minus accuracy of supervised learning."""

    single_view: float
    """With classes that learn both views by near ties; plain L12 for more than two views."""
    multi_view: float
    overall: float
    """mu times the single-view gain, on images of the training law."""
    law: float
    """e(k, s): single-view, one view learned per class (L12)."""
    asymptotic: float
    """1/2 for two views: single-view, as s grows (section 3 [R])."""


def expected_gain(parameters: Parameters, mu: float | None = None) -> Gain:
    """Errors of supervised learning: pretraining knows every view, and errs on neither kind [D]."""
    p = parameters
    share = p.single_view if mu is None else mu
    single = _single_view_error(p)
    limit = asymptotic_single_view_error(p)
    return Gain(single, 0.0, share * single, single_view_error(p), limit)


def removed_view_error(parameters: Parameters) -> float:
    """Supervised error on images from which one of two views is erased, nothing weak left [D].

    ((1 - b - u)/2 + u)(1 - U/k), u the share of classes without any view, U the chance that no
    learned feature of another class is in the image: then the answer is a guess. An upper bound:
    the class's kernels may respond a little even to the view that lost. Raises ValueError for more
    than two views, 0 for one.
    """
    p = parameters
    if p.views == 1 or not p.hide:
        return 0.0
    b, u, absent = both_views_probability(p), never_starts(p), 1 - off_class_probability(p)
    one = 1 - b - u
    undisturbed = (u + one * absent + b * absent**2) ** (p.classes - 1)
    return (one / 2 + u) * (1 - undisturbed / p.classes)


def predict_gain(parameters: Parameters) -> str:
    """Prediction for CMP.gain, one sentence."""
    found = expected_gain(parameters)
    if found.law == 0:
        return "no gain on either kind of image: nothing is hidden that a class needs"
    return (
        f"single-view gain {found.single_view:.3f} (e(k, s) = {found.law:.3f} without near ties, "
        f"{found.asymptotic:.2f} only as s grows), multi-view 0, overall {found.overall:.4f}"
    )


def predict_shift(parameters: Parameters, presence: float = 3.0) -> str:
    """Prediction for CMP.shift, one sentence; `presence` multiplies s in the law with larger s."""
    p = parameters
    if _single_view_error(p) == 0:
        return "no gain on any test law: nothing is hidden that a class needs"
    more = replace(p, off_class=min(presence * p.off_class, float(p.classes)))
    erased = "" if p.views > 2 else f", to {removed_view_error(p):.3f}"
    return (
        f"larger s raises the single-view gain from {_single_view_error(p):.3f} to "
        f"{_single_view_error(more):.3f}; so does erasing a view{erased}, as no weak rest is "
        "left to read; larger Gamma and stronger noise leave it unchanged to first order"
    )


def _single_view_error(p: Parameters) -> float:
    """`refined_single_view_error`, or L12 where that is not defined."""
    return single_view_error(p) if p.views > 2 else refined_single_view_error(p)
