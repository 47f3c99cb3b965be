"""A report says in which regime a claim was run where that is not the one it was asked in."""

import pytest

from mrpverify.claims.registry import select
from mrpverify.regime import load_preset
from mrpverify.report.own_regime import own_regime

PRESET = load_preset("quick").regimes


@pytest.mark.parametrize(
    ("name", "framework", "words"),
    [
        ("T1.capture", "mae", None),
        ("A.regime", "mae", None),
        ("SL.test", "supervised", None),
        ("KD.smoothing", "supervised", ["m=4", "s=1.6", "d=16"]),
        ("S.race", "teacher-student", ["k=3 to "]),
    ],
)
def test_what_differs_is_said_by_its_letter(name, framework, words):
    claim = select([name])[0]
    found = own_regime(claim, PRESET[framework])
    if words is None:
        assert found is None
    else:
        assert [word for word in words if word not in found] == []


def test_a_claim_of_no_regime_has_none_of_its_own():
    assert own_regime(select(["images.gain"])[0], None) is None
