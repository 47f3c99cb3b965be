"""Theorem 1 end to end at small size: supported in its regime, refuted under every sabotage."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.claims.evaluate import control_requests, evaluate
from mrpverify.claims.legs import PRETRAINING
from mrpverify.claims.registry import select
from mrpverify.claims.theorem1 import capture, controls, lottery
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.labelled import Request, join
from mrpverify.regime import load_preset
from tests.built_in import OBJECTIVES, instead
from tests.claims.small import SEEDS, SMALL

SALT = "judge"  # the regime of SMALL was chosen on another salt


@pytest.fixture(scope="module", params=list(SMALL))
def framework(request):
    return request.param


@pytest.fixture(scope="module")
def results(framework, get):
    """Verdicts of all claims of Theorem 1, with their controls."""
    found = evaluate(select(["theorem1"]), {framework: SMALL[framework]}, range(SEEDS), SALT, get)
    return {(r.claim.id, r.claim.horizon): r for r in found}


@pytest.fixture(scope="module")
def runs(framework, get):
    requests = [Request(SMALL[framework], SALT, seed) for seed in range(SEEDS)]
    found = get(requests)
    return join([found[request] for request in requests])


@pytest.mark.parametrize(
    "claim", ["T1.capture", "T1.bounded", "T1.specialise", "T1.noise", "T1.lottery"]
)
def test_gates_are_supported_and_every_control_fails_as_it_should(results, claim):
    """At a per-seed success of 0.999 one of 16 seeds fails, and the gate with it, 1.6 % of times;
    the seeds are fixed, so this test does not flicker."""
    result = next(r for (name, _), r in results.items() if name == claim)
    assert result.measurement.measured is Verdict.SUPPORTED, result.measurement
    assert [c.control.id for c in result.controls if not c.failed_as_it_should] == []
    # A control that ran out of steps would be no evidence.
    assert all(c.measurement.details.get("seeds_not_known", 0) == 0 for c in result.controls)
    assert len(result.controls) >= 1


def test_monosemanticity_is_a_finding_on_both_horizons_with_a_prediction(results):
    for horizon in ("crossing", "T"):
        result = results["T1.monosemantic", horizon]
        assert result.claim.role == "finding"
        assert result.prediction
        assert all(c.failed_as_it_should for c in result.controls)


def test_capture_has_one_line_for_every_feature(results, framework):
    rows = results["T1.capture", "T"].measurement.details["features"]
    assert len(rows) == SMALL[framework].features
    assert {(row["class"], row["view"]) for row in rows} == {
        (c + 1, v + 1) for c in range(SMALL[framework].classes) for v in range(2)
    }
    assert all(row["captured_share"] == 1 for row in rows)


def theirs(control, regime, runs):
    """A control's requests."""
    (claim,) = capture.CLAIMS
    return control_requests(claim, control, regime, {PRETRAINING: runs}, SALT)[PRETRAINING]


def test_controls_start_from_the_claims_own_data_and_run_to_its_horizon(framework, get, runs):
    requests = theirs(controls.PURE_NOISE, SMALL[framework], runs)
    found = get(requests)
    control = join([found[request] for request in requests])
    np.testing.assert_array_equal(control["features"], runs["features"][:4])
    np.testing.assert_array_equal(control["initial_weights"], runs["initial_weights"][:4])
    np.testing.assert_allclose(control["final_time"], runs["final_time"][:4])


def test_without_the_stop_gradient_every_correlation_decays(get):
    """The control is stable: it shrinks kernels, it does not throw them to the other side."""
    regime = SMALL["teacher-student"]
    honest = get([Request(regime, SALT, 0)])[Request(regime, SALT, 0)]
    (request, *_) = theirs(controls.THROUGH_TEACHER, regime, honest)
    control = get([request])[request]
    before, after = (np.linalg.norm(control[f"{w}_weights"], axis=-1) for w in ("initial", "final"))
    assert (after <= before * (1 + 1e-5)).all()
    assert float(control["final_correlations"].max()) < float(control["initial_correlations"].max())
    assert float(control["final_correlations"].min()) > 1.1 * float(
        control["initial_correlations"].min()
    )


def test_the_noise_control_memorises_and_is_not_only_loud(results):
    (control,) = results["T1.noise", "T"].controls
    assert control.measurement.details["seeds_learning_inside_span"] == 0


def flipped(function):
    def wrong(*arguments):
        direction, reach = function(*arguments)
        return {name: -move for name, move in direction.items()}, reach

    return wrong


def sabotaged(regime, kind, train, runs):
    """Runs of all seeds with one thing broken, to the horizon of the honest runs."""
    if kind == "random directions":
        return controls.RANDOM_DIRECTIONS.look(regime, runs)
    broken = replace(regime, horizon=float(runs["final_time"].max()))
    if kind == "no features":
        broken = replace(broken, signal=False)
    elif kind == "gain 1":
        broken = replace(broken, gain="constant", tau=1.0)
    elif kind == "nothing masked":
        broken = replace(broken, target="masked", visible=1.0)
    requests = [Request(broken, SALT, seed) for seed in range(SEEDS)]
    objective = OBJECTIVES[regime.framework]
    if kind == "flipped gradient":
        objective = replace(objective, direction=flipped(objective.direction))
    with instead(objective):
        found = train(requests)
    return join([found[request] for request in requests])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("teacher-student", "gain 1"),
        ("mae", "nothing masked"),
        *[
            (name, kind)
            for name in SMALL
            for kind in ("flipped gradient", "random directions", "no features")
        ],
    ],
)
def test_sabotage_turns_capture_refuted_with_the_seeds_that_supported_it(name, kind, get, train):
    regime = SMALL[name]
    requests = [Request(regime, SALT, seed) for seed in range(SEEDS)]
    found = get(requests)
    honest = join([found[request] for request in requests])
    assert capture.measure(regime, honest).measured is Verdict.SUPPORTED
    wrong = sabotaged(regime, kind, train, honest)
    measurement = capture.measure(regime, wrong)
    assert measurement.trials in measurement.details["sequential"]["looks"]
    assert measurement.details["seeds_not_known"] == 0
    assert measurement.measured is Verdict.REFUTED, measurement


def test_permuted_lottery_is_at_chance_and_the_genuine_one_is_not(framework, runs):
    regime = SMALL[framework]
    genuine = lottery.measure(regime, runs)
    permuted = lottery.measure(regime, lottery.PERMUTED.look(regime, runs))
    assert genuine.interval[0] > 0.5
    low, high = permuted.details["wide_interval"]
    assert low <= 1 / regime.features <= high
    assert not lottery.PERMUTED.failed(regime, genuine)


@pytest.mark.parametrize(
    ("change", "condition"),
    [
        ({"framework": "mae", "visible": 1.0}, "mask ratio"),
        ({"framework": "mae", "init_scale": 0.35}, "initial scale"),
        ({"framework": "mae", "off_class": 3.9}, "sparse presence"),
        ({"framework": "teacher-student", "kernels_per_class": 1}, "coverage"),
    ],
)
def test_outside_the_regime_is_no_pass_and_names_the_condition(change, condition, get):
    regime = replace(SMALL[change["framework"]], **{"deadline": 2000.0, **change})
    found = evaluate(select(["T1.capture"]), {change["framework"]: regime}, range(4), SALT, get)
    (result,) = found
    # UNINFORMATIVE: out there supervised learning may learn every view as well.
    assert result.verdict is not Verdict.SUPPORTED
    assert condition in [c.id for c in result.violated]


def test_a_large_initial_scale_is_no_pass_at_the_size_of_quick(get):
    """At d = 20 random directions are captured by chance from such a start, at d = 60 not."""
    regime = load_preset("quick").regimes["teacher-student"]
    regime = replace(regime, init_scale=0.8 * regime.linear_from, amplification=64.0)
    (result,) = evaluate(select(["T1.capture"]), {"teacher-student": regime}, range(4), SALT, get)
    assert result.verdict in (Verdict.OUT_OF_REGIME, Verdict.REFUTED, Verdict.INCONCLUSIVE)
    assert "initial scale" in [condition.id for condition in result.violated]


def test_seeds_that_are_not_known_refute_no_feature(framework, runs):
    """They were rows of a captured share of 0 with an interval of [0, 0.17]."""
    cut = runs.assign(
        reached_horizon=runs["reached_horizon"] & (runs["seed"] >= SEEDS - 4),
        diverged=runs["diverged"] & False,
        **({"cannot_cover": runs["cannot_cover"] & False} if "cannot_cover" in runs else {}),
    )
    rows = capture.measure(SMALL[framework], cut).details["features"]
    alone = capture.measure(SMALL[framework], runs.isel(seed=slice(4))).details["features"]
    assert [row["interval"][1] for row in rows] == [1.0] * len(rows)
    assert all(
        0 < row["interval"][0] < its["interval"][0] for row, its in zip(rows, alone, strict=True)
    )
    none = cut.assign(reached_horizon=cut["reached_horizon"] & False)
    found = capture.measure(SMALL[framework], none)
    assert [row["interval"] for row in found.details["features"]] == [[0.0, 1.0]] * len(rows)
    assert "mean_counts" not in found.details
