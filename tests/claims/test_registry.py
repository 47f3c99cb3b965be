"""The registry finds claims by their place; every claim keeps the house rules."""

from dataclasses import replace

import pytest

import mrpverify as mv
from mrpverify.claims.claim import Control
from mrpverify.claims.legs import Leg
from mrpverify.claims.outside import added
from mrpverify.claims.registry import ALL, UnknownClaimError, all_claims, groups, select
from mrpverify.parameters import relevant

IDS = {
    "T1.capture", "T1.bounded", "T1.specialise", "T1.monosemantic", "T1.lottery", "T1.noise",
}  # fmt: skip


def test_all_claims_of_theorem1_are_there():
    assert {claim.id for claim in select(["theorem1"])} == IDS
    assert "theorem1" in groups()


@pytest.mark.parametrize(
    "taken",
    ["T1.capture", "t1.CAPTURE", "theorem1.capture", "Theorem1.Capture", "theorem1", "LAWS", "all"],
)
@pytest.mark.parametrize("of", ["id", "name"])
def test_a_name_that_means_something_already_is_refused_in_any_case(taken, of):
    """Names are read without their case: `check T1.capture` asked a claim t1.CAPTURE as well."""
    mine = replace(all_claims()[0], **{"id": "my.own", "name": "my.own_name", of: taken})
    with pytest.raises(UnknownClaimError, match="already; rename yours"):
        added(all_claims(), (mine,), "here")


def test_id_long_name_and_group_select_the_same_claims():
    assert select(["T1.noise"]) == select(["theorem1.noise"])
    assert set(select(["T1.noise"])) < set(select(["theorem1"]))
    assert select(["T1.noise", "theorem1.noise"]) == select(["T1.noise"])


def test_regime_conditions_need_no_run():
    (claim,) = select(["A.regime"])
    assert not claim.needs_runs
    assert claim in select(["all"])


def test_all_is_the_five_groups_of_the_paper_in_their_order():
    found = tuple(dict.fromkeys(claim.group for claim in select(["all"])))
    assert found == ALL == groups()[: len(ALL)]
    assert {claim.id for claim in select(["theorem2", "supervised", "comparison"])} == {
        "T2.retain", "T2.train", "T2.test", "T2.cover",
        "SL.lottery", "SL.test", "CMP.gain", "CMP.shift", "CMP.ssl",
    }  # fmt: skip


def test_monosemanticity_is_asked_on_both_horizons():
    assert [c.horizon for c in select(["T1.monosemantic"])] == ["crossing", "T"]


@pytest.mark.parametrize(
    ("name", "hint"), [("theorem", "theorem1"), ("T1.captur", "T1.capture"), ("xyz", "--list")]
)
def test_unknown_names_are_answered_with_what_is_near(name, hint):
    with pytest.raises(UnknownClaimError, match=hint):
        select([name])


@pytest.mark.parametrize("claim", all_claims(), ids=lambda c: f"{c.id}-{c.horizon}")
def test_every_claim_states_its_case_and_has_a_control_per_framework(claim):
    assert claim.statement
    assert "[" in claim.provenance
    assert claim.role in ("gate", "finding")
    assert len(claim.role_reason) > 10
    for framework, controls in claim.controls.items():
        assert controls, framework
        for control in controls:
            assert (control.change is None) != (control.look is None)
            assert control.expected


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("t1.capture", "T1.capture"),
        ("THEOREM1", "theorem1"),
        ("theorem1.*", "theorem1"),
        ("t1.[!a]*", "T1.*"),
    ],
)
def test_names_are_read_without_case_and_as_patterns(name, same):
    assert select([name]) == select([same])


def sees(claim, control, framework):
    """Whether what a control changes is in the runs that it asks for."""
    regime = mv.regime(framework)
    own = claim.runs_needed(regime)
    changed = claim.runs_needed(replace(regime, **control.change(regime)))
    return runs_of(own) != runs_of(changed)


def runs_of(legs):
    """What a run can see of every leg, with those that it goes on from."""
    return {name: seen_by(leg) for name, leg in legs.items()}


def seen_by(leg):
    if not isinstance(leg, Leg):
        return leg and relevant(leg)
    taught = tuple(seen_by(other) for other in leg.taught_by)
    return relevant(leg.parameters), seen_by(leg.start), taught


TRAINED = [
    (claim, control, framework)
    for claim in all_claims()
    for framework, controls in getattr(claim, "controls", {}).items()
    for control in controls
    if control.change is not None and claim.needs_runs
]


@pytest.mark.parametrize(("claim", "control", "framework"), TRAINED)
def test_a_control_changes_the_runs_of_its_claim(claim, control, framework):
    """L1's control set an init that the law's regime then overwrote, and could not fail."""
    assert sees(claim, control, framework)


def test_a_control_that_is_overwritten_is_seen():
    claim = next(c for c in all_claims() if c.id == "L1" and "supervised" in c.controls)
    void = Control("void", "", change=lambda p: {"init_scale": 160 * p.init_scale})
    assert not sees(claim, void, "supervised")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"legs": lambda parameters: {}}, "legs is for a claim about a regime"),
        ({"per_seed": True}, "per_seed is for a claim about a regime"),
        ({"relies_on": ("supervised",)}, "relies_on is for"),
        ({"prediction": str}, "prediction is for"),
        ({"conditions": lambda parameters: ()}, "conditions is for"),
        ({"controls": {"mae": ()}}, "it has no framework"),
        ({"controls": {None: (Control("other", "", change=lambda p: {}),)}}, "give it a look"),
    ],
)
def test_a_claim_about_networks_has_nothing_of_a_regime(wrong, words):
    (claim,) = select(["images.multiview"])
    with pytest.raises(ValueError, match=f"images.multiview: .*{words}"):
        replace(claim, **wrong)
