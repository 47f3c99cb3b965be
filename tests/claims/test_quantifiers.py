"""Every claim says over what it is said, and none is said of all sizes."""

from collections import Counter

import pytest

from mrpverify.claims.registry import select
from mrpverify.judge.measurement import judged_by
from mrpverify.report.record import record
from tests.report.test_record import counted
from tests.report.test_text import run

EVERY = select(["all", "laws", "images"])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("T1.capture", "with high probability"),
        ("L12", "on average"),
        ("A.regime", "of this regime"),
        ("images.gain", "of these pictures"),
    ],
)
def test_the_quantifier_of_a_claim(name, expected):
    (claim,) = select([name])
    assert claim.quantifier == expected


def test_the_theorems_are_said_with_high_probability():
    """As the paper states them; SL's lottery is a share of classes, and its mean is judged."""
    found = Counter(c.quantifier for c in EVERY if c.group in ("theorem1", "theorem2"))
    assert set(found) == {"with high probability"}


def test_only_what_counts_seeds_is_said_with_high_probability():
    """A record with outcomes is of such a claim."""
    from mrpverify.claims.concluded import ClaimResult

    (claim,) = select(["T1.capture"])
    measurement = counted([True] * 16, judged_by)
    result = ClaimResult(claim, "mae", measurement, (), (), measurement.measured, None)
    (row,) = record(run(), [result])["claims"]
    assert (row["quantifier"], row["outcomes"] is not None) == ("with high probability", True)
