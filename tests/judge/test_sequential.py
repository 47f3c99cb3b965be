"""The sequential design against enumeration of all orders, an independent count of paths, draws."""

import itertools
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mrpverify.judge.measurement import judged_by, seeds_not_known, share_of_seeds
from mrpverify.judge.sequential import design, seeds_to_refute, seeds_to_support
from mrpverify.judge.verdicts import Verdict

P0 = 0.8


def by_paths(found, p):
    """Chances of both verdicts and mean seeds, one seed at a time with a dictionary of counts."""
    at = {look: place for place, look in enumerate(found.looks)}

    @lru_cache(None)
    def value(seeds, true):
        if seeds in at:
            up, down = found.support[at[seeds]], found.refute[at[seeds]]
            if up is not None and true >= up:
                return 1.0, 0.0, float(seeds)
            if down is not None and true <= down:
                return 0.0, 1.0, float(seeds)
        if seeds == found.cap:
            return 0.0, 0.0, float(seeds)
        yes, no = value(seeds + 1, true + 1), value(seeds + 1, true)
        return tuple(p * a + (1 - p) * b for a, b in zip(yes, no, strict=True))

    return value(0, 0)


def test_the_usual_design_is_the_stated_one():
    usual = design(24, P0)
    assert usual.looks == (4, 8, 16, 24)
    assert usual.support == (None, None, 16, 23)
    assert (usual.refute[0], usual.refute[2], usual.refute[3]) == (0, 9, 15)
    at = usual.characteristics(P0)
    assert at.supported == pytest.approx(0.0470, abs=5e-5)
    assert at.refuted == pytest.approx(0.0479, abs=5e-5)
    assert usual.characteristics(0.99).supported > stats.binom.sf(22, 24, 0.99)
    assert usual.characteristics(0.99).seeds < 17.5
    assert usual.characteristics(0.1).seeds < 7


@given(st.integers(1, 100), st.sampled_from([0.5, 0.8, 0.9, 0.95]), st.sampled_from([0.01, 0.05]))
def test_no_cap_gives_more_than_the_level_on_either_side(cap, p0, level):
    found = design(cap, p0, level)
    assert found.cap == cap
    at = found.characteristics(p0)
    assert at.supported <= level + 1e-12
    assert at.refuted <= level + 1e-12
    for p in (p0 - 0.1, p0 + 0.04):  # further from p0 a false verdict is rarer still
        there = found.characteristics(p)
        assert (there.supported if p < p0 else there.refuted) <= level


@pytest.mark.parametrize("cap", [3, 8, 16, 20, 24, 48])
@pytest.mark.parametrize("p", [0.0, 0.1, 0.8, 0.99, 1.0])
def test_characteristics_are_those_of_all_paths(cap, p):
    at = design(cap, P0).characteristics(p)
    assert (at.supported, at.refuted, at.seeds) == pytest.approx(by_paths(design(cap, P0), p))


def test_decisions_have_the_chances_that_are_stated():
    """Every order of 16 seeds, weighted: no sampling, so no false alarm."""
    found, p = design(16, P0), 0.7
    chance = dict.fromkeys(Verdict, 0.0)
    for outcomes in itertools.product((False, True), repeat=16):
        _, verdict = found.decide(outcomes)
        chance[verdict] += p ** sum(outcomes) * (1 - p) ** (16 - sum(outcomes))
    at = found.characteristics(p)
    assert chance[Verdict.SUPPORTED] == pytest.approx(at.supported)
    assert chance[Verdict.REFUTED] == pytest.approx(at.refuted)


def test_drawn_seeds_are_misjudged_as_rarely_as_stated():
    """20,000 draws at p0: five standard errors, false alarm below 1e-6."""
    draws = np.random.default_rng(13).random((20000, 24)) < P0
    found = [design(24, P0).decide(row.tolist())[1] for row in draws]
    for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
        rate = np.mean([item is verdict for item in found])
        assert rate <= 0.05 + 5 * np.sqrt(0.05 * 0.95 / len(draws))


def test_seeds_beyond_the_deciding_look_are_not_used():
    later = share_of_seeds(np.r_[np.ones(16, bool), np.zeros(8, bool)], "")
    assert (later.measured, later.trials, later.value) == (Verdict.SUPPORTED, 16, 1.0)
    gone = share_of_seeds(np.r_[np.zeros(4, bool), np.ones(20, bool)], "")
    assert (gone.measured, gone.trials) == (Verdict.REFUTED, 4)


def test_an_open_seed_counts_as_false_for_support_and_as_true_against_it():
    true = share_of_seeds(np.ones(24, bool), "")
    assert seeds_not_known(true, np.arange(24) == 0).measured is Verdict.SUPPORTED  # 23 of 24
    two = seeds_not_known(true, np.arange(24) < 2)
    assert (two.measured, two.details["seeds_not_known"]) == (Verdict.INCONCLUSIVE, 2)
    false = share_of_seeds(np.zeros(4, bool), "")
    assert false.measured is Verdict.REFUTED
    opened = judged_by(seeds_not_known(false, np.arange(4) == 0), design(24, P0))
    assert opened.measured is Verdict.INCONCLUSIVE


def test_one_success_in_four_seeds_refutes_nothing_under_the_usual_design():
    one = share_of_seeds(np.arange(4) == 0, "")
    assert judged_by(one, design(24, P0)).measured is Verdict.INCONCLUSIVE
    none = share_of_seeds(np.zeros(4, bool), "")
    assert judged_by(none, design(24, P0)).measured is Verdict.REFUTED


@pytest.mark.parametrize("p0", [0.5, 0.8, 0.95])
def test_least_seeds_are_those_at_which_unanimity_decides(p0):
    support, refute = seeds_to_support(p0), seeds_to_refute(p0)
    level = 0.05 + 1e-12
    assert p0**support <= level < p0 ** (support - 1)
    assert (1 - p0) ** refute <= level < (1 - p0) ** (refute - 1)
    assert design(support, p0).support[-1] == support
    assert set(design(support - 1, p0).support) == {None}


@pytest.mark.parametrize(("cap", "p0", "level"), [(0, 0.8, 0.05), (4, 1.0, 0.05), (4, 0.8, 0.0)])
def test_an_impossible_design_is_refused(cap, p0, level):
    with pytest.raises(ValueError, match=f"cap={cap}"):
        design(cap, p0, level)


@pytest.mark.parametrize("p0", [0.2, 0.5, 0.7])
@pytest.mark.parametrize("number", [1, 2, 3, 5, 12])
def test_unanimous_seeds_whose_chance_is_the_level_itself_decide(p0, number):
    """p0^n is the level to the last bit, and its logarithms are rounded to either side of n."""
    assert seeds_to_support(p0, p0**number) == number
    assert seeds_to_refute(p0, (1 - p0) ** number) == number
