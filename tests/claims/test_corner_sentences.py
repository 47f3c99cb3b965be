"""No prediction names what a regime has not: a time that is no number, a view that is not there."""

import re

import pytest

from mrpverify.claims.claim import about_networks
from mrpverify.claims.defined import without_runs
from mrpverify.claims.registry import all_claims
from mrpverify.regime import load_preset, parse_settings

CORNERS = [
    "views=1", "theta=1", "Delta=0", "Delta=0.001", "signal=false", "q=2", "m=1", "target=masked",
    "C_p=1,target=masked", "theta=1,target=masked", "gain=constant,theta=1", "theta=0.000001",
    "views=1,theta=1", "views=1,signal=false", "views=1,q=2", "views=1,Delta=0",
    "views=1,gain=constant", "views=1,gain=ema,method=descent", "views=1,target=masked",
]  # fmt: skip
NO_NUMBER = re.compile(r"(?<![a-z])(inf|nan)(?![a-z])")
OTHER_VIEW = re.compile(r"sibling|both views|the other view")


def sentences(setting):
    """(id, framework, views, sentence) of every claim that is defined under a setting."""
    regimes = load_preset("quick").override(parse_settings(setting.split(","))).regimes
    for claim in all_claims():
        # Claims about dominoes read pictures, which need not be here.
        if claim.prediction is None or about_networks(claim) or claim.id.startswith("D."):
            continue
        for framework in set(claim.frameworks) & set(regimes):
            regime = regimes[framework]
            if without_runs(claim, regime, framework) is None:
                yield claim.id, framework, regime.views, claim.prediction(regime)


@pytest.mark.parametrize("setting", CORNERS)
def test_a_prediction_names_nothing_that_is_not_there(setting):
    for name, framework, views, said in sentences(setting):
        assert not NO_NUMBER.search(said), (name, framework, said)
        assert views > 1 or not OTHER_VIEW.search(said), (name, framework, said)


@pytest.mark.parametrize(
    ("setting", "name", "framework", "words"),
    [
        ("views=1", "T1.monosemantic", "mae", "a class has no other view"),
        ("views=1", "T1.monosemantic", "teacher-student", "a class has no other view"),
        ("views=1", "T2.test", "mae", "every view is known"),
        ("views=1", "AUG.capture", "supervised", "a class has one view, and learns it"),
        ("Delta=0", "T1.monosemantic", "teacher-student", "nothing is captured"),
        ("theta=1", "T1.monosemantic", "mae", "no drive towards its sibling view"),
        ("theta=1", "AUG.capture", "supervised", "no second view is learned"),
        ("theta=1", "CMP.rival", "mae", "no second view is learned from either init"),
        ("q=2", "AUG.capture", "supervised", "is not derived"),
        ("signal=false", "T1.capture", "mae", "nothing is captured"),
        ("C_p=1,target=masked", "T1.capture", "mae", "together with another one"),
        ("gain=constant,theta=1", "T2.retain", "teacher-student", "no finite length"),
    ],
)
def test_it_says_what_the_theory_says_there(setting, name, framework, words):
    said = [text for i, f, _, text in sentences(setting) if (i, f) == (name, framework)]
    assert any(words in text for text in said), said
