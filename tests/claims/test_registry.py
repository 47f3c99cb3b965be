"""The registry finds claims by their place; every claim keeps the house rules."""

import pytest

from mrpverify.claims.registry import ALL, UnknownClaimError, all_claims, groups, select

IDS = {
    "T1.capture", "T1.bounded", "T1.specialise", "T1.monosemantic", "T1.lottery", "T1.noise",
}  # fmt: skip


def test_all_claims_of_theorem1_are_there():
    assert {claim.id for claim in select(["theorem1"])} == IDS
    assert "theorem1" in groups()


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
