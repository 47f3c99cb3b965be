"""Seeds that decide: against every sequence of seeds written out, and against draws."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from mrpverify.judge import e_value
from mrpverify.judge.deciding import (
    CANDIDATES,
    MOST_OF_A_MEAN,
    MOST_SEEDS,
    POWER,
    _edges,
    seeds_beyond,
    seeds_that_decide,
    seeds_that_decide_again,
    seeds_that_decide_mean,
)
from mrpverify.judge.e_value import wealth
from mrpverify.judge.sequential import LEVEL, design
from mrpverify.judge.verdicts import Verdict


def chance(seeds, share, decide):
    """Chance that a rule decides, over all 2^seeds outcomes in their order."""
    total = 0.0
    for outcomes in product((True, False), repeat=seeds):
        if decide(outcomes) is not Verdict.INCONCLUSIVE:
            total += share ** sum(outcomes) * (1 - share) ** (seeds - sum(outcomes))
    return total


def by_design(outcomes):
    return design(len(outcomes), 0.8).decide(outcomes)[1]


def by_e_value(outcomes):
    return e_value.decide(outcomes, 0.8).verdict


@pytest.mark.parametrize("share", [1.0, 0.3, 0.1])
@pytest.mark.parametrize(
    ("number", "rule"), [(seeds_that_decide, by_design), (seeds_that_decide_again, by_e_value)]
)
def test_the_number_is_the_least_that_reaches_the_power(share, number, rule):
    needed = number(share, 0.8)
    if needed > 14:  # all outcomes of so many seeds are too many to write out
        assert share == 1.0
        assert rule([True] * needed) is Verdict.SUPPORTED
        assert rule([True] * (needed - 1)) is Verdict.INCONCLUSIVE
        return
    assert chance(needed, share, rule) >= POWER
    assert all(chance(n, share, rule) < POWER for n in range(1, needed))


def test_fourteen_of_fourteen_is_the_least():
    assert seeds_that_decide(1.0, 0.8) == 14  # 0.8^14 = 0.044 < 0.05 < 0.8^13
    assert seeds_that_decide_again(1.0, 0.8) == 18


@pytest.mark.parametrize("share", [0.95, 0.5])
def test_draws_agree_with_the_numbers(share):
    """2000 draws each; five standard errors, false alarm 1e-6."""
    rng = np.random.default_rng(0)
    for number, rule in ((seeds_that_decide, by_design), (seeds_that_decide_again, by_e_value)):
        drawn = rng.random((2000, number(share, 0.8))) < share
        decided = np.mean([rule(row.tolist()) is not Verdict.INCONCLUSIVE for row in drawn])
        assert decided > POWER - 5 * np.sqrt(0.16 / 2000)


@pytest.mark.parametrize(("mean", "ends"), [(0.4, (-1.0, 1.0)), (1.2, (-1.0, 1.0)), (0.3, (0.0,))])
def test_draws_agree_with_the_number_for_a_mean(mean, ends):
    """4000 draws each of normal values; at most 0.05 from POWER (small numbers: t for normal)."""
    rng = np.random.default_rng(1)
    half = stats.norm.ppf(1 - LEVEL) / np.sqrt(24)  # of 24 values of unit spread
    seeds = seeds_that_decide_mean(mean, (mean - half, mean + half), 24, ends)
    drawn = rng.normal(mean, 1.0, (4000, seeds))
    error = stats.t.ppf(1 - LEVEL, seeds - 1) * drawn.std(1, ddof=1) / np.sqrt(seeds)
    low, high = drawn.mean(1) - error, drawn.mean(1) + error
    nearest = min(ends, key=lambda end: abs(end - mean))
    decided = np.mean((low > nearest) | (high < nearest))
    assert seeds == 25 or abs(decided - POWER) < 0.05
    assert decided > POWER - 0.05


@pytest.mark.parametrize(
    ("value", "interval", "ends"),
    [(0.5, (0.4, 0.6), ()), (0.5, (0.4, 0.6), (0.5,)), (0.5, (0.4, 0.6), (float("inf"),)),
     (0.5, (-float("inf"), 0.6), (0.4,)), (0.5, (0.4, 0.6), (0.501,)),
     (float("nan"), (float("nan"),) * 2, (0.5,))],
)  # fmt: skip
def test_a_mean_that_no_seeds_decide(value, interval, ends):
    assert seeds_that_decide_mean(value, interval, 24, ends) is None
    assert seeds_that_decide_mean(0.5, (0.4, 0.6), 24, (0.4, float("inf"))) < MOST_OF_A_MEAN


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.8, 0.95])
def test_counts_that_decide_again_are_those_whose_e_value_does(threshold):
    """Moved from one number of seeds to the next, against every count on its own."""
    few, enough = -1, 0
    for seeds in range(1, 80):
        few, enough = _edges(seeds, threshold, few, enough)
        counts = range(seeds + 1)
        deciding = {
            above: [n for n in counts if wealth(n, seeds - n, threshold, above) >= 1 / LEVEL]
            for above in (True, False)
        }
        assert deciding[True] == list(range(enough, seeds + 1))
        assert deciding[False] == list(range(few + 1))


def test_a_share_at_the_threshold_is_never_decided():
    assert seeds_that_decide(0.8, 0.8) is None
    assert seeds_that_decide_again(0.8, 0.8) is None
    assert CANDIDATES[-1] == MOST_SEEDS
    for number in (seeds_that_decide, seeds_that_decide_again):
        with pytest.raises(ValueError, match=r"1\.5"):
            number(1.5, 0.8)


def test_no_more_seeds_are_promised_for_a_mean_than_the_bound():
    """Seeds grow as 1/distance^2: at the distances of 2000 and of 2000.5 seeds of unit spread."""
    reach = stats.norm.ppf(1 - LEVEL) + stats.norm.ppf(POWER)
    half = stats.norm.ppf(1 - LEVEL) / np.sqrt(24)
    found = {}
    for needed in (MOST_OF_A_MEAN - 0.5, MOST_OF_A_MEAN + 0.5):
        end = reach / np.sqrt(needed)
        found[needed] = seeds_that_decide_mean(0.0, (-half, half), 24, (end,))
    assert list(found.values()) == [MOST_OF_A_MEAN, None]


@pytest.mark.parametrize("share", [0.6, 0.75, 0.9])
def test_seeds_beyond_those_that_are_tried_continue_them(share):
    """A sequential design looks before, too, so it needs somewhat more seeds than one look."""
    one_look, several = seeds_beyond(share, 0.8), design_of(share)
    assert 0.7 * several < one_look < 1.1 * several


def design_of(share):
    """Seeds of the first design in steps of one percent that decides with a chance of POWER."""
    seeds = 10.0
    while True:
        odds = design(int(seeds), 0.8).characteristics(share)
        if odds.supported + odds.refuted >= POWER:
            return int(seeds)
        seeds *= 1.05


def test_no_number_of_seeds_decides_at_the_threshold():
    assert np.isinf(seeds_beyond(0.8, 0.8))
    with pytest.raises(ValueError, match="need shares"):
        seeds_beyond(1.2, 0.8)
