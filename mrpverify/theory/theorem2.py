"""What the theory predicts for Theorem 2, fine-tuning after pretraining (section 3 [A]; [D])."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..derivations import predicted
from ..parameters import Parameters
from .data_law import off_class_probability
from .final_correlation import final_margin

Array = NDArray[np.float64]


class CoverAccuracy(NamedTuple):
    """Expected accuracy on single-view images after pretraining on part of the features."""

    covered: float
    """On images that show a view pretraining saw."""
    others: float
    """On images that show one it did not see; NaN where it saw all."""
    overall: float


def expected_cover_accuracy(parameters: Parameters) -> CoverAccuracy:
    """Single-view accuracy where pretraining showed the share `coverage` of the features [D].

    Every class keeps a view, so an image of a covered view is right. One of another view is right
    by its weak rest iff no learned feature of another class is in it: (1 - s/k) to the power of
    their number, views k coverage - (views - 1). Fine-tuning is taken to learn no view of its own.
    Raises ValueError for a coverage below 1 - 1/views.
    """
    p = parameters
    missing = round((1 - p.coverage) * p.features)
    if missing > p.classes:
        raise ValueError(f"coverage {p.coverage:g} leaves a class less than views - 1 of its views")
    if not p.hide:
        return CoverAccuracy(1.0, 1.0, 1.0)
    learned = p.features - missing - (p.views - 1)
    others = (1 - off_class_probability(p)) ** learned if missing else nan
    share = missing / p.features
    return CoverAccuracy(1.0, others, 1 - share + (share * others if missing else 0.0))


def accuracy_of_views(parameters: Parameters, learned: Array) -> Array:
    """Single-view accuracy where some views are learned, [..., classes, views] -> [...] (L12 [D]).

    An image is right by its own view; without it by its weak rest, where a sibling view is learned
    and no learned feature of another class is in it. Raises ValueError for other last axes.
    """
    p, known = parameters, np.asarray(learned, dtype=np.float64)
    if known.shape[-2:] != (p.classes, p.views):
        raise ValueError(f"last axes must be {(p.classes, p.views)}, got {known.shape}")
    if not p.hide:
        return np.ones(known.shape[:-2])
    of_class = known.sum(-1, keepdims=True)
    foreign = of_class.sum(-2, keepdims=True) - of_class
    undisturbed = (1 - off_class_probability(p)) ** foreign
    by_rest = (1 - known) * (of_class > 0) * undisturbed
    return np.asarray((known + by_rest).mean((-2, -1)))


def predict_retain(parameters: Parameters) -> str:
    """Prediction for T2.retain, one sentence: what fine-tuning's own theory says."""
    return predicted("fine-tuning", "T2.retain", parameters)


def predict_train(parameters: Parameters) -> str:
    """Prediction for T2.train, one sentence."""
    return (
        "every training image is right: pretraining captured a feature of every one of them; the "
        f"margin grows with log t, towards {final_margin(parameters):.1f} = log(N (k-1))"
    )


def predict_test(parameters: Parameters) -> str:
    """Prediction for T2.test, one sentence."""
    p = parameters
    if p.coverage < 1 - 1 / p.views:
        return "errors on both kinds of image: classes without any captured feature are unknown"
    overall = expected_cover_accuracy(p).overall
    return f"accuracy 1 on multi-view and {overall:.3f} on single-view images: " + (
        ("both views are known" if p.views == 2 else "every view is known")
        if overall == 1
        else "some views are not known"
    )


def predict_cover(parameters: Parameters) -> str:
    """Prediction for T2.cover, one sentence; full coverage is read as half the classes complete."""
    p = parameters
    if p.coverage == 1:
        p = replace(p, coverage=1 - 1 / (2 * p.views))
    found = expected_cover_accuracy(p)
    return (
        f"at coverage {p.coverage:g} the other features are missing: single-view accuracy "
        f"{found.covered:.2f} on covered views, {found.others:.2f} on the others, "
        f"{found.overall:.3f} overall"
    )
