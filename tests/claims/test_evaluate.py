"""Running claims: errors stay their own, controls share salt, seeds and horizon."""

from dataclasses import replace

import numpy as np
import pytest

from mrpverify.claims.claim import CONTROL_SEEDS, Control, about_networks
from mrpverify.claims.defined import without_runs
from mrpverify.claims.evaluate import control_requests, evaluate
from mrpverify.claims.legs import PRETRAINING, Leg
from mrpverify.claims.registry import all_claims, select
from mrpverify.interactive import Checked
from mrpverify.judge.measurement import share_of_seeds
from mrpverify.judge.numbers import Rival, all_numbers, mean_number
from mrpverify.judge.verdicts import Verdict, final_verdict
from mrpverify.parameters import Parameters
from mrpverify.records.labelled import Request, join
from mrpverify.regime import RegimeError, load_preset, parse_settings
from mrpverify.report.html import page
from mrpverify.report.record import Run

TINY = Parameters(
    framework="mae",
    classes=2,
    off_class=0.1,
    kernels_per_class=4,
    dimension=8,
    images=30,
    init_scale=0.04,
    step=0.4,
    max_steps=400,
)
REGIMES = {"mae": TINY}
QUICK = load_preset("quick").regimes


def claim(measure, *controls):
    (template,) = select(["T1.noise"])
    return replace(template, measure=measure, controls={"mae": controls})


def always(parameters, runs):
    return share_of_seeds(np.ones(runs.sizes["seed"], dtype=bool), "always")


def judged(*claims, get, seeds=2):
    return evaluate(claims, REGIMES, range(seeds), "evaluate", get)


def test_a_claim_that_breaks_is_an_error_and_the_others_go_on(get):
    def broken(parameters, runs):
        raise ZeroDivisionError("one over nothing")

    first, second = judged(claim(broken), claim(always), get=get)
    assert first.verdict is Verdict.ERROR
    assert "one over nothing" in first.measurement.statistic
    assert "ZeroDivisionError" in first.measurement.details["traceback"]
    assert second.measurement.successes == 2


def test_a_claim_that_exits_has_no_exit_code_of_its_own(get):
    def ends(*given):
        raise SystemExit(0)  # would pass for SUPPORTED

    control = Control("ends", "x", look=ends)
    first, second, third = judged(claim(ends), claim(always, control), claim(always), get=get)
    assert (first.verdict, second.verdict) == (Verdict.ERROR, Verdict.ERROR)
    assert "SystemExit" in first.measurement.statistic
    assert third.measurement.successes == 2


@pytest.mark.parametrize("asked", [["pretraining"], None, {"pretraining": TINY}])
def test_what_asks_for_no_legs_is_an_error_of_its_own(asked, get):
    def generator(parameters):
        runs = yield asked
        return always(parameters, runs[PRETRAINING])

    declared = replace(claim(always), legs=lambda parameters: asked)
    for broken in (declared, claim(generator)):
        first, second = judged(broken, claim(always), get=get)
        assert first.verdict is Verdict.ERROR
        assert "no dictionary of legs" in first.measurement.statistic
        assert second.measurement.successes == 2


@pytest.mark.parametrize("wrong", ["legs", "a control", "conditions"])
def test_what_cannot_say_its_runs_is_an_error_and_the_others_go_on(wrong, get):
    def no_legs(parameters):
        return {"pretraining": parameters.no_such_name}

    misspelt = Control("misspelt", "x", change=lambda parameters: {"visibel": 1.0})
    broken = {
        "legs": replace(claim(always), legs=no_legs),
        "a control": claim(always, misspelt),
        "conditions": replace(claim(always), conditions=no_legs),
    }[wrong]
    first, second = judged(broken, claim(always), get=get)
    assert first.verdict is Verdict.ERROR
    assert ("visibel" if wrong == "a control" else "no_such_name") in first.measurement.statistic
    assert second.measurement.successes == 2


@pytest.mark.parametrize("where", ["measure", "a generator", "a look"])
@pytest.mark.parametrize("how", ["sets a variable", "writes into an array"])
def test_what_a_claim_does_to_its_runs_is_not_seen_by_others(where, how, get):
    """`runs["crossing_time"] = ...` in one claim REFUTED two others that stood behind it."""

    def spoilt(runs):
        if how == "sets a variable":
            runs["final_correlations"] = runs["final_correlations"] * np.nan
        else:
            runs["final_correlations"].values[...] = np.nan
        return runs

    def measure(parameters, runs):
        return always(parameters, spoilt(runs))

    def generator(parameters):
        runs = yield {PRETRAINING: Leg(parameters)}
        return measure(parameters, runs[PRETRAINING])

    def finite(parameters, runs):
        known = np.isfinite(runs["final_correlations"].values).all((1, 2))
        return share_of_seeds(known, "share of seeds with numbers")

    look = Control("spoils", "x", look=lambda parameters, runs: spoilt(runs))
    spoiling = {
        "measure": claim(measure), "a generator": claim(generator), "a look": claim(always, look),
    }[where]  # fmt: skip
    for order in ((spoiling, claim(finite)), (claim(finite), spoiling)):
        results = judged(*order, get=get)
        first, second = results if order[0] is spoiling else reversed(results)
        assert second.measurement.successes == 2
        assert (first.verdict is Verdict.ERROR) == (how == "writes into an array")


def test_a_claim_that_asks_for_ever_is_an_error_of_its_own(get, monkeypatch):
    monkeypatch.setattr("mrpverify.claims.evaluate.MOST_ROUNDS", 5)

    def generator(parameters):
        while True:
            yield {PRETRAINING: Leg(parameters)}

    def at_last(parameters):
        for _ in range(5):
            runs = yield {PRETRAINING: Leg(parameters)}
        return always(parameters, runs[PRETRAINING])

    first, last, second = judged(claim(generator), claim(at_last), claim(always), get=get)
    assert first.verdict is Verdict.ERROR
    assert "asked for runs 5 times" in first.measurement.statistic
    assert last.measurement.successes == 2
    assert second.measurement.successes == 2


def test_a_control_changes_parameters_by_name_or_by_symbol():
    for changes in ({"visible": 0.25}, {"theta": 0.25}):
        control = Control("fewer", "x", change=lambda parameters, made=changes: made)
        assert control.parameters(TINY, TINY.horizon).visible == 0.25
    control = Control("none", "x", change=lambda parameters: None)
    with pytest.raises(TypeError, match="control 'none': change returned None"):
        control.parameters(TINY, TINY.horizon)


@pytest.mark.parametrize("name", ["id", "name", "statement", "provenance", "role_reason"])
def test_what_reports_print_of_a_claim_is_text(name):
    with pytest.raises(ValueError, match=f"Claim: {name}=3, say it in words"):
        replace(claim(always), **{name: 3})
    with pytest.raises(ValueError, match="Control: expected=None"):
        Control("mine", None, look=lambda parameters, runs: runs)


def test_a_statistic_that_is_no_text_is_an_error_of_its_claim(get):
    def numbered(parameters, runs):
        return share_of_seeds(np.ones(runs.sizes["seed"], dtype=bool), 3)

    first, second = judged(claim(numbered), claim(always), get=get)
    assert first.verdict is Verdict.ERROR
    assert "say in words what is measured" in first.measurement.statistic
    assert second.measurement.successes == 2


def test_a_control_whose_own_rule_breaks_is_an_error_of_its_claim(get):
    def rule(parameters, measurement):
        raise KeyError("no such number")

    control = Control("mine", "x", look=lambda parameters, runs: runs, failed=rule)
    first, second = judged(claim(always, control), claim(always), get=get, seeds=4)
    assert first.verdict is Verdict.ERROR
    assert "no such number" in first.controls[0].measurement.statistic
    assert second.measurement.successes == 4


@pytest.mark.parametrize(
    ("says", "told"),
    [
        (lambda n: np.full(n, np.nan), "true or false once in every seed"),
        (lambda n: np.full(n, 0.5), "true or false once in every seed"),
        (lambda n: np.ones((n, 2), bool), "true or false once in every seed"),
        (lambda n: np.ones(n - 1, bool), "true or false in 1 seeds, and 2 were run"),
        (lambda n: np.ones(n + 1, bool), "true or false in 3 seeds, and 2 were run"),
    ],
)
def test_a_claim_says_true_or_false_once_of_every_seed(says, told, get):
    def measure(parameters, runs):
        return share_of_seeds(says(runs.sizes["seed"]), "whatever")

    (result,) = judged(claim(measure), get=get)
    assert result.verdict is Verdict.ERROR
    assert told in result.measurement.statistic


def test_a_claim_whose_leg_needs_few_seeds_speaks_of_these_alone(get):
    """T1.bounded_later was an ERROR in 24 seeds, for its leg has 4 or 16."""

    def few(parameters):
        return {PRETRAINING: Leg(parameters, seeds=2)}

    def measure(parameters, runs):
        return always(parameters, runs[PRETRAINING])

    mine = replace(claim(measure), legs=few, per_seed=False)
    (result,) = judged(mine, get=get, seeds=4)
    assert result.verdict is not Verdict.ERROR, result.measurement.statistic
    assert (result.measurement.successes, result.measurement.trials) == (2, 2)


def test_a_prediction_that_fails_takes_nothing_from_what_was_measured(get):
    def predict(parameters):
        raise ValueError("coverage 0.3 leaves a class less than views - 1 of its views")

    (result,) = judged(replace(claim(always), prediction=predict), get=get, seeds=24)
    assert result.measurement.measured is Verdict.SUPPORTED
    assert result.prediction == (
        "none, the prediction failed with ValueError: coverage 0.3 leaves a class less than views "
        "- 1 of its views"
    )


def test_a_seed_that_diverged_is_named_in_record_text_and_page(get):
    def one_gone(requests):
        runs = get(requests)
        return {
            request: run.assign(diverged=("seed", [request.seed == 1]))
            for request, run in runs.items()
        }

    results = judged(claim(always), get=one_gone, seeds=3)
    line = "1 of 3 seeds of pretraining diverged (seed 1)"
    assert results[0].measurement.details["diverged"] == [line]
    run = Run(["check"], REGIMES, 3, "a", "cpu", 1.0, 0)
    checked = Checked(run, tuple(results))
    assert line in " ".join(repr(checked).split())
    assert line in page(checked.record())
    assert "diverged" not in judged(claim(always), get=get)[0].measurement.details


def test_a_claim_whose_control_passes_is_uninformative(get):
    control = Control("nothing changed", "must fail", change=lambda parameters: {})
    (result,) = judged(claim(always, control), get=get, seeds=24)
    assert result.measurement.measured is Verdict.SUPPORTED
    assert not result.controls[0].failed_as_it_should
    assert result.verdict is Verdict.UNINFORMATIVE


def test_a_control_sees_its_changed_regime_and_its_own_runs(get):
    seen = []

    def measure(parameters, runs):
        seen.append((parameters.visible, runs.sizes["seed"]))
        return share_of_seeds(np.full(runs.sizes["seed"], parameters.visible == TINY.visible), "")

    control = Control("seen", "x", change=lambda parameters: {"visible": 0.75})
    judged(replace(claim(measure, control), per_seed=False), get=get, seeds=6)
    assert set(seen) == {(TINY.visible, 6), (0.75, CONTROL_SEEDS)}


@pytest.mark.parametrize(
    ("false", "looks", "verdict"),
    [
        ((), [4, 8, 16], Verdict.SUPPORTED),
        ((2,), [4, 8, 16, 24], Verdict.SUPPORTED),
        (range(4), [4], Verdict.REFUTED),
        ((1, 2, 3), [4, 8, 16, 24], Verdict.INCONCLUSIVE),
    ],
)
def test_seeds_are_asked_for_look_by_look_until_the_design_decides(get, false, looks, verdict):
    asked = []

    def measure(parameters, runs):
        seeds = runs.sizes["seed"]
        asked.append(seeds)
        return share_of_seeds(~np.isin(np.arange(seeds), list(false)), "some")

    (result,) = judged(claim(measure), get=get, seeds=24)
    assert list(dict.fromkeys(asked)) == looks
    assert result.measurement.measured is verdict
    assert result.measurement.trials == looks[-1]
    assert result.measurement.details["sequential"]["looks"] == [4, 8, 16, 24]


def test_a_control_with_one_success_in_four_is_looked_at_again(get):
    def measure(parameters, runs):
        seeds = np.arange(runs.sizes["seed"])
        return share_of_seeds(seeds == 0 if parameters.visible > TINY.visible else seeds >= 0, "")

    control = Control("rare", "x", change=lambda parameters: {"visible": 0.75})
    (result,) = judged(claim(measure, control), get=get, seeds=4)
    (found,) = result.controls
    assert (found.measurement.successes, found.measurement.trials) == (1, 8)
    assert found.failed_as_it_should


def test_control_runs_share_salt_seeds_and_the_horizon_of_each_seed(get):
    """Of seeds whose own run came to no T, or is not there, the longest T, or else time."""
    found = get([Request(TINY, "evaluate", seed) for seed in range(3)])
    runs = join(list(found.values())).assign(
        final_time=("seed", [30.0, 50.0, 40.0]), reached_horizon=("seed", [True, False, True])
    )
    control = Control("c", "x", change=lambda parameters: {"visible": 0.75})
    legs = control_requests(claim(always), control, TINY, {PRETRAINING: runs}, "evaluate")
    theirs = legs[PRETRAINING]
    assert [request.seed for request in theirs] == [0, 1, 2, 3]
    assert {request.salt for request in theirs} == {"evaluate"}
    assert [request.parameters.horizon for request in theirs] == [30.0, 40.0, 40.0, 40.0]
    assert {request.parameters.visible for request in theirs} == {0.75}
    nowhere = {PRETRAINING: runs.assign(reached_horizon=("seed", [False] * 3))}
    theirs = control_requests(claim(always), control, TINY, nowhere, "evaluate")[PRETRAINING]
    assert [request.parameters.horizon for request in theirs] == [50.0] * 4


@pytest.mark.parametrize(
    ("first", "false", "known"), [(4, (), 4), (16, (), 16), (16, range(4), 4), (16, (2,), 16)]
)
def test_a_control_waits_for_the_horizons_of_its_first_seeds(get, first, false, known):
    """As long as its claim asks for more seeds, for otherwise one slow seed would be that of most.

    A claim of four seeds that are false asks for no others.
    """
    asked = {}

    def noting(requests):
        asked.update(dict.fromkeys(requests))
        return {
            request: run.assign(
                final_time=("seed", [100.0 - request.seed]), reached_horizon=("seed", [True])
            )
            for request, run in get(requests).items()
        }

    def measure(parameters, runs):
        seeds = np.arange(runs.sizes["seed"])
        if parameters.visible > TINY.visible:
            return share_of_seeds(np.zeros(len(seeds), bool), "of the control")
        return share_of_seeds(~np.isin(seeds, list(false)), "of the claim")

    control = Control("c", "x", change=lambda parameters: {"visible": 0.75}, seeds=first)
    (result,) = judged(claim(measure, control), get=noting, seeds=24)
    assert result.controls[0].failed_as_it_should
    theirs = {r.seed: r.parameters.horizon for r in asked if r.parameters.visible == 0.75}
    assert len(theirs) == first
    expected = {s: 100.0 - s if s < known else 100.0 for s in range(first)}
    assert theirs == pytest.approx(expected)


def test_a_violated_condition_is_named_and_withholds_support(get):
    (result,) = evaluate(
        [claim(always)], {"mae": replace(TINY, visible=1.0)}, range(24), "evaluate", get
    )
    assert result.verdict is Verdict.OUT_OF_REGIME
    assert "mask ratio" in [condition.id for condition in result.violated]


def test_a_control_whose_value_does_not_fit_the_regime_is_named():
    far = Control("far", "x", change=lambda p: {"visible": 7 * p.visible})
    (result,) = evaluate([claim(always, far)], REGIMES, range(4), "s", lambda requests: {})
    assert result.verdict is Verdict.OUT_OF_REGIME
    assert "no run is defined here: control 'far': " in result.measurement.statistic
    assert f"theta={7 * TINY.visible:g}" in result.measurement.statistic


def test_a_law_without_runs_outside_its_regime_is_out_of_regime():
    """theta = 1 leaves no penalty: a step of half its curvature is none."""
    regimes = {"teacher-student": replace(QUICK["teacher-student"], visible=1.0)}
    found = evaluate(select(["L4", "L6", "L16"]), regimes, range(4), "s", lambda requests: {})
    assert len(found) == 3
    for result in found:
        assert result.verdict is Verdict.OUT_OF_REGIME
        assert "mask ratio" in [condition.id for condition in result.violated]
        assert "not run, no run is defined here" in result.measurement.statistic


def asking_twice(parameters):
    """The regime's own run, and one with another mask ratio once it is there."""
    runs = yield {"one": Leg(parameters)}
    assert list(runs) == ["one"]
    runs = yield {"two": Leg(replace(parameters, visible=parameters.visible / 2))}
    same = [bool((runs[name]["seed"] >= 0).all()) for name in ("one", "two")]
    return share_of_seeds(np.full(runs["two"].sizes["seed"], all(same)), "asked twice")


def generator(measure, *controls):
    return replace(claim(measure, *controls), legs=None, horizon="T")


def test_a_claim_may_ask_again_when_it_has_seen_its_runs(get):
    asked = []

    def seen(requests):
        asked.append(sorted({(r.parameters.visible, r.seed) for r in requests}))
        return get(requests)

    swapped = Control("gone", "x", look=lambda p, runs: {**runs, "two": runs["two"] - 1000})
    trained = Control("other", "x", change=lambda p: {"visible": 0.75}, seeds=2)
    (result,) = judged(generator(asking_twice, swapped, trained), get=seen, seeds=2)
    assert result.measurement.successes == 2
    one, two = TINY.visible, TINY.visible / 2
    assert asked[:2] == [[(one, 0), (one, 1)], [(two, 0), (two, 1)]]
    assert {v for round in asked[2:] for v, _ in round} == {0.75, 0.375}
    assert [c.measurement.measured for c in result.controls][1] is not Verdict.ERROR
    assert len({r.control.id for r in result.controls}) == 2


@pytest.mark.parametrize(
    ("ends", "message"),
    [(lambda runs: None, "returned None, which is no Measurement"),
     (lambda runs: runs["three"], "KeyError: 'three'")],
)  # fmt: skip
def test_a_generator_that_breaks_is_an_error_of_its_own(get, ends, message):
    def asks(parameters):
        runs = yield {"one": Leg(parameters)}
        return ends(runs)

    broken, sound = judged(generator(asks), claim(always), get=get)
    assert broken.verdict is Verdict.ERROR
    assert message in broken.measurement.statistic
    assert sound.verdict is not Verdict.ERROR


def test_a_control_that_leads_a_claim_to_runs_that_are_not_there_is_an_error(get):
    def asks(parameters):
        runs = yield {"one": Leg(parameters)}
        if "changed" in runs["one"].attrs:
            runs = yield {"never run": Leg(parameters)}
        return always(parameters, runs["one"])

    look = Control("x", "x", look=lambda p, runs: {"one": runs["one"].assign_attrs(changed=1)})
    (result,) = judged(generator(asks, look), get=get)
    assert "asks for never run, which was not run" in result.controls[0].measurement.statistic
    assert result.verdict is Verdict.ERROR


def test_a_declared_claim_is_a_generator_that_asks_once(get):
    asks = claim(always).asks(TINY)
    legs = next(asks)
    assert list(legs) == [PRETRAINING]
    requests = legs[PRETRAINING].requests("evaluate", range(2))
    found = get(requests)
    with pytest.raises(StopIteration) as done:
        asks.send({PRETRAINING: join([found[request] for request in requests])})
    assert done.value.value.successes == 2


EDGES = [
    {"visible": 1.0}, {"visible": 1e-6}, {"off_class": 0.0}, {"single_view": 0.0}, {"views": 1},
    {"single_view": 1.0}, {"patch_noise": 0.0}, {"feature_noise": 0.0}, {"kernels_per_class": 1},
    {"init_scale": 5.0}, {"amplification": 1e-3}, {"power": 2}, {"tau": 1.0},
]  # fmt: skip


@pytest.mark.parametrize("edge", EDGES, ids=str)
def test_at_the_edges_of_its_range_a_parameter_breaks_no_claim_before_its_runs(edge):
    """Conditions, legs and predictions exist, or the claim says that it has none there."""
    for claim in select(["all"]):
        for framework in set(claim.frameworks) & set(QUICK):
            regime = replace(QUICK[framework], **edge)
            claim.broken(regime, framework)
            ended = without_runs(claim, regime, framework)
            assert ended is None or ended.verdict is Verdict.OUT_OF_REGIME
            if claim.prediction is not None:
                claim.prediction(regime)


def undefined(setting, framework=None):
    """Ids of claims that are not defined under a setting; a claim that breaks is an error."""
    preset = load_preset("quick").override(parse_settings(setting.split(",")))
    found = set()
    for claim in all_claims():
        if "digits" in claim.needs or about_networks(claim) or claim.id.startswith("D."):
            continue  # reads pictures that need not be here
        for own in set(claim.frameworks) & set(preset.regimes):
            ended = without_runs(claim, preset.regimes[own], own)
            if ended is not None:
                assert ended.verdict is Verdict.OUT_OF_REGIME, (claim.id, own, ended.measurement)
                assert ended.violated
                assert "not run" in ended.measurement.statistic
                found.add(claim.id)
    return found


@pytest.mark.parametrize("setting", ["q=5", "m=1", "s=0", "mu=0", "gain=hold"])
def test_within_what_the_law_admits_every_claim_is_defined(setting):
    assert not undefined(setting)


ON_THE_PATH = {"S.bounded", "S.capture", "S.single"}
OF_A_SECOND_VIEW = {
    "KD.transfer", "SD.transfer", "KD.knowledge", "KD.time", "KD.smoothing", "CMP.labels",
    "CMP.link", "CMP.unequal", "CMP.keep", "CMP.noise",
}  # fmt: skip
OF_TWO_VIEWS = {
    "ENS.union", "ENS.error", "ENS.vote", "L12", "CMP.angle", "CMP.init", "KD.residual",
    "S.single", "S.bounded",
}  # fmt: skip


@pytest.mark.parametrize("setting", ["views=3", "views=5,d=80"])
def test_with_more_views_only_what_is_derived_for_two_is_not_defined(setting):
    assert undefined(setting) == OF_TWO_VIEWS


@pytest.mark.parametrize(
    ("setting", "without"),
    [
        ("views=1", ON_THE_PATH | OF_TWO_VIEWS | OF_A_SECOND_VIEW | {"CMP.rival"}),
        ("k=2", ON_THE_PATH),
        ("q=2", ON_THE_PATH | {"S.time", "S.later", "S.further", "S.race", "AUG.rate"}
         | {"CMP.init", "CMP.rival", "CMP.unequal"}),
        ("mu=1", ON_THE_PATH | {"S.time"}),  # S.later begins at mu = 1/2
        ("C_p=1", {"L8", "KD.residual"}),
        ("theta=1", {"L4", "L5", "L6", "L7", "L16"}),
        ("Delta=0", {"CMP.keep"}),
        ("gain=ema,method=descent", {"L3", "A.flow", "A.descent"}),
    ],
)  # fmt: skip
def test_a_claim_that_a_regime_does_not_define_says_so_before_any_run(setting, without):
    assert undefined(setting) == without


def test_where_nothing_is_learned_no_claim_is_an_error():
    assert undefined("signal=false") >= {"L1", "L2", "L16", "CMP.ssl", "CMP.keep", "S.time"}


def test_the_reason_is_a_condition_that_a_report_can_print_and_a_record_keeps():
    regimes = {"mae": replace(QUICK["mae"], views=1)}
    (found,) = evaluate(select(["CMP.rival"]), regimes, range(4), "s", lambda requests: {})
    (condition,) = found.violated
    assert (condition.id, condition.applies_to) == ("defined here", ("mae",))
    assert not condition.holds
    assert "q=3, views=1: no initial scale makes a losing view" in condition.statement
    assert found.verdict is Verdict.OUT_OF_REGIME
    assert final_verdict(found.measurement.measured, True, False) is found.verdict


@pytest.mark.parametrize("wrong", [RegimeError, ValueError])
def test_a_prediction_that_a_regime_does_not_define_comes_before_the_runs(wrong, get):
    def prediction(parameters):
        raise wrong("no view wins")

    (found,) = judged(replace(claim(always), prediction=prediction), get=get)
    if wrong is RegimeError:
        assert "not run, no run is defined here: no view wins" in found.measurement.statistic
    else:
        assert found.prediction == "none, the prediction failed with ValueError: no view wins"


@pytest.mark.parametrize(("seeds", "enough"), [(2, False), (24, True)])
def test_a_control_that_looks_at_too_few_seeds_has_not_failed(seeds, enough, get):
    """Two seeds, none true: their upper bound 0.78 is below 0.8, but two seeds are no control."""

    def measure(parameters, runs):
        return share_of_seeds(np.full(runs.sizes["seed"], "looked" not in runs.attrs), "unlooked")

    control = Control("looked at", "x", look=lambda parameters, runs: runs.assign_attrs(looked=1))
    (result,) = judged(claim(measure, control), get=get, seeds=seeds)
    assert result.controls[0].measurement.successes == 0
    assert result.controls[0].failed_as_it_should is enough


@pytest.mark.parametrize(("seeds", "enough"), [(3, False), (24, True)])
def test_a_control_of_too_few_seeds_has_not_failed_though_its_number_is_refuted(seeds, enough, get):
    """A mean has an interval from two seeds on, and says no from there."""

    def measure(parameters, runs):
        values = np.linspace(0.9, 1.1, runs.sizes["seed"]) - 5 * ("looked" in runs.attrs)
        return all_numbers([mean_number("a mean", values, 1.0, Rival("none", 0.0), (0.5, 1.5))], "")

    control = Control("looked at", "x", look=lambda parameters, runs: runs.assign_attrs(looked=1))
    asked = replace(claim(measure, control), per_seed=False)
    (result,) = judged(asked, get=get, seeds=seeds)
    assert result.controls[0].measurement.measured is Verdict.REFUTED
    assert result.controls[0].failed_as_it_should is enough
