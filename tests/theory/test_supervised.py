"""Supervised learning: growth, winners, near ties and L12, each against an independent count."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.stats import norm

from mrpverify.parameters import Parameters
from mrpverify.theory import supervised as s
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope

LAW = Parameters(linear_from=0.7, init_scale=0.014, kernels_per_class=8, single_view=0.02)
EQUAL = replace(LAW, split="equal", own_low=1.15, own_high=1.15)
FALSE_ALARM = 5.0
"""Sampled means lie within this many standard errors: false alarm below 1e-6 each."""


def _by_integration(p: Parameters, start: float, residual: float) -> float:
    """Time at which dc/dt = residual E[1_y sum a'(z c) z] reaches varrho, from the data law."""
    z = 1.15 / p.patches_per_feature
    speed = residual * p.patches_per_feature * z / p.classes

    def flow(t, c):
        return speed * smoothed_relu_slope(z * c, p.power, p.linear_from)

    def there(t, c):
        return c[0] - p.linear_from

    there.terminal = True  # type: ignore[attr-defined]
    run = solve_ivp(flow, (0, 1e9), [start], events=there, rtol=1e-9, atol=1e-12)
    return float(run.t_events[0][0])


@pytest.mark.parametrize("power", [2, 3, 4])
@pytest.mark.parametrize("start", [0.05, 0.3])
def test_hitting_time_by_integration(power: int, start: float) -> None:
    p = replace(EQUAL, power=power, single_view=0.0)
    expected = _by_integration(p, start, 1 - 1 / p.classes)
    assert s.hitting_time(p, start) == pytest.approx(expected, rel=1e-5)


def test_hitting_time_at_its_ends() -> None:
    assert s.hitting_time(LAW, 0.7) == 0
    assert s.hitting_time(LAW, 2.0) == 0
    assert s.hitting_time(replace(LAW, signal=False), 0.1) == float("inf")
    with pytest.raises(ValueError, match="start must be positive, got 0"):
        s.hitting_time(LAW, 0.0)


def test_own_activity_by_sampling(draw) -> None:
    """Own images are told by their largest class; 4000 images."""
    p = replace(LAW, classes=3, off_class=0.3, single_view=0.3, split="random")
    z = draw(p, 4000, 11)
    own = z.sum(-1).reshape(len(z), p.classes, p.views).sum(-1).argmax(1) == 0
    a = np.where(own, (z[:, 0] ** p.power).sum(-1), 0.0)
    assert abs(a.mean() - s.own_activity(p)) <= FALSE_ALARM * a.std() / np.sqrt(len(a))


def test_horizon_is_set_by_the_slowest_class_or_the_least_steps() -> None:
    draws = np.random.default_rng(3).normal(size=(20_000, 8, 16)).max(2).min(1)
    start = 0.014 * draws.mean()
    assert s.horizon(LAW) == pytest.approx(2 * s.hitting_time(LAW, start), rel=0.01)
    assert s.horizon(replace(LAW, horizon_factor=3.0)) == pytest.approx(1.5 * s.horizon(LAW))
    assert s.horizon(replace(LAW, supervised_step=50.0)) == 5000


def test_least_steps_are_those_of_the_simulation() -> None:
    pytest.importorskip("torch")
    from mrpverify.simulate.run import LEAST_STEPS

    assert s.LEAST_STEPS == LEAST_STEPS


def test_initial_largest_looks_at_the_own_block_alone() -> None:
    p = replace(LAW, classes=2, kernels_per_class=2)
    c = np.arange(32.0).reshape(2, 4, 4) - 20
    by_hand = [[[c[n, 2 * i : 2 * i + 2, 2 * i + v].max() for v in range(2)] for i in range(2)]
               for n in range(2)]  # fmt: skip
    assert np.array_equal(s.initial_largest(p, c), np.maximum(by_hand, 0))
    with pytest.raises(ValueError, match=r"last axes must be \(4, 4\)"):
        s.initial_largest(p, c[:, :3])


def test_winning_view() -> None:
    p = replace(LAW, classes=2, kernels_per_class=1)
    c = np.array([[0.02, 0.03, 9.0, 9.0], [9.0, 9.0, -0.1, -0.2]])
    assert s.winning_view(p, c).tolist() == [1, -1]
    # At q = 3 twice the activity is worth twice the start.
    assert s.winning_view(p, c, np.array([1.6, 1.0, 1, 1])).tolist() == [0, -1]
    assert s.winning_view(p, c, np.array([1.4, 1.0, 1, 1])).tolist() == [1, -1]
    # At q = 4 it is worth a square root.
    assert s.winning_view(replace(p, power=4), c, np.array([2.2, 1, 1, 1])).tolist() == [1, -1]
    assert s.winning_view(replace(p, power=4), c, np.array([2.3, 1, 1, 1])).tolist() == [0, -1]
    # At q = 2: log(0.7/0.02)/log(0.7/0.03) = 1.129.
    assert s.winning_view(replace(p, power=2), c, np.array([1.1, 1, 1, 1])).tolist() == [1, -1]
    assert s.winning_view(replace(p, power=2), c, np.array([1.15, 1, 1, 1])).tolist() == [0, -1]
    assert s.winning_view(p, c, np.zeros(4)).tolist() == [1, -1]


def test_margin_after_by_integration() -> None:
    k, z = LAW.classes, 1.15

    def flow(t, m):
        return z**2 / k * (k - 1) / (k - 1 + np.exp(m))

    run = solve_ivp(flow, (0, 700), [0.0], rtol=1e-9, atol=1e-12)
    assert s.margin_after(LAW, 700) == pytest.approx(run.y[0, -1], rel=1e-6)
    assert s.margin_after(LAW, 0.0) == 0


def _second_crosses(p: Parameters, starts: tuple[float, float]) -> bool:
    """Two views of a class in two kernels under the softmax, until T; other logits at 0."""
    z = 1.15 / p.patches_per_feature
    speed = p.patches_per_feature * z / p.classes

    def flow(t, c):
        h = p.patches_per_feature * smoothed_relu(z * c, p.power, p.linear_from)
        wrong = (p.classes - 1) / (p.classes - 1 + np.exp(h.sum()))
        return speed * wrong * smoothed_relu_slope(z * c, p.power, p.linear_from)

    end = s.hitting_time(p, max(starts)) + s._time_left(p)
    run = solve_ivp(flow, (0, end), starts, method="LSODA", rtol=1e-8, atol=1e-11)
    return bool(run.y[:, -1].min() >= p.linear_from)


@pytest.mark.parametrize("power", [3, 4])
@pytest.mark.parametrize("first", [0.03, 0.1])
def test_near_ties_by_integration(power: int, first: float) -> None:
    """The flow agrees with the rule 15 % of the extra drive to either side of its edge.

    Those 15 % are what the second view takes of the residual just before it crosses.
    """
    p = replace(EQUAL, power=power, single_view=0.0)
    psi, extra = float(s.potential(p, np.array(first))), s.extra_drive(p)

    def second(share: float) -> float:
        scaled = (psi + share * extra) * p.linear_from ** (power - 2)
        return p.linear_from * (1 + (power - 2) * scaled) ** (-1 / (power - 2))

    for share, crosses in ((0.85, True), (1.15, False)):
        assert _second_crosses(p, (first, second(share))) is crosses
    for share, crosses in ((0.999, True), (1.001, False)):
        largest = np.array([[second(share), first]] * p.classes)
        assert s.also_learns(p, largest).tolist() == [crosses] * p.classes


def test_also_learns_knows_the_activity_and_absent_views() -> None:
    p = replace(LAW, classes=2)
    largest = np.array([[0.03, 0.02], [0.03, 0.0]])
    assert s.also_learns(p, largest).tolist() == [False, False]
    assert s.also_learns(p, largest, np.array([1.0, 1.5, 1, 1])).tolist() == [True, False]
    # Extra drive is worth more to a view that is strong in the images.
    assert s.also_learns(p, np.array([[0.8, 0.7]] * 2)).all()
    assert not s.also_learns(replace(p, views=1), np.ones((4, 2, 1))).any()


def test_single_view_images_add_to_the_drive() -> None:
    """One of n images of a class that shows the loser alone: S (1 - 1/k)/varrho^2 (T - t)/N."""
    s_ = 1.15**3 / 4
    per_image = s.extra_drive(EQUAL, 1) - s.extra_drive(EQUAL, 0)
    expected = 7 / 8 * s_ / 0.49 * s._time_left(EQUAL) / 300
    assert per_image == pytest.approx(expected)
    mean = 300 * 0.02 / 16
    assert s.extra_drive(EQUAL) == pytest.approx(s.extra_drive(EQUAL, 0) + mean * per_image)
    nothing_hidden = s.extra_drive(replace(EQUAL, hide=False))
    assert nothing_hidden == s.extra_drive(replace(EQUAL, single_view=0.0))


@pytest.mark.parametrize("changes", [{}, {"init_scale": 0.056, "kernels_per_class": 20}])
def test_both_views_probability_by_sampling(changes: dict) -> None:
    """20000 classes with their maxima and numbers of images, |z| <= 5."""
    p, random = replace(LAW, **changes), np.random.default_rng(8)
    g = random.normal(size=(20_000, 2, p.kernels_per_class)).max(2) * p.init_scale
    number = random.poisson(p.images * p.single_view / p.features, len(g))
    one = s.extra_drive(p, 1) - s.extra_drive(p, 0)
    psi = np.sort(s.potential(p, g), 1)
    both = psi[:, 1] <= psi[:, 0] + s.extra_drive(p, 0) + number * one
    expected = s.both_views_probability(p)
    spread = np.sqrt(expected * (1 - expected) / len(g))
    assert abs(both.mean() - expected) <= FALSE_ALARM * spread
    assert spread < 0.004


def test_both_views_probability_where_exploration_looked() -> None:
    """[E] 0.17 at sigma_0/varrho = 0.02, m = 8 and 0.55 to 0.65 at 0.08, m = 20."""
    low = s.both_views_probability(replace(LAW, images=200))
    high = replace(LAW, images=200, init_scale=0.056, kernels_per_class=20)
    assert 0.1 < low < 0.2
    assert 0.5 < s.both_views_probability(high) < 0.7


def test_both_views_probability_at_its_ends() -> None:
    assert s.both_views_probability(replace(LAW, views=1)) == 0
    with pytest.raises(ValueError, match="it has 3"):
        s.both_views_probability(replace(LAW, views=3))
    # Everything is crossed at the start: both maxima of 8 normals positive.
    huge = replace(LAW, init_scale=1e6)
    assert s.both_views_probability(huge) == pytest.approx((1 - 2.0**-8) ** 2, abs=1e-6)


def tie_probability(p: Parameters, extra: float) -> float:
    return float(s._tie_probabilities(p, np.array([extra]))[0])


@pytest.mark.parametrize("sigma", [0.002, 0.014, 0.2])
def test_enough_nodes(sigma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    p = replace(LAW, init_scale=sigma, kernels_per_class=20)
    found = tie_probability(p, 5.0)
    monkeypatch.setattr(s, "NODES", 2 * s.NODES)
    assert tie_probability(p, 5.0) == pytest.approx(found, abs=1e-6)


@given(st.floats(0.1, 10.0))
def test_near_ties_depend_on_ratios_alone(scale: float) -> None:
    """With varrho, sigma_0 and every z that multiplies them scaled together, nothing changes."""
    p = replace(LAW, linear_from=scale * LAW.linear_from, init_scale=scale * LAW.init_scale)
    psi = s.potential(p, scale * np.array([0.02, 0.1]))
    expected = s.potential(LAW, np.array([0.02, 0.1]))
    assert psi * scale == pytest.approx(expected)
    relative = 2.0 / LAW.linear_from
    shares = [tie_probability(x, relative * LAW.linear_from / x.linear_from) for x in (p, LAW)]
    assert shares[0] == pytest.approx(shares[1], abs=1e-6)


@given(st.floats(0.002, 0.1), st.floats(1.05, 2.0), st.integers(2, 30))
def test_near_ties_grow_with_the_initial_scale(sigma: float, factor: float, m: int) -> None:
    p = replace(LAW, kernels_per_class=m)
    low, high = (tie_probability(replace(p, init_scale=x), 5.0) for x in (sigma, factor * sigma))
    assert 0 <= low < high <= 1


def _l12_by_enumeration(k: int, chance: float, both: float, none: float = 0.0) -> float:
    """Accuracy on single-view images by the argument of L12, over all worlds of k classes."""
    total, one = 0.0, (1 - both - none) / 2
    sets = [((0,), one), ((1,), one), ((0, 1), both), ((), none)]
    others = [(j, v) for j in range(1, k) for v in (0, 1)]
    for learned in product(sets, repeat=k):
        weight = np.prod([w for _, w in learned])
        for shown, present in product((0, 1), product((0, 1), repeat=len(others))):
            here = np.prod([chance if x else 1 - chance for x in present])
            disturbed = any(
                x and v in learned[j][0] for x, (j, v) in zip(present, others, strict=True)
            )
            right = shown in learned[0][0] or (len(learned[0][0]) > 0 and not disturbed)
            total += weight * here * right / 2
    return float(total)


@pytest.mark.parametrize(("k", "presence"), [(2, 0.4), (3, 0.6), (3, 3.0)])
def test_l12_by_enumeration(k: int, presence: float) -> None:
    p = replace(LAW, classes=k, off_class=presence)
    exact = _l12_by_enumeration(k, presence / k, 0.0)
    assert s.single_view_accuracy(p) == pytest.approx(exact)
    assert s.single_view_error(p) == pytest.approx(1 - exact)


@pytest.mark.parametrize("both", [0.0, 0.3, 0.75])
@pytest.mark.parametrize("m", [1, 2, 30])
def test_refined_error_by_enumeration(both: float, m: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s, "both_views_probability", lambda parameters: both)
    p = replace(LAW, classes=3, off_class=0.6, kernels_per_class=m)
    expected = 1 - _l12_by_enumeration(3, 0.2, both, 0.25**m)
    assert s.refined_single_view_error(p) == pytest.approx(expected)


def test_classes_that_never_start_by_sampling() -> None:
    """20000 classes of two kernels and two views: none of four correlations positive, |z| <= 5."""
    p = replace(LAW, kernels_per_class=2)
    largest = np.random.default_rng(12).normal(size=(20_000, 4)).max(1)
    expected = s.never_starts(p)
    spread = np.sqrt(expected * (1 - expected) / len(largest))
    assert abs((largest <= 0).mean() - expected) <= FALSE_ALARM * spread
    assert "0.062 none" in s.predict_lottery(p)
    assert "none" not in s.predict_lottery(LAW)


def test_l12_numbers_of_the_theory() -> None:
    """(1 + e^{-s})/2 for large k: 0.68, 0.57, 0.52; 0.705 at k = 5, s = 1."""
    many = replace(LAW, classes=4000, dimension=8000)
    for presence, accuracy in ((1.0, 0.68), (2.0, 0.57), (3.0, 0.52)):
        found = s.single_view_accuracy(replace(many, off_class=presence))
        assert found == pytest.approx(accuracy, abs=0.005)
    small = replace(LAW, classes=5, off_class=1.0)
    assert s.single_view_accuracy(small) == pytest.approx(0.705, abs=5e-4)


def test_errors_at_their_ends() -> None:
    one, open_ = replace(LAW, views=1), replace(LAW, hide=False)
    for p in (one, open_, replace(LAW, off_class=0.0)):
        assert s.single_view_error(p) == s.overall_error(p) == 0
        assert s.refined_single_view_error(p) <= s.never_starts(p)
    assert s.asymptotic_single_view_error(one) == s.asymptotic_single_view_error(open_) == 0
    assert s.asymptotic_single_view_error(LAW) == 0.5
    assert s.asymptotic_single_view_error(replace(LAW, views=3)) == pytest.approx(2 / 3)
    three = replace(LAW, views=3, off_class=8.0)
    assert s.single_view_accuracy(three) == pytest.approx(1 / 3)
    assert s.overall_error(LAW) == pytest.approx(0.02 * s.single_view_error(LAW))
    assert s.overall_error(LAW, 0.5) == pytest.approx(0.5 * s.single_view_error(LAW))


@given(st.floats(0.0, 0.5), st.floats(0.01, 0.5), st.integers(2, 30))
@settings(max_examples=40)
def test_error_grows_with_presence_and_stays_below_one_half(
    presence: float, more: float, k: int
) -> None:
    p = replace(LAW, classes=k, off_class=k * presence)
    low, high = (
        s.single_view_error(replace(p, off_class=k * x)) for x in (presence, presence + more)
    )
    assert 0 <= low <= high <= 0.5
    assert s.refined_single_view_error(p) <= 0.5


SENTENCES = [
    (s.predict_lottery, {}, "learn both views"),
    (s.predict_lottery, {"views": 1}, "one view"),
    (s.predict_lottery, {"views": 3}, "0.33 of the features"),
    (s.predict_lottery, {"power": 2}, "no view wins"),
    (s.predict_test, {}, "single-view error 0.151 (L12)"),
    (s.predict_test, {"views": 3}, "0.67 only as s grows"),
    (s.predict_test, {"hide": False}, "no error"),
]


@pytest.mark.parametrize(("predict", "changes", "words"), SENTENCES)
def test_sentences(predict, changes: dict, words: str) -> None:
    assert words in predict(replace(LAW, **changes))


def test_left_behind_inverts_the_potential() -> None:
    for power in (2, 3, 5):
        p = replace(LAW, power=power)
        (y,) = s._left_behind(p, np.array([3.0]), 4.0)
        psi = s.potential(p, p.init_scale * np.array([3.0, y]))
        assert psi[1] - psi[0] == pytest.approx(4.0)
        assert norm.cdf(y) < norm.cdf(3.0)


def test_what_is_at_the_level_has_arrived_even_where_nothing_grows() -> None:
    """No own activity, no rate: from below never, from varrho on at once."""
    nothing = Parameters(framework="supervised", signal=False)
    assert s.growth_rate(nothing) == 0
    assert s.hitting_time(nothing, nothing.linear_from) == 0.0
    assert s.hitting_time(nothing, 0.9 * nothing.linear_from) == float("inf")


def test_near_ties_are_spoken_of_for_two_views_alone() -> None:
    """Their probability is that of two views: nothing is said where there are three."""
    two = s.predict_lottery(LAW)
    assert f"{s.both_views_probability(LAW):.2f} of the classes learn both views" in two
    assert "learn both views" not in s.predict_lottery(replace(LAW, views=3))
    assert "with near ties" in s.predict_test(LAW)
    assert "with near ties" not in s.predict_test(replace(LAW, views=3))
