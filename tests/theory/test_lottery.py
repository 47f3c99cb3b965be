"""Rules for the first feature of a kernel."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import growth, lottery

LAW = Parameters(classes=3, off_class=0.3)
START = np.array([[[0.01, 0.05, -0.2, 0.0, 0.02, 0.03], [-0.1] * 6]])


def test_plain_rule_and_kernels_that_cannot_cross() -> None:
    assert lottery.plain_first_feature(START).tolist() == [[1, -1]]
    assert lottery.teacher_student_first_feature(LAW, START).tolist() == [[1, -1]]
    assert lottery.chance_level(LAW) == pytest.approx(1 / 6)


def test_rates_weigh_the_correlations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rate 2^{2q-2} times larger is worth a correlation twice as large."""
    rates = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 2.0**4])
    monkeypatch.setattr(lottery, "growth_rates", lambda parameters: rates)
    assert lottery.teacher_student_first_feature(LAW, START).tolist() == [[5, -1]]
    monkeypatch.setattr(lottery, "growth_rates", lambda parameters: 0.4 * rates)
    weaker = START.copy()
    weaker[0, 0, 5] = 0.024
    assert lottery.teacher_student_first_feature(LAW, weaker).tolist() == [[1, -1]]


def test_nothing_is_predicted_where_nothing_grows() -> None:
    dead = replace(LAW, gain="constant", tau=1.0)
    assert growth.growth_rate(dead) < 0
    assert lottery.teacher_student_first_feature(dead, START).tolist() == [[-1, -1]]
    blind = replace(LAW, framework="mae", target="masked", visible=1.0)
    assert lottery.mae_first_feature(blind, START).tolist() == [[-1, -1]]


def test_siblings_can_overturn_the_largest_correlation() -> None:
    """Together 0.055 and 0.06 pull harder than a lone 0.07: the plain rule is wrong there."""
    p = Parameters(framework="mae", classes=6, off_class=0.1)
    start = np.full((1, 12), -0.05)
    start[0, 0], start[0, 1], start[0, 4], start[0, 5] = 0.06, 0.055, 0.062, -0.2
    assert lottery.plain_first_feature(start).tolist() == [4]
    assert lottery.mae_first_feature(p, start).tolist() == [0]


def test_mae_rule_keeps_shape_and_knows_the_decoder() -> None:
    p = Parameters(framework="mae", classes=3, decoder="independent")
    start = 0.05 * np.random.default_rng(1).normal(size=(2, 7, 6))
    assert lottery.mae_first_feature(p, start).shape == (2, 7)
    decoder = np.full_like(start, -0.02)
    decoder[..., 3] = 0.5
    told = lottery.mae_first_feature(p, start, decoder)
    ready = start[..., 3] > 0.5 * start.max(-1)
    assert ready.any()
    assert (told[ready] // 2 == 1).all(), "feature 3 or its sibling"
    assert (told != lottery.mae_first_feature(p, start)).any()
    with pytest.raises(ValueError, match="last axis must be 6"):
        lottery.mae_first_feature(p, start[..., :5])
