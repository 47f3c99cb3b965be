"""Wrong labels: the margin is where the expected pull vanishes, the slowdown where it begins."""

from math import exp, inf, log

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import wrong_labels as theory

P = Parameters(classes=5)


@pytest.mark.parametrize("wrong", [0.05, 0.3, 0.7])
def test_at_the_margin_right_labels_pull_as_much_as_wrong_ones(wrong: float) -> None:
    k = P.classes
    odds = exp(theory.margin(P, wrong))
    own = odds / (odds + k - 1)
    assert (1 - wrong) * (1 - own) - wrong * own == pytest.approx(0, abs=1e-12)
    assert own == pytest.approx(1 - wrong)


def test_limits_of_the_margin() -> None:
    assert theory.margin(P, 0.0) == inf
    assert theory.margin(P, 1 - 1 / P.classes) == pytest.approx(0, abs=1e-12)
    with pytest.raises(ValueError, match="nu=1"):
        theory.margin(P, 1.0)


def test_the_first_residual_is_that_of_drawn_labels() -> None:
    """Mean of 1[label = y] - 1/k over its value with right labels; |z| <= 5, 6e-7."""
    random, wrong, k = np.random.default_rng(0), 0.3, P.classes
    right = random.random(100_000) >= wrong
    mean, error = right.mean() - 1 / k, right.std() / np.sqrt(len(right))
    assert abs(mean - theory.slowdown(P, wrong) * (1 - 1 / k)) < 5 * error
    assert theory.slowdown(P, 1 - 1 / k) == pytest.approx(0, abs=1e-12)


def test_prediction_names_the_margin() -> None:
    assert f"{log(0.8 * 4 / 0.2):.1f} logits" in theory.predict(P, 0.2)
