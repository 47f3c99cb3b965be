"""Seeds that cannot decide are named before any run."""

import pytest

from mrpverify.claims.few_seeds import TooFewSeedsError, too_few
from mrpverify.claims.registry import select


def test_eight_seeds_are_told_that_fourteen_are_needed():
    (line,) = too_few(select(["T1.capture"]), 8)
    assert "T1.capture" in line
    assert "at least 14 are needed" in line
    assert "REFUTED at 4 with 0" in line


def test_three_seeds_are_told_what_their_controls_need():
    lines = too_few(select(["T1.capture"]), 3)
    assert "controls need at least 4 seeds" in lines[-1]


@pytest.mark.parametrize("seeds", [14, 16, 24])
def test_seeds_that_can_support_are_told_nothing(seeds):
    assert too_few(select(["theorem1", "theorem2"]), seeds) == []


def test_one_seed_is_refused_where_it_decides_nothing_that_is_asked():
    with pytest.raises(TooFewSeedsError, match="supported from 14"):
        too_few(select(["T1.capture"]), 1)
    assert too_few(select(["T1.capture", "L10"]), 1), "L10 is no count of seeds: a line is enough"
    assert too_few(select(["L10"]), 1) == []
