"""Betting intervals on truths at which the t-interval is wrong, and against exact numbers."""

import numpy as np
import pytest

from mrpverify.judge.betting import MOST, bounded_interval
from mrpverify.judge.intervals import mean_interval
from mrpverify.judge.measurement import mean_share_over_seeds
from mrpverify.judge.verdicts import Verdict

LEVEL, SETS = 0.05, 400
TRUTHS = {
    "4 % collapse to 0.75": (lambda r, n: np.where(r.random(n) < 0.04, 0.75, 1.0), 0.99),
    "2 % collapse to 0.5": (lambda r, n: np.where(r.random(n) < 0.02, 0.5, 1.0), 0.99),
    "one in twenty loses 0.2": (lambda r, n: np.where(r.random(n) < 0.05, 0.8, 1.0), 0.99),
    "Bernoulli 0.8": (lambda r, n: (r.random(n) < 0.8).astype(float), 0.8),
    "Beta(1, 9)": (lambda r, n: r.beta(1, 9, n), 0.1),
    "Beta(9, 1)": (lambda r, n: r.beta(9, 1, n), 0.9),
}
ALLOWED = LEVEL + 5 * np.sqrt(LEVEL * (1 - LEVEL) / SETS)
"""Five standard errors: a rate of 0.05 exceeds it with a chance below 1e-5."""


@pytest.mark.parametrize("name", TRUTHS)
@pytest.mark.parametrize("seeds", [4, 16, 24])
def test_the_truth_is_missed_on_either_side_as_rarely_as_stated(name, seeds):
    draw, mean = TRUTHS[name]
    random = np.random.default_rng(13)
    found = np.array([bounded_interval(draw(random, seeds), (0, 1)) for _ in range(SETS)])
    assert np.mean(found[:, 0] > mean) <= ALLOWED
    assert np.mean(found[:, 1] < mean) <= ALLOWED


@pytest.mark.parametrize("name", list(TRUTHS)[:3])
def test_the_t_interval_fails_where_collapse_is_rare(name):
    """The negative control of the test above."""
    draw, mean = TRUTHS[name]
    random = np.random.default_rng(13)
    lows = np.array([mean_interval(draw(random, 24))[0] for _ in range(SETS)])
    assert np.mean(lows > mean) > 2 * ALLOWED


def test_wealth_on_equal_values_is_the_power_it_should_be():
    """All true: at a mean m near 1 every seed multiplies wealth by 1 + MOST (1 - m)/m."""
    low, high = bounded_interval(np.ones(24), (0, 1))
    exact = MOST / (MOST + 20 ** (1 / 24) - 1)
    assert exact - 1.5e-3 < low <= exact
    assert high == 1


def test_bounds_scale_and_mirror():
    values = np.random.default_rng(0).random(20)
    low, high = bounded_interval(values, (0, 1))
    assert bounded_interval(4 * values - 2, (-2, 2)) == pytest.approx((4 * low - 2, 4 * high - 2))
    assert bounded_interval(1 - values, (0, 1)) == pytest.approx((1 - high, 1 - low))


def test_nothing_known_is_the_whole_range_and_what_is_outside_is_refused():
    assert bounded_interval(np.array([np.nan]), (-1, 1)) == (-1, 1)
    with pytest.raises(ValueError, match="bounds"):
        bounded_interval(np.array([1.2]), (0, 1))
    with pytest.raises(ValueError, match="bounds"):
        bounded_interval(np.ones(3), (1, 0))


def test_a_share_above_its_threshold_is_supported_and_a_tight_one_is_not():
    spread = 0.9 + 0.02 * np.random.default_rng(0).standard_normal(24)
    assert mean_share_over_seeds(spread, 0.5, "").measured is Verdict.SUPPORTED
    assert mean_share_over_seeds(spread, 0.89, "").measured is Verdict.INCONCLUSIVE
    assert mean_share_over_seeds(1 - spread, 0.5, "").measured is Verdict.REFUTED
