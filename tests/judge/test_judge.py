"""Intervals against independent formulas, and measurements of few seeds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mrpverify.judge.findings import Note
from mrpverify.judge.intervals import clopper_pearson, mean_interval
from mrpverify.judge.measurement import (
    mean_above,
    mean_share_over_seeds,
    mean_within,
    share_of_seeds,
    together,
)
from mrpverify.judge.verdicts import Verdict


@given(st.integers(1, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_clopper_pearson_inverts_the_binomial_tails(counts):
    successes, trials = counts
    low, high = clopper_pearson(successes, trials)
    if successes:
        assert np.isclose(stats.binom.sf(successes - 1, trials, low), 0.05)
    else:
        assert low == 0
    if successes < trials:
        assert np.isclose(stats.binom.cdf(successes, trials, high), 0.05)
    else:
        assert high == 1


@pytest.mark.parametrize(
    ("successes", "trials", "low"), [(16, 16, 0.829), (64, 64, 0.954), (24, 24, 0.883)]
)
def test_published_bounds(successes, trials, low):
    assert abs(clopper_pearson(successes, trials)[0] - low) < 5e-4


def test_one_unlucky_seed_in_24_does_not_decide_but_two_do():
    assert share_of_seeds(np.arange(24) > 0, "").measured is Verdict.SUPPORTED
    assert share_of_seeds(np.arange(24) > 1, "").measured is Verdict.INCONCLUSIVE


def test_four_failing_seeds_refute_and_four_true_ones_do_not_support():
    assert share_of_seeds(np.zeros(4, bool), "").measured is Verdict.REFUTED
    assert share_of_seeds(np.ones(4, bool), "").measured is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(("successes", "trials"), [(-1, 4), (5, 4), (0, 0)])
def test_impossible_counts_are_refused(successes, trials):
    with pytest.raises(ValueError, match="successes"):
        clopper_pearson(successes, trials)


def test_mean_interval_is_the_textbook_one():
    values = np.array([0.2, 0.5, 0.4, 0.9])
    half = stats.t.ppf(0.95, 3) * values.std(ddof=1) / 2
    assert np.allclose(mean_interval(values), (values.mean() - half, values.mean() + half))


def test_undefined_seeds_are_left_out_and_too_few_say_nothing():
    assert mean_interval(np.array([0.2, np.nan, 0.4])) == mean_interval(np.array([0.2, 0.4]))
    assert mean_interval(np.array([0.2, np.nan])) == (-np.inf, np.inf)


def test_too_few_seeds_or_seeds_without_a_share_do_not_support_a_mean():
    ones, gone = np.ones(16), np.full(22, np.nan)
    assert mean_share_over_seeds(ones[:2], 0.5, "").measured is Verdict.INCONCLUSIVE
    assert mean_share_over_seeds(ones, 0.5, "").measured is Verdict.SUPPORTED
    assert mean_share_over_seeds(np.r_[1.0, 1.0, gone], 0.5, "").measured is Verdict.REFUTED


def test_seeds_that_are_not_known_widen_the_interval_to_both_sides():
    holds, known = np.arange(24) >= 4, np.arange(24) >= 2
    measurement = share_of_seeds(holds, "", known=known)
    assert measurement.interval[0] == clopper_pearson(20, 24)[0]
    assert measurement.interval[1] == clopper_pearson(22, 24)[1]
    assert measurement.details["seeds_not_known"] == 2
    nothing = share_of_seeds(np.zeros(24, bool), "", known=np.zeros(24, bool))
    assert nothing.measured is Verdict.INCONCLUSIVE


def test_mean_interval_covers_the_truth_as_often_as_it_says():
    """2000 samples, coverage 0.9: a deviation of 5 standard errors has probability 6e-7."""
    random = np.random.default_rng(0)
    inside = [low <= 0 <= high for low, high in map(mean_interval, random.normal(size=(2000, 6)))]
    assert abs(np.mean(inside) - 0.9) < 5 * np.sqrt(0.09 / 2000)


def test_parts_make_a_measurement_with_the_numbers_of_the_first():
    random = np.random.default_rng(0)
    near = 0.9 + 0.01 * random.standard_normal(24)
    parts = {"first": mean_above(near, 0.8), "second": mean_within(near, 0.9, 0.05)}
    found = together("x", parts)
    assert found.measured is Verdict.SUPPORTED
    assert (found.value, found.interval) == (near.mean(), mean_interval(near))
    assert (found.threshold, found.band) == (0.8, None)
    assert found.details["parts"]["second"]["band"] == pytest.approx([0.85, 0.95])
    refuted = together("x", {**parts, "third": mean_above(near, 0.95)})
    assert refuted.measured is Verdict.REFUTED


def test_a_handful_of_seeds_can_refute_but_not_support():
    """A control has four seeds."""
    four = np.array([0.5, 0.5, 0.51, 0.49])
    assert mean_above(four, 0.1).measured is Verdict.INCONCLUSIVE
    assert mean_above(four, 0.9).measured is Verdict.REFUTED
    assert mean_within(four, 0.5, 0.2).measured is Verdict.INCONCLUSIVE
    assert mean_within(four, 0.9, 0.2).measured is Verdict.REFUTED
    assert mean_above(np.tile(four, 4), 0.1).measured is Verdict.SUPPORTED


def test_values_are_known_as_finely_as_their_resolution():
    ones = np.ones(16)
    assert np.ptp([0.1 + 0.2, 0.3]) > 0, "equal but for rounding"
    almost = np.r_[np.full(15, 0.3), 0.1 + 0.2]
    assert np.ptp(mean_interval(almost, resolution=0.01)) == pytest.approx(
        np.ptp(mean_interval(ones, resolution=0.01))
    )
    low, high = mean_interval(ones, resolution=0.01)
    one_off = np.where(np.arange(16) == 0, 0.99, 1.0)
    seen = mean_interval(one_off)
    assert high - low == pytest.approx(seen[1] - seen[0])
    assert (low + high) / 2 == pytest.approx(1)
    assert mean_interval(ones) == (1, 1)
    spread = np.arange(16.0)
    assert mean_interval(spread, resolution=0.01) == mean_interval(spread)


def test_the_lines_of_a_note_are_no_string():
    with pytest.raises(TypeError, match="tuple of lines"):
        Note("what", "a sentence")
