"""Predictions for Theorem 1: L1 against enumeration and sampling, times, sentences."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from scipy.optimize import brentq

from mrpverify.parameters import Parameters
from mrpverify.theory import coverage_time, gaussian, mae_growth, theorem1
from mrpverify.theory.growth import growth_rate, hitting_time
from mrpverify.theory.resting import rest

LAW = Parameters()


def test_coverage_by_enumeration() -> None:
    """k = 2, m = 2: four kernels, each preferring one of four features, 256 cases."""
    p = replace(LAW, classes=2, kernels_per_class=2)
    shares = [len(set(winners)) / 4 for winners in product(range(4), repeat=4)]
    assert theorem1.expected_coverage(p) == pytest.approx(float(np.mean(shares)))


def test_top_kernel_probability_by_sampling() -> None:
    """20000 draws, |z| <= 5."""
    p = replace(LAW, classes=2, kernels_per_class=3)
    draws = np.random.default_rng(5).normal(size=(20_000, 6, 4))
    top = draws[:, :, 0].argmax(1)
    other = draws[np.arange(20_000), top].argmax(1) != 0
    expected = theorem1.top_kernel_prefers_another(p)
    assert expected == pytest.approx(3 / 9)
    assert abs(other.mean() - expected) <= 5 * np.sqrt(expected * (1 - expected) / 20_000)


def test_covering_start_is_the_median_of_a_maximum() -> None:
    draws = np.random.default_rng(6).normal(size=(4000, 160)).max(1)
    below = (0.06 * draws < coverage_time.covering_start(LAW)).mean()
    assert abs(below - 0.5) <= 5 * 0.5 / np.sqrt(4000)


@pytest.mark.parametrize("power", [1, 2, 3, 4, 6])
def test_gaussian_moments(power: int) -> None:
    node, weight = np.polynomial.hermite_e.hermegauss(40)
    even = float(weight @ np.abs(node) ** power / weight.sum()) / 2
    if power % 2 == 0:
        assert gaussian.positive_moment(power) == pytest.approx(even)
    else:
        # E g_+^{2j+1} = 2^j j!/sqrt(2 pi).
        j = (power - 1) // 2
        product_ = 2**j * np.prod(np.arange(1, j + 1)) / np.sqrt(2 * np.pi)
        assert gaussian.positive_moment(power) == pytest.approx(float(product_))


def test_smallest_of_maxima_by_sampling() -> None:
    maxima = np.random.default_rng(7).normal(size=(40_000, 2, 5)).max(2).min(1)
    positive = np.maximum(maxima, 0)
    spread = positive.std() / np.sqrt(40_000)
    assert abs(positive.mean() - gaussian.smallest_of_maxima(5, 2)) <= 5 * spread


def test_crossing_times() -> None:
    start = coverage_time.covering_start(LAW)
    expected = hitting_time(start, growth_rate(LAW), 3, 0.5)
    assert theorem1.predicted_crossing_time(LAW) == pytest.approx(expected)
    mae = replace(LAW, framework="mae")
    small = replace(mae, init_scale=LAW.init_scale / 8)
    slope = np.log2(
        theorem1.predicted_crossing_time(small) / theorem1.predicted_crossing_time(replace(mae))
    )
    assert 1.5 * 3 < slope < 2.0 * 3.5, "exponent q - 1 = 2 per halving, three halvings"
    dead = replace(LAW, gain="constant", tau=1.0)
    assert theorem1.predicted_crossing_time(dead) == float("inf")


def test_one_feature_at_horizon() -> None:
    assert not theorem1.one_feature_at_horizon(LAW)
    assert not theorem1.one_feature_at_horizon(replace(LAW, gain="constant", tau=1.3))
    assert not theorem1.one_feature_at_horizon(replace(LAW, framework="mae"))
    assert theorem1.one_feature_at_horizon(replace(LAW, gain="release"))
    assert theorem1.one_feature_at_horizon(replace(LAW, visible=1.0))


SENTENCES = [
    (theorem1.predict_capture, {}, "0.00052 features missing"),
    (theorem1.predict_capture, {"gain": "constant", "tau": 1.0}, "nothing is captured"),
    (theorem1.predict_capture, {"framework": "mae"}, "Lambda about 1.4"),
    (theorem1.predict_bounded, {}, "below the bound 4"),
    (theorem1.predict_bounded, {"gain": "constant", "tau": 1.6}, "diverges"),
    (theorem1.predict_bounded, {"gain": "constant", "tau": 1.49}, "above the bound 4"),
    (theorem1.predict_monosemantic_at_crossing, {}, "holds for kernels"),
    (theorem1.predict_monosemantic_at_crossing, {"power": 2}, "fails: at q = 2"),
    (
        theorem1.predict_monosemantic_at_crossing,
        {"framework": "mae"},
        "open: a sibling view adds 0.9",
    ),
    (theorem1.predict_monosemantic_at_horizon, {}, "fails once T exceeds"),
    (theorem1.predict_monosemantic_at_horizon, {"framework": "mae"}, "open"),
    (theorem1.predict_monosemantic_at_horizon, {"gain": "release"}, "holds"),
    (theorem1.predict_monosemantic_at_horizon, {"gain": "constant", "tau": 1.6}, "no stationary"),
    (theorem1.predict_monosemantic_at_horizon, {"gain": "constant", "tau": 1.3}, "fails once"),
]


@pytest.mark.parametrize(("predict", "changes", "words"), SENTENCES)
def test_sentences_say_what_the_law_says(predict, changes: dict, words: str) -> None:
    assert words in predict(replace(LAW, **changes))


@pytest.mark.parametrize("signal", [True, False])
@pytest.mark.parametrize("views", [1, 2, 3])
@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_every_regime_has_sentences(signal: bool, views: int, framework: str) -> None:
    p = replace(LAW, signal=signal, views=views, framework=framework)
    for predict in {sentence[0] for sentence in SENTENCES}:
        assert len(predict(p)) > 10


def test_poisson_limit_is_free_of_k() -> None:
    shares = [
        theorem1.expected_coverage(replace(LAW, classes=k, dimension=2 * k, kernels_per_class=4))
        for k in (8, 400)
    ]
    assert shares[1] == pytest.approx(1 - np.exp(-2), rel=1e-3)
    assert abs(shares[0] - shares[1]) < 0.01


@pytest.mark.parametrize("time", [0.3, 3.0, 30.0])
def test_growth_is_predicted_however_early_a_kernel_crosses(time: float) -> None:
    """The unit of time is arbitrary: a start is sought from which the crossing is at that time."""
    mae = replace(LAW, framework="mae")
    scale = brentq(
        lambda s: theorem1.predicted_crossing_time(replace(mae, init_scale=s)) - time, 0.06, 0.19
    )
    p = replace(mae, init_scale=scale)
    assert theorem1.predicted_crossing_time(p) == pytest.approx(time, rel=1e-3)
    assert "grows on" in theorem1.predict_bounded(p)


def test_after_coverage_a_kernel_rests_or_grows_or_nothing_is_said() -> None:
    """Its root by bisection in the sentence; the course by its equations in `mae_growth`."""
    times = np.array([200.0, 400.0, 900.0])
    resting = theorem1.longest_after_coverage(replace(LAW, gain="hold"), times)
    assert resting.tolist() == [rest(replace(LAW, gain="hold")).correlation] * 3
    mae = replace(LAW, framework="mae")
    grown = theorem1.longest_after_coverage(mae, times)
    assert (np.diff(grown) > 0).all()
    course = mae_growth.course(mae, times, coverage_time.covering_start(mae))
    np.testing.assert_allclose(grown, course)
    for p, at in ((replace(mae, target="masked"), times), (mae, times * [1, np.nan, 1])):
        assert np.isnan(theorem1.longest_after_coverage(p, at)).tolist() == [True] * 3
