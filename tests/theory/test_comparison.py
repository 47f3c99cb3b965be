"""What pretraining gains: the error of supervised learning, in and out of distribution."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.theory import comparison as c
from mrpverify.theory import supervised

LAW = Parameters(linear_from=0.7, init_scale=0.014, kernels_per_class=8, single_view=0.02)


def test_gain_is_the_error_of_supervised_learning() -> None:
    gain = c.expected_gain(LAW)
    assert gain.single_view == supervised.refined_single_view_error(LAW)
    assert gain.overall == pytest.approx(0.02 * gain.single_view)
    assert c.expected_gain(LAW, 0.5).overall == pytest.approx(0.5 * gain.single_view)
    assert (gain.multi_view, gain.asymptotic) == (0, 0.5)
    assert 0 < gain.single_view < gain.law == supervised.single_view_error(LAW) < 0.5


@pytest.mark.parametrize("changes", [{"hide": False}, {"views": 1}])
def test_controls_have_no_gain(changes: dict) -> None:
    p = replace(LAW, **changes)
    assert c.expected_gain(p) == (0, 0, 0, 0, 0)
    assert c.removed_view_error(p) == 0
    assert "no gain" in c.predict_gain(p)
    assert "no gain" in c.predict_shift(p)


def test_removed_view_by_sampling(monkeypatch: pytest.MonkeyPatch) -> None:
    """20000 classes of k = 4 in which three in ten learned both views, |z| <= 5."""
    monkeypatch.setattr(c, "both_views_probability", lambda parameters: 0.3)
    p, random, n = replace(LAW, classes=4, off_class=0.6), np.random.default_rng(9), 20_000
    learned = random.integers(2, size=(n, 4, 1)) == np.arange(2)
    learned |= random.random((n, 4, 1)) < 0.3
    present = random.random((n, 3, 2)) < 0.15
    known = learned[np.arange(n), 0, random.integers(2, size=n)]
    disturbed = (present & learned[:, 1:]).any((1, 2))
    right = known | (~disturbed & (random.random(n) < 1 / 4))
    expected = c.removed_view_error(p)
    assert abs(1 - right.mean() - expected) <= 5 * np.sqrt(expected * (1 - expected) / n)


@given(st.floats(0.0, 4.0), st.integers(2, 30))
@settings(max_examples=30)
def test_an_erased_view_costs_more_than_a_weak_one(presence: float, k: int) -> None:
    p = replace(LAW, classes=k, off_class=min(presence, k))
    assert c.expected_gain(p).single_view <= c.removed_view_error(p) <= 0.5


def test_sentences() -> None:
    gain = c.expected_gain(LAW).single_view
    assert f"single-view gain {gain:.3f}" in c.predict_gain(LAW)
    larger = c.expected_gain(replace(LAW, off_class=1.2)).single_view
    assert larger > 1.5 * gain
    assert f"from {gain:.3f} to {larger:.3f}" in c.predict_shift(LAW)
    assert f"erasing a view, to {c.removed_view_error(LAW):.3f}" in c.predict_shift(LAW)
    assert "erasing a view, as" in c.predict_shift(replace(LAW, views=3))
    assert "single-view gain" in c.predict_gain(replace(LAW, views=3))
