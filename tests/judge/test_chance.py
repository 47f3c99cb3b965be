"""Counts of independent chances, against every outcome written out."""

from itertools import product
from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.judge.chance import largest_by_chance, number_true, probability_of

CHANCES = st.lists(st.sampled_from([0.0, 0.1, 0.35, 0.5, 0.8, 1.0]), max_size=6)


def _counts(chances: list[float]) -> np.ndarray:
    """P(0), ..., P(n) of them come true."""
    found = np.zeros(len(chances) + 1)
    for outcome in product((False, True), repeat=len(chances)):
        found[sum(outcome)] += prod(c if true else 1 - c
                                    for c, true in zip(chances, outcome, strict=True))  # fmt: skip
    return found


@given(CHANCES, st.sampled_from([0.05, 0.2]))
def test_counts_are_those_of_all_outcomes(chances: list[float], level: float) -> None:
    counts = _counts(chances)
    np.testing.assert_allclose(number_true(np.array(chances)), counts, atol=1e-12)
    for count in range(len(counts)):
        found = probability_of(np.array(chances), count)
        assert found == pytest.approx(counts[count:].sum(), abs=1e-12)
        assert found <= 1
    likely = [n for n in range(len(counts)) if counts[n + 1 :].sum() <= level + 1e-9]
    assert largest_by_chance(np.array(chances), level) == likely[0]


@pytest.mark.parametrize("chances", [[0.5, 1.1], [-0.1, 0.5], [np.nan]])
def test_what_is_no_chance_is_refused(chances: list[float]) -> None:
    with pytest.raises(ValueError, match="each must lie in"):
        number_true(np.array(chances))


def test_the_usual_level_is_one_in_twenty() -> None:
    """Of 20 fair coins 14 heads are exceeded with 0.021, 13 with 0.058."""
    assert largest_by_chance(np.full(20, 0.5)) == 14
    assert probability_of(np.full(20, 0.5), 15) == pytest.approx(0.0207, abs=1e-4)
