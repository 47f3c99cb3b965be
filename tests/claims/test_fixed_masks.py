"""Laws under masks of fixed size: FIX judged on small runs, and every claim made for them."""

from dataclasses import replace

import pytest

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.laws import fixed_masks, l5_separatrix, l8_mae_masks
from mrpverify.claims.legs import Leg
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.regime import load_preset
from mrpverify.theory.growth import gain_threshold
from mrpverify.theory.mae_masks import remaining_share

QUICK = load_preset("quick").regimes
SEEDS, SALT = 16, "tests of fixed masks"
FEW = fixed_masks.THRESHOLDS[:1]


@pytest.fixture(scope="module")
def judged(get):
    """FIX.threshold on its first case alone."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fixed_masks, "THRESHOLDS", FEW)
        regimes = {"teacher-student": QUICK["teacher-student"]}
        (found,) = evaluate(select(["FIX.threshold"]), regimes, range(SEEDS), SALT, get)
    return found


def test_the_law_holds_excludes_the_other_kind_and_its_control_fails(judged):
    result = judged
    assert result.verdict is Verdict.SUPPORTED, result.measurement
    numbers = result.measurement.details["numbers"]
    assert all(number["rival_excluded"] for number in numbers)
    assert [c.control.id for c in result.controls if not c.failed_as_it_should] == []
    assert {number["name"].split()[0] for number in numbers} == {"fixed", "bernoulli"}


def test_bernoullis_k_is_refuted_by_the_runs_under_fixed_masks(judged, get, monkeypatch):
    def wrong(p):
        return gain_threshold(replace(p, masks="bernoulli"))

    monkeypatch.setattr(fixed_masks, "gain_threshold", wrong)
    monkeypatch.setattr(fixed_masks, "THRESHOLDS", FEW)
    claim = judged.claim
    regimes = {"teacher-student": QUICK["teacher-student"]}
    (found,) = evaluate([claim], regimes, range(SEEDS), SALT, get)
    assert found.verdict is Verdict.REFUTED


def test_a_search_starts_around_what_it_predicts_and_ends_inside_its_band():
    p = QUICK["teacher-student"]
    found = {search.name: search for search in fixed_masks.searches(p)}
    assert len(found) == 2 * len(fixed_masks.THRESHOLDS)
    for case in fixed_masks.THRESHOLDS:
        fixed, drawn = (
            gain_threshold(fixed_masks.growing(p, case, masks)) for masks in fixed_masks.KINDS
        )
        search = found[case.name("fixed")]
        assert search.low < fixed < drawn < search.high
        assert (drawn - fixed) / 4 > (search.high - search.low) * 2.0**-search.rounds


def test_the_second_view_has_the_share_of_its_masks(get):
    """FIX.second in its first case, one seed of each kind: deterministic up to the relaxation."""
    case = fixed_masks.SECOND_VIEWS[0]
    for masks in fixed_masks.KINDS:
        p = fixed_masks.decoding(QUICK["mae"], case, masks)
        (run,) = get([Leg(p).request(SALT, 0)]).values()
        assert fixed_masks.left(p, run) == pytest.approx(remaining_share(p), rel=1e-3)


@pytest.mark.parametrize(
    "group", ["laws", "explanation", "theorem1", "theorem2", "comparison", "supervised"]
)
def test_every_claim_can_be_asked_under_fixed_masks(group):
    """Its legs, prediction, conditions and controls are regimes that exist."""
    regimes = QUICK
    for claim in select([group]):
        for framework in claim.frameworks:
            p = replace(regimes[framework], masks="fixed")
            legs = claim.runs_needed(p)
            assert all(leg.parameters.masks in fixed_masks.KINDS for leg in legs.values())
            claim.broken(p, framework)
            if claim.prediction:
                assert claim.prediction(p)
            for control in claim.controls[framework]:
                control.parameters(p, 0.0)


def test_points_of_a_search_over_theta_are_whole_numbers_of_patches():
    search = l8_mae_masks.searches(replace(QUICK["mae"], masks="fixed"))[0]
    parts = 2**search.rounds
    for i in range(1, parts):
        search.leg(search.low + (search.high - search.low) * i / parts)


def test_the_leaders_gain_is_measured_from_what_its_own_features_add():
    """L5's always-winning Delta is own/C_p over q - 2; K - 1 would leave `shared` out."""
    p = replace(QUICK["teacher-student"], masks="fixed")
    regimes = l5_separatrix.searches(p)
    (least, *_), q = sorted(r.amplification for r in regimes.values() if r.power == 3), 3
    law = next(iter(regimes.values())).mask_law
    share = l5_separatrix.SHARES[q][0]
    assert least == pytest.approx(share * law.own / p.patches_per_feature / (q - 2))
