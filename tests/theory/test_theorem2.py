"""Predictions for Theorem 2."""

from dataclasses import replace
from itertools import product
from math import isnan

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import theorem2 as t

LAW = Parameters(linear_from=0.7, images=200)


def _by_enumeration(p: Parameters) -> tuple[float, float]:
    """(accuracy on uncovered views, overall): the first classes lack view 0."""
    missing = round((1 - p.coverage) * p.features)
    learned = [(i, v) for i in range(p.classes) for v in range(p.views) if i >= missing or v > 0]
    chance = p.off_class / p.classes
    right = np.zeros((p.classes, p.views))
    for y, shown in product(range(p.classes), range(p.views)):
        others = [x for x in learned if x[0] != y]
        for present in product((0, 1), repeat=len(others)):
            here = np.prod([chance if x else 1 - chance for x in present])
            right[y, shown] += here * ((y, shown) in learned or not any(present))
    return float(right[:missing, 0].mean()) if missing else np.nan, float(right.mean())


@pytest.mark.parametrize(
    ("k", "views", "coverage"), [(3, 2, 2 / 3), (4, 2, 0.75), (2, 2, 0.5), (3, 3, 8 / 9)]
)
def test_cover_by_enumeration(k: int, views: int, coverage: float) -> None:
    p = replace(LAW, classes=k, views=views, coverage=coverage, off_class=0.3)
    others, overall = _by_enumeration(p)
    assert t.expected_cover_accuracy(p) == pytest.approx((1.0, others, overall))


def test_cover_at_its_ends() -> None:
    full = t.expected_cover_accuracy(LAW)
    assert full.overall == full.covered == 1
    assert isnan(full.others)
    assert t.expected_cover_accuracy(replace(LAW, hide=False, coverage=0.5)) == (1, 1, 1)
    with pytest.raises(ValueError, match=r"coverage 0\.4"):
        t.expected_cover_accuracy(replace(LAW, coverage=0.4))


def test_half_coverage_is_supervised_learning() -> None:
    """Control of section 5, pretraining without view 2: falls to the error of L12."""
    from mrpverify.theory.supervised import single_view_accuracy

    found = t.expected_cover_accuracy(replace(LAW, coverage=0.5))
    assert found.overall == pytest.approx(single_view_accuracy(LAW))


def test_accuracy_falls_with_coverage() -> None:
    shares = [t.expected_cover_accuracy(replace(LAW, coverage=x / 16)).overall for x in (16, 12, 8)]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] - shares[-1] > 0.1


SENTENCES = [
    (t.predict_retain, {}, "only grows, to at most"),
    (t.predict_retain, {"encoder_step": 200.0}, "can be lost"),
    (t.predict_train, {}, "7.2 = log(N (k-1))"),
    (t.predict_test, {}, "both views are known"),
    (t.predict_test, {"coverage": 0.75}, "some views are not known"),
    (t.predict_test, {"coverage": 0.25}, "errors on both kinds"),
    (t.predict_cover, {}, "at coverage 0.75"),
    (t.predict_cover, {"coverage": 0.875}, "at coverage 0.875"),
]


@pytest.mark.parametrize(("predict", "changes", "words"), SENTENCES)
@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_sentences(predict, changes: dict, words: str, framework: str) -> None:
    assert words in predict(replace(LAW, framework=framework, **changes))
