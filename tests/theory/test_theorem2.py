"""Predictions for Theorem 2."""

from dataclasses import replace
from itertools import product
from math import isnan

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import theorem2 as t
from mrpverify.theory.supervised import single_view_accuracy

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


def test_accuracy_of_views_by_enumeration() -> None:
    """Of drawn sets of views, classes that know none included; the law of foreign features."""
    p, random = replace(LAW, classes=3, views=2, off_class=0.5), np.random.default_rng(2)
    drawn = [random.integers(0, 2, (3, 2)).astype(bool) for _ in range(12)]
    drawn += [np.zeros((3, 2), dtype=bool), np.ones((3, 2), dtype=bool)]
    chance = p.off_class / p.classes
    for learned in drawn:
        right = []
        for y, shown in product(range(3), range(2)):
            others = [x for x in product(range(3), range(2)) if x[0] != y and learned[x]]
            disturbed = 0.0
            for present in product((0, 1), repeat=len(others)):
                here = np.prod([chance if x else 1 - chance for x in present])
                disturbed += here * any(present)
            by_rest = learned[y].any() * (1 - disturbed)
            right.append(1.0 if learned[y, shown] else by_rest)
        assert t.accuracy_of_views(p, learned) == pytest.approx(np.mean(right))
    assert t.accuracy_of_views(p, np.stack(drawn)).shape == (14,)
    with pytest.raises(ValueError, match=r"must be \(3, 2\), got \(2, 3\)"):
        t.accuracy_of_views(p, np.ones((2, 3)))


def test_one_view_a_class_is_the_leading_term_of_supervised_learning() -> None:
    one = np.tile([True, False], (LAW.classes, 1))
    assert t.accuracy_of_views(LAW, one) == pytest.approx(single_view_accuracy(LAW))


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
