"""E-values: exact against quadrature, fair at p0, and rarely wrong however often one asks."""

import numpy as np
import pytest
from scipy import stats

from mrpverify.judge.e_value import MIXED, decide, wealth
from mrpverify.judge.measurement import judged_by_e_value, share_of_seeds
from mrpverify.judge.sequential import design
from mrpverify.judge.verdicts import Verdict

P0, SETS = 0.8, 1000
LEVEL = 0.05
ALLOWED = LEVEL + 4 * np.sqrt(LEVEL * (1 - LEVEL) / SETS)
"""Four standard errors: a rate of 0.05 exceeds it with a chance of 3e-5."""


@pytest.mark.parametrize(("successes", "failures"), [(0, 0), (5, 1), (1, 5), (20, 0)])
@pytest.mark.parametrize("above", [True, False])
def test_wealth_is_the_integral_it_says(successes, failures, above):
    low, high = (P0, 1.0) if above else (0.0, P0)

    def ratio(p):
        return (p / P0) ** successes * ((1 - p) / (1 - P0)) ** failures

    parts = []
    for a, b in MIXED:
        law = stats.beta(a, b)
        weight = law.cdf(high) - law.cdf(low)
        parts.append(law.expect(ratio, lb=low, ub=high) / weight)
    assert wealth(successes, failures, P0, above) == pytest.approx(np.mean(parts), rel=1e-5)


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("seeds", [1, 7, 40])
def test_at_p0_a_bet_gains_nothing_on_average_and_beside_it_loses(above, seeds):
    """Exact sums over all counts."""
    counts = np.arange(seeds + 1)
    wealths = np.array([wealth(int(c), int(seeds - c), P0, above) for c in counts])
    assert stats.binom.pmf(counts, seeds, P0) @ wealths == pytest.approx(1)
    other = P0 - 0.1 if above else P0 + 0.1
    assert stats.binom.pmf(counts, seeds, other) @ wealths < 1


def test_asking_at_every_number_of_seeds_is_rarely_wrong_where_fixed_designs_are():
    """At p0, up to 96 seeds: by e-value at most 5 % false on each side, by asking designs more."""
    random = np.random.default_rng(7)
    draws = random.random((SETS, 96)) < P0
    found = [decide(list(map(bool, row)), P0).verdict for row in draws]
    for verdict in (Verdict.SUPPORTED, Verdict.REFUTED):
        assert np.mean([one is verdict for one in found]) <= ALLOWED
    rules = [design(cap, P0) for cap in (24, 48, 72, 96)]
    peeked = [
        any(rule.decide(list(map(bool, row)))[1] is Verdict.SUPPORTED for rule in rules)
        for row in draws
    ]
    assert np.mean(peeked) > ALLOWED, "the control: asking again until one design supports"


def test_true_seeds_support_and_false_ones_refute_and_open_ones_neither():
    assert decide([True] * 24, P0).verdict is Verdict.SUPPORTED
    assert decide([False] * 24, P0).seeds <= 4
    assert decide([None] * 24, P0).verdict is Verdict.INCONCLUSIVE


def test_a_count_that_is_asked_again_says_so():
    holds = np.arange(48) != 3
    found = judged_by_e_value(share_of_seeds(holds, "share"), design(48, P0))
    assert found.measured is Verdict.SUPPORTED
    said = found.details["sequential"]
    assert said["by"] == "e-value"
    assert said["seeds_used"] == found.trials < 48
    assert said["e_values"]["support"] >= 20
    first = share_of_seeds(holds[:16], "share")
    assert first.details["sequential"]["by"] == "design"
    assert first.details["sequential"]["e_values"]["support"] < 20


@pytest.mark.parametrize("counts", [(-1, 0), (0, -1)])
def test_counts_that_are_none_are_refused(counts):
    with pytest.raises(ValueError, match="count"):
        wealth(*counts, P0, above=True)
