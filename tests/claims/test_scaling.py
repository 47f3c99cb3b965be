"""The claims along the scaling path: they follow the numbers they are given; small real runs."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.laws.foretold import Foretold
from mrpverify.claims.registry import select
from mrpverify.claims.scaling import bounded, capture, exponents, further, race, single_view
from mrpverify.claims.scaling.path import sizes, sizes_to_the_end
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.drawn import initial_correlations
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.theory import supervised
from mrpverify.theory.growth import growth_rate, hitting_times
from mrpverify.theory.hitting import RIVALS, crossing_time, exponent
from mrpverify.theory.leak_race import impurity_times
from mrpverify.theory.resting import rest

QUICK = load_preset("quick").regimes
SEEDS = 24
SALT = "tests"  # neither explored nor judged on


def test_every_claim_of_the_path_has_a_control_and_keeps_its_conditions():
    claims = select(["scaling"])
    assert [claim.id for claim in claims] == [
        "S.capture",
        "S.time",
        "S.single",
        "S.race",
        "S.bounded",
    ]
    for claim in claims:
        for framework, controls in claim.controls.items():
            assert controls
            assert claim.broken(QUICK[framework], framework) == ()


def test_a_condition_that_fails_at_one_k_is_named_by_it():
    (claim,) = select(["S.capture"])
    # s ~ log k: at k = 4 two thirds of 1.6, a quarter of the classes; at k = 8 one in five.
    broken = claim.broken(replace(QUICK["teacher-student"], off_class=1.6), "teacher-student")
    assert [c.id for c in broken] == ["sparse presence, k = 4"]


def test_kernels_that_are_drawn_alone_are_those_of_the_run():
    p = replace(QUICK["supervised"], classes=3, dimension=9, images=20, method="descent")
    p = replace(p, kernels_per_class=2, max_steps=1, test_images=2)
    run = pretrain(p, SALT, [0, 5])
    drawn = initial_correlations(p, SALT, [0, 5])
    assert run.initial_correlations == pytest.approx(drawn, rel=1e-5, abs=1e-8)


# Made-up runs: what the law says is supported, what its rival says is refuted


def law_moments(p, seeds):
    """Moments with which every feature grows as the law says [seeds, features]."""
    square = growth_rate(p) * p.power * p.linear_from ** (2 * p.power - 2)
    square /= p.start_gain**p.power - 1
    every = ("seed", "feature")
    shape = (seeds, p.features)
    return {
        "squared_activity": (every, np.full(shape, square)),
        "patch_activity": (every, np.zeros(shape)),
        "own_activity": (every, np.full(shape, supervised.own_activity(p))),
    }


def timed(p, exponent_of):
    """A run in which one pair crosses, its time by the exponent of some framework in sigma_0."""
    rng, seeds = np.random.default_rng(p.classes), exponents.SEEDS
    start = np.zeros((seeds, p.kernels, p.features))
    start[:, 0, 1] = p.init_scale * rng.uniform(1.0, 2.0, seeds) * np.sqrt(np.log(p.features))
    degrees = exponent(exponent_of, p.power) - exponent(p.framework, p.power)
    time = np.full_like(start, np.inf)
    own = np.array([crossing_time(p, c) for c in start[:, 0, 1]])
    time[:, 0, 1] = own * p.init_scale**degrees * np.exp(0.02 * rng.normal(size=seeds))
    pair = ("seed", "kernel", "feature")
    return xr.Dataset(
        {"crossing_time": (pair, time), "initial_correlations": (pair, start)}
        | law_moments(p, seeds),
        attrs={"parameters": json.dumps(asdict(p))},
    )


@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised"])
@pytest.mark.parametrize(("claim", "last"), [("S.time", 32), ("S.later", 128)])
def test_time_tells_its_exponent_from_the_rivals_and_from_a_fixed_start(claim, last, framework):
    regime, (asked,) = QUICK[framework], select([claim])
    laws = {name: leg.parameters for name, leg in asked.legs(regime).items()}
    assert list(laws)[3] == f"k = {last}"
    assert [c.id for c in asked.conditions(regime)][-1].endswith(f"k = {last}")

    def runs(whose):
        return {name: timed(p, whose) for name, p in laws.items()}

    found = asked.measure(regime, runs(framework))
    assert found.measured is Verdict.SUPPORTED
    assert found.details["bare_exponent"] != pytest.approx(found.value, abs=0.05)
    assert asked.measure(regime, runs(RIVALS[framework])).measured is Verdict.REFUTED
    (control,) = asked.controls[framework]
    seen = asked.measure(regime, control.look(regime, runs(framework)))
    assert seen.measured is Verdict.REFUTED
    assert seen.value == pytest.approx(1.0, abs=0.15)


def crossed(p, seeds, starting):
    """A run whose kernels cross for their first feature when the law says so, and hold it alone."""
    rates = np.full((1, 1, p.features), growth_rate(p))
    times = hitting_times(starting, np.broadcast_to(rates, starting.shape), 3, p.linear_from)
    first = times.argmin(-1)[..., None] == np.arange(p.features)
    early = first & (times < p.horizon)
    pair = ("seed", "kernel", "feature")
    return xr.Dataset(
        {
            "crossing_time": (pair, np.where(early, times, np.inf)),
            "crossing_correlations": (pair, np.where(early, p.linear_from, 0.0)),
            "initial_correlations": (pair, starting),
        }
        | law_moments(p, len(seeds)),
        coords={"seed": list(seeds)},
        attrs={"salt": SALT},
    )


@pytest.fixture(scope="module")
def lottery():
    """Runs of S.capture in which the law holds, from the kernels that are really drawn."""
    found = {}
    for name, leg in capture.legs(QUICK["teacher-student"]).items():
        seeds = range(leg.seeds or SEEDS)
        start = initial_correlations(leg.parameters, SALT, seeds)
        found[name] = crossed(leg.parameters, seeds, start)
    return found


def test_capture_is_supported_by_its_law_and_refuted_at_a_constant_m(lottery):
    regime = QUICK["teacher-student"]
    found = capture.measure(regime, lottery)
    assert found.measured is Verdict.SUPPORTED
    shares = [n["value"] for n in found.details["numbers"] if n["name"].startswith("captured")]
    assert shares == sorted(shares)
    assert shares[-1] > 0.97
    fewer = capture.measure(regime, capture.CONSTANT_M.look(regime, lottery))
    assert fewer.measured is Verdict.REFUTED
    at_last = [n["value"] for n in fewer.details["numbers"]][3]
    assert at_last == pytest.approx(1 - np.exp(-0.95 * capture.FEWER / 2), abs=0.02)


def test_the_further_claim_asks_the_same_at_eight_and_sixteen_times_the_presets_k():
    regime = replace(QUICK["teacher-student"], classes=2)
    runs = {}
    for name, leg in further.legs(regime).items():
        assert leg.parameters.kernels_per_class == capture.PART
        seeds = range(leg.seeds)
        start = initial_correlations(leg.parameters, SALT, seeds)
        runs[name] = crossed(leg.parameters, seeds, start)
    assert list(runs) == ["k = 16", "k = 32"]
    found = further.measure(regime, runs)
    assert found.measured is Verdict.SUPPORTED
    (control,) = further.CLAIMS[0].controls["teacher-student"]
    assert further.measure(regime, control.look(regime, runs)).measured is Verdict.REFUTED
    assert [c.id for c in further.conditions(regime)][-1].endswith("k = 32")


def test_capture_is_refuted_by_training_that_loses_what_was_foretold(lottery):
    """Kernels that end impure: one feature of another class at half their own correlation."""
    regime = QUICK["teacher-student"]
    spoiled = {}
    for name, run in lottery.items():
        there = run["crossing_correlations"].copy()
        there[:, ::2] = np.maximum(there[:, ::2], 0.6 * QUICK["teacher-student"].linear_from)
        spoiled[name] = run.assign(crossing_correlations=there)
    assert capture.measure(regime, spoiled).measured is Verdict.REFUTED


def at_the_end(p, seeds, starting, pure=None):
    """A run in which every kernel is at T what the race says, or class-pure where `pure` says."""
    run = crossed(p, seeds, starting)
    rate = np.full(p.features, growth_rate(p))
    if pure is None:
        pure = np.stack([impurity_times(p, c, rate) >= p.horizon for c in starting])
    end = run["crossing_correlations"].values.copy()
    other = np.roll(end, p.views, axis=-1)
    end = end + np.where(pure[..., None], 0.0, 0.7 * other)
    return run.assign(final_correlations=(run["crossing_correlations"].dims, end))


@pytest.fixture(scope="module")
def raced():
    """Runs of S.race in which the law holds, from the kernels that are really drawn."""
    found = {}
    for name, leg in race.legs(QUICK["teacher-student"]).items():
        seeds = range(leg.seeds)
        start = initial_correlations(leg.parameters, SALT, seeds)
        found[name] = at_the_end(leg.parameters, seeds, start)
    return found


def test_the_race_is_supported_by_its_law_and_shows_both_sides(raced):
    regime = QUICK["teacher-student"]
    found = race.measure(regime, raced)
    assert found.measured is Verdict.SUPPORTED
    fixed, paced, crossing = found.details["curves"]
    assert fixed["y"][-1] > fixed["y"][0] + 0.3
    assert max(paced["y"]) < 0.35
    assert crossing["y"] == [0.0] * 4
    assert race.measure(regime, race.CROSSING.look(regime, raced)).measured is Verdict.REFUTED


@pytest.mark.parametrize("whose", [race.FIXED, race.SCALED])
def test_the_race_is_refuted_where_delta_does_nothing(raced, whose):
    """Both sides come out as one of them would: purity depends on sigma_0 alone, or on nothing."""
    every = dict(raced)
    for k in race.SIZES:
        for way in (race.FIXED, race.SCALED):
            every[race._name(way, k)] = raced[race._name(whose, k)]
    assert race.measure(QUICK["teacher-student"], every).measured is Verdict.REFUTED


def test_the_race_tells_features_that_are_lost_from_impure_kernels(raced):
    """Kernels that vanish once they are impure: held at all then falls too, which is refuted."""
    spoiled = {}
    for name, run in raced.items():
        end = run["final_correlations"]
        gone = (end > 0).sum("feature") > 1
        spoiled[name] = run.assign(final_correlations=end.where(~gone, 0.0))
    assert race.measure(QUICK["teacher-student"], spoiled).measured is Verdict.REFUTED


def answered(run, single, multi=1.0):
    """The run with these accuracies [seeds] on single-view test images."""
    seeds, number = run.sizes["seed"], 10_000
    right = np.full((seeds, 1, 3), number) * np.broadcast_to(multi, seeds)[:, None, None]
    right[:, 0, 1:] = np.round(number * np.broadcast_to(single, seeds))[:, None]
    axes = ("law", "seed", "class", "shown")
    return run.assign(
        test_correct=(axes, right[None].astype(int)),
        test_number=(axes, np.full((1, seeds, 1, 3), number)),
    ).assign_coords(law=["in distribution"])


def labelled(p, seeds):
    """A run of which nothing is looked at but its answers."""
    return xr.Dataset({"seed_number": ("seed", np.arange(seeds))}, attrs={"salt": SALT}).assign(
        law_moments(p, seeds)
    )


@pytest.fixture
def flow_of_one_view(monkeypatch):
    """The closed flow, for which the leading term stands: every class holds its first view."""

    def said(p, runs):
        seeds, plain = runs.sizes["seed"], supervised.single_view_accuracy(p)
        ends = np.zeros((seeds, p.classes, 2, p.kernels_per_class))
        ends[:, :, 0, 0] = 6.0
        held = np.tile([1.0, 0.0], (seeds, p.classes, 1))
        return Foretold(np.full(seeds, plain), held, held, ends)

    monkeypatch.setattr(single_view, "foretell", said)


def test_supervised_learning_tends_to_one_half_and_not_at_a_constant_s(flow_of_one_view):
    regime, rng = QUICK["supervised"], np.random.default_rng(4)
    laws = {name: leg.parameters for name, leg in single_view.legs(regime).items()}

    def runs(accuracy_of):
        noise = 0.02 * rng.normal(size=single_view.SEEDS)
        return {
            name: answered(labelled(p, single_view.SEEDS), accuracy_of(p) + noise)
            for name, p in laws.items()
        }

    law = runs(supervised.single_view_accuracy)
    found = single_view.measure(regime, law)
    assert found.measured is Verdict.SUPPORTED
    shown = found.details["curves"][0]["y"]
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] < 0.62
    # The control's runs have the s of the least k; so has a network that learned both views.
    fixed = single_view.SAME_S.look(regime, law)
    assert single_view.measure(regime, fixed).measured is Verdict.REFUTED
    assert single_view.measure(regime, runs(lambda p: 0.97)).measured is Verdict.REFUTED
    spoiled = {name: answered(run, 0.61, multi=0.9) for name, run in law.items()}
    assert single_view.measure(regime, {**law, "k = 16": spoiled["k = 16"]}).measured is (
        Verdict.REFUTED
    )


def by_views(p, held):
    """A run whose images of one view are right as its views [seeds, classes, views] say."""
    seeds, number = len(held), 10_000
    of_class = held.sum(-1, keepdims=True)
    foreign = of_class.sum(-2, keepdims=True) - of_class
    by_rest = (of_class > 0) * (1 - p.off_class / p.classes) ** foreign
    single = np.where(held, 1.0, by_rest)
    right = np.concatenate([of_class > 0, single], -1) * number
    axes = ("law", "seed", "class", "shown")
    return (
        labelled(p, seeds)
        .assign(
            test_correct=(axes, np.round(right)[None].astype(int)),
            test_number=(axes, np.full((1, *right.shape), number)),
        )
        .assign_coords(law=["in distribution"])
    )


def test_fine_tuning_tends_to_one_and_knows_nothing_of_missed_views():
    regime = QUICK["teacher-student"]
    runs = {}
    for name, leg in single_view.legs(regime).items():
        if leg.start is not None:
            p, seeds = leg.start, range(leg.seeds)
            start = initial_correlations(p, SALT, seeds)
            before = at_the_end(p, seeds, start)
            rates = capture.rates_of(p, before)
            runs[name] = by_views(p, single_view.held_views(p, start, rates))
            runs[f"pretraining of {name}"] = before
    assert set(runs) == set(single_view.legs(regime))
    found = single_view.measure(regime, runs)
    assert found.measured is Verdict.SUPPORTED
    shown = found.details["curves"][0]["y"]
    assert shown[-1] > max(shown[0], 0.9)
    missed = single_view.UNKNOWN_VIEWS.look(regime, runs)
    assert single_view.measure(regime, missed).measured is Verdict.REFUTED
    # One view of a class, as supervised learning, is refuted by the same numbers.
    one = {n: by_views(leg.start, np.tile([True, False], (16, leg.start.classes, 1)))
           for n, leg in single_view.legs(regime).items() if leg.start is not None}  # fmt: skip
    assert single_view.measure(regime, {**runs, **one}).measured is Verdict.REFUTED


def ended(p, largest):
    """A run whose classes all hold one view at this correlation [seeds]."""
    end = np.zeros((len(largest), p.kernels, p.features))
    end[:, : p.classes] = np.eye(p.features)[:: p.views] * largest[:, None, None]
    return xr.Dataset({"final_correlations": (("seed", "kernel", "feature"), end)})


def test_bounded_tells_rest_from_growth_with_log_k():
    regime, noise = QUICK["teacher-student"], 0.01 * np.linspace(-1, 1, SEEDS)

    def runs(of):
        return {
            name: ended(leg.parameters, of(leg.parameters) + noise)
            for name, leg in bounded.legs(regime).items()
        }

    rests = runs(lambda p: rest(p).correlation)
    assert bounded.measure(regime, rests).measured is Verdict.SUPPORTED
    late = bounded.LATE_REST.look(regime, rests)
    assert bounded.measure(regime, late).measured is Verdict.REFUTED
    grows = runs(lambda p: 0.77 * np.log(p.classes) / np.log(4))
    assert bounded.measure(regime, grows).measured is Verdict.REFUTED


def test_bounded_lets_supervised_learning_grow_like_its_flow(monkeypatch):
    regime, noise = QUICK["supervised"], 0.05 * np.linspace(-1, 1, SEEDS)

    def said(p, runs):
        ends = np.full((4, p.classes, 2, 1), 3 + 1.6 * np.log(p.classes))
        return Foretold(np.ones(4), ends[..., 0], ends[..., 0], ends)

    monkeypatch.setattr(bounded, "foretell", said)
    laws = {name: leg.parameters for name, leg in bounded.legs(regime).items()}
    grows = {n: ended(p, 2.5 + 1.5 * np.log(p.classes) + noise) for n, p in laws.items()}
    found = bounded.measure(regime, grows)
    assert found.measured is Verdict.SUPPORTED
    assert found.value == pytest.approx(1.5)
    rests = {n: ended(p, 6.0 + noise) for n, p in laws.items()}
    assert bounded.measure(regime, rests).measured is Verdict.REFUTED


def test_the_path_starts_at_half_the_k_of_the_preset():
    assert sizes(QUICK["mae"]) == (4, 8, 16, 32)
    assert sizes(load_preset("large").regimes["mae"]) == (10, 20, 40, 80)
    assert sizes(replace(QUICK["mae"], classes=3)) == (2, 4, 8, 16)
    assert sizes_to_the_end(QUICK["mae"]) == (4, 8, 12, 16)


@pytest.mark.slow
def test_times_of_a_short_path_are_those_of_the_law(get):
    """The same law at k = 2 to 16, by training."""
    (claim,) = select(["S.time"])
    small = replace(QUICK["teacher-student"], classes=4, dimension=48)
    (found,) = evaluate([claim], {"teacher-student": small}, range(SEEDS), SALT, get)
    assert found.measurement.measured is Verdict.SUPPORTED, found.measurement
    assert found.controls[0].failed_as_it_should
