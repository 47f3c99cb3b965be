"""Seeds that decide: against the interval itself, counted out."""

import pytest

from mrpverify.judge.deciding import POWER, _chance_to_decide, seeds_that_decide
from mrpverify.judge.intervals import clopper_pearson


def counted_chance(seeds, share, threshold):
    """The same chance by asking the interval of every count, weighed by hand."""
    from math import comb

    def decides(count):
        low, high = clopper_pearson(count, seeds)
        return low > threshold or high < threshold

    return sum(
        comb(seeds, n) * share**n * (1 - share) ** (seeds - n)
        for n in range(seeds + 1)
        if decides(n)
    )


@pytest.mark.parametrize(("seeds", "share"), [(8, 1.0), (24, 0.93), (17, 0.5), (40, 0.7)])
def test_the_chance_is_that_of_the_interval(seeds, share):
    assert _chance_to_decide(seeds, share, 0.8) == pytest.approx(counted_chance(seeds, share, 0.8))


def test_fourteen_of_fourteen_is_the_least():
    assert seeds_that_decide(1.0, 0.8) == 14  # 0.8^14 = 0.044 < 0.05 < 0.8^13


@pytest.mark.parametrize("share", [0.95, 0.6])
def test_the_number_is_the_least_that_reaches_the_power(share):
    needed = seeds_that_decide(share, 0.8)
    assert counted_chance(needed, share, 0.8) >= POWER
    assert all(counted_chance(n, share, 0.8) < POWER for n in range(1, needed))


def test_a_share_at_the_threshold_is_never_decided():
    assert seeds_that_decide(0.8, 0.8) is None
    with pytest.raises(ValueError, match=r"1\.5"):
        seeds_that_decide(1.5, 0.8)
