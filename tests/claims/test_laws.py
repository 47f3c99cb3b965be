"""Laws as claims: they follow the numbers they are given, and small runs of the real thing."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.laws import (
    l2_growth,
    l3_threshold,
    l5_separatrix,
    l6_leak,
    l7_decay,
    l9_balance,
    l14_second_view,
    l15_mae_growth,
    l16_leak_race,
)  # fmt: skip
from mrpverify.claims.laws.bisection import Bisection
from mrpverify.claims.legs import Leg
from mrpverify.claims.registry import select
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.theory import hitting
from mrpverify.theory.growth import growth_rate, hitting_time
from mrpverify.theory.leak_race import drift, impurity_times
from mrpverify.theory.mae_growth import course

SEEDS = 24
SALT = "tests"  # neither explored nor judged on
QUICK = load_preset("quick").regimes
REGIME = QUICK["teacher-student"]


def noisy(values, share=0.01):
    """The values in every seed, each off by about `share` [seeds, ...]."""
    draws = np.random.default_rng(0).normal(size=(SEEDS, *np.shape(values)))
    return np.asarray(values) * (1 + share * draws)


def test_every_law_is_a_claim_with_a_control_in_each_framework():
    laws = {claim.id: claim for claim in select(["laws"])}
    assert set(laws) == {
        *(f"L{n}" for n in range(1, 17)),
        "RD",
        "T1.bounded_later",
        "FIX.threshold",
        "FIX.second",
    }
    for claim in laws.values():
        assert all(claim.controls.values()), claim.id
        assert claim.role == (
            "finding" if claim.id in ("L13", "RD", "T1.bounded_later") else "gate"
        )


# Bisection


def search(threshold, rounds, low=1.0, high=3.0):
    """A search whose run at a point is the point itself, with a threshold for each seed."""
    parameters = Parameters()
    return Bisection(
        "x", low, high, rounds,
        leg=lambda x: Leg(replace(parameters, amplification=x)),
        grows=lambda run: run["point"].values > threshold,
    )  # fmt: skip


def carried_out(found, seeds):
    """The rounds of a search, one after the other, as `evaluate` runs them."""
    runs = {}
    while legs := found.next_leg(found.known(runs)):
        for name, leg in legs.items():
            point = leg.parameters.amplification
            runs[name] = xr.Dataset({"point": ("seed", np.full(seeds, point))})
    return runs


@given(st.floats(1.01, 2.99), st.integers(3, 12))
def test_bisection_brackets_a_threshold_to_its_last_round(threshold, rounds):
    found = search(np.full(3, threshold), rounds)
    runs = carried_out(found, 3)
    below, above = found.bracket(runs)
    assert len(runs) == rounds
    assert (below < threshold).all() or np.isinf(below).all() or threshold in found.known(runs)
    assert (threshold <= above).all()
    both = np.isfinite(below) & np.isfinite(above)
    assert (above - below)[both] == pytest.approx(2.0 * 2.0**-rounds)


def test_seeds_keep_brackets_of_their_own():
    thresholds = np.array([1.5, 1.9, 1.9, 1.9, 2.6])
    found = search(thresholds, 8)
    below, above = found.bracket(carried_out(found, 5))
    assert ((below <= thresholds) & (thresholds <= above)).all()
    assert (above - below)[1] < 0.01 < (above - below)[4]


# Measures on made-up runs: what the law says is supported, what its rival says is refuted


def crossing(times):
    """A run in which one pair crosses at the given times [seeds]."""
    return xr.Dataset({"crossing_time": (("seed", "kernel", "feature"), times[:, None, None])})


@pytest.mark.parametrize("framework", ["mae", "supervised"])
def test_growth_tells_its_exponent_from_the_rivals(framework):
    regime = QUICK[framework]

    def measured(whose):
        runs = {}
        for power in l2_growth.POWERS:
            for size in l2_growth.SIZES:
                time = size ** hitting.exponent(whose, power)
                runs[l2_growth._name(power, size)] = crossing(noisy(time))
        return l2_growth.measure(regime, runs).measured

    assert measured(framework) is Verdict.SUPPORTED
    assert measured(hitting.RIVALS[framework]) is Verdict.REFUTED


def capturing(power, size, started):
    """A teacher-student run of L2; seeds that have not started never cross [seeds]."""
    p = l2_growth.regime(QUICK["teacher-student"], power, size)
    start = np.array([[0.5, 2.0], [-1.0, 0.3]]) * p.init_scale
    rates = np.full((len(started), p.features), growth_rate(p))
    time = np.full((len(started), 2, 2), np.inf)
    time[started, 0, 1] = hitting_time(start[0, 1], growth_rate(p), power, p.linear_from)
    # E[A^2] and E[B] that give the rate of the law.
    square = (growth_rate(p) * power * p.linear_from ** (2 * power - 2)) / (p.start_gain**power - 1)
    return xr.Dataset(
        {
            "crossing_time": (("seed", "kernel", "feature"), time),
            "initial_correlations": (("seed", "kernel", "feature"), np.stack([start] * len(time))),
            "squared_activity": (("seed", "feature"), np.full_like(rates, square)),
            "patch_activity": (("seed", "feature"), np.zeros_like(rates)),
        }
    )


@pytest.mark.parametrize("missing", [0, 1, 10])
def test_growth_leaves_out_seeds_that_ran_out_of_steps_and_counts_the_others(missing):
    started = np.arange(SEEDS) >= missing
    runs = {
        l2_growth._name(power, size): capturing(power, size, started)
        for power in l2_growth.POWERS
        for size in l2_growth.SIZES
    }
    found = l2_growth.measure(QUICK["teacher-student"], runs)
    numbers = found.details["numbers"]
    assert [row["seeds"] for row in numbers] == [SEEDS - missing] * 4
    assert [row["value"] for row in numbers[1::2]] == pytest.approx([1.0, 1.0])
    supported = found.measured is Verdict.SUPPORTED
    assert supported == (SEEDS - missing >= 16)


def leaking(exponents):
    """Runs of L6 in which T ~ d_0^{-exponent}, right at the smallest d_0."""
    regime, runs = QUICK["teacher-student"], {}
    for power, exponent in zip(l6_leak.POWERS, exponents, strict=True):
        p = l6_leak.regime(regime, power)
        d = l6_leak.starts(p)
        first = l6_leak.sibling_leak_time(p, float(d[0]))
        times = noisy(first * (d / d[0]) ** -exponent, 0.001)
        crossed = np.full((SEEDS, l6_leak.RUNGS, p.features), np.inf)
        crossed[:, :, 1] = times
        runs[f"q = {power}"] = xr.Dataset(
            {
                "crossing_time": (("seed", "kernel", "feature"), crossed),
                "own_activity": (("seed", "feature"), np.full((SEEDS, p.features), 0.5)),
            }
        )
    return regime, runs


def test_leak_tells_its_exponent_from_that_of_capture():
    assert l6_leak.measure(*leaking((1, 2))).measured is Verdict.SUPPORTED
    assert l6_leak.measure(*leaking((4, 6))).measured is Verdict.REFUTED


def test_a_leak_that_some_seeds_never_show_supports_nothing():
    regime, runs = leaking((1, 2))
    few = {name: run.copy(deep=True) for name, run in runs.items()}
    few["q = 4"]["crossing_time"].values[10:] = np.inf
    assert l6_leak.measure(regime, few).measured is not Verdict.SUPPORTED


def ladder(won, empty=0):
    """Runs of L5 with the rungs on which the leader wins; `empty` seeds lack class 0."""
    regime = QUICK["teacher-student"]
    start = np.ones((SEEDS, 2 * l5_separatrix.RUNGS, 4))
    start[:, : l5_separatrix.RUNGS, 1] = l5_separatrix.ratios()
    runs = {}
    for name in l5_separatrix.legs(regime):
        end = start.copy()
        end[:, : l5_separatrix.RUNGS, 1] *= np.where(won(name), 0.5, 2.0)
        end[:empty] = start[:empty]
        activity = np.ones((SEEDS, 4))
        activity[:empty, 0] = 0.0
        axes = ("seed", "kernel", "feature")
        runs[name] = xr.Dataset(
            {
                "initial_correlations": (axes, start),
                "crossing_correlations": (axes, end),
                "final_correlations": (axes, end),
                "own_activity": (("seed", "feature"), activity),
            }
        )
    return regime, runs


def as_the_law_says(name):
    """Rungs on which the leader wins by L5."""
    regime = QUICK["teacher-student"]
    if name in l5_separatrix.extremes(regime):
        return l5_separatrix.extremes(regime)[name][1]
    p = l5_separatrix.searches(regime)[name]
    advantage = l5_separatrix.leader_advantage(p.gain_floor, p.amplification)
    return l5_separatrix.ratios() < l5_separatrix.separating_ratio(advantage, p.power)


@pytest.mark.parametrize("empty", [0, 3])
def test_the_separatrix_is_found_and_its_rivals_are_refuted(empty):
    assert l5_separatrix.measure(*ladder(as_the_law_says, empty)).measured is Verdict.SUPPORTED
    for everywhere in (True, False):
        found = l5_separatrix.measure(*ladder(lambda name, w=everywhere: w, empty))
        assert found.measured is Verdict.REFUTED


def test_a_leader_that_wins_here_and_there_has_no_separatrix():
    def scattered(name):
        return ~as_the_law_says(name) if name in l5_separatrix.searches(REGIME) else True

    assert l5_separatrix.measure(*ladder(scattered)).measured is not Verdict.SUPPORTED


def balanced(order, drop_power=False):
    """Runs of L9 whose violation falls with the step to the given order."""
    q = QUICK["mae"].power
    runs = {}
    for fraction in l9_balance.FRACTIONS:
        violation = noisy(1e-3 * fraction**order)[:, None, None]
        initial = np.ones((SEEDS, 5, 1))
        final = initial * 2.0  # ||w||^2 grows by 3
        grown = 3.0 * (1 - violation) / (1 if drop_power else q)
        runs[f"step {fraction:g}"] = xr.Dataset(
            {
                "initial_weights": (("seed", "kernel", "dimension"), initial),
                "final_weights": (("seed", "kernel", "dimension"), final),
                "final_decoder": (("seed", "kernel", "dimension"), np.sqrt(1 + grown) * initial),
                "crossing_time": (("seed", "kernel", "feature"), np.full((SEEDS, 5, 2), np.inf)),
            }
        )
    return QUICK["mae"], runs


def test_the_balance_needs_its_power_and_a_violation_that_falls_with_the_step():
    assert l9_balance.measure(*balanced(1)).measured is Verdict.SUPPORTED
    assert l9_balance.measure(*balanced(0)).measured is Verdict.REFUTED
    assert l9_balance.measure(*balanced(1, drop_power=True)).measured is Verdict.REFUTED


def growing(length):
    """Runs of L15 whose kernels have the length `length(regime, times)`, class 0 a little more."""
    regime, runs = QUICK["mae"], {}
    for name, case in l15_mae_growth.CASES.items():
        p = l15_mae_growth.regime(regime, case)
        time = np.geomspace(1.0, case.until, 60)
        c = noisy(length(p, time))[..., None, None] * np.array([[1.02, 0.1], [0.1, 1 / 1.02]])
        snapshots = np.concatenate([c[:, :1], c], 1)
        axes = ("seed", "step", "kernel", "feature")
        runs[name] = xr.Dataset(
            {
                "time": (("seed", "step"), np.tile(np.append(0.0, time), (SEEDS, 1))),
                "correlations": (axes, snapshots),
            }
        )
    return regime, runs


def test_growth_beyond_varrho_tells_its_powers_from_a_bound_and_from_a_square_root():
    def lawful(p, time):
        return course(p, time, l15_mae_growth.START)

    found = l15_mae_growth.measure(*growing(lawful))
    assert found.measured is Verdict.SUPPORTED
    assert all(number["rival_excluded"] for number in found.details["numbers"])
    for rival in (lambda p, time: 0.9 * time**0, lambda p, time: 0.01 * time**0.5):
        assert l15_mae_growth.measure(*growing(rival)).measured is Verdict.REFUTED


def test_the_two_powers_of_growth_are_not_each_others():
    regime, runs = growing(lambda p, time: course(p, time, l15_mae_growth.START))
    one, other = runs
    longer = runs[other].assign(time=runs[other]["time"] / 3)
    swapped = {one: longer, other: runs[one].assign(time=runs[one]["time"] * 3)}
    numbers = l15_mae_growth.measure(regime, swapped).details["numbers"]
    assert [row["measured"] for row in numbers if "exponent" in row["name"]] == ["REFUTED"] * 2


def test_a_kernel_that_did_not_get_to_t_supports_no_growth():
    regime, runs = growing(lambda p, time: course(p, time, l15_mae_growth.START))
    kept = xr.DataArray(np.arange(61) < 55, dims="step")
    short = {name: run.where(kept) for name, run in runs.items()}
    assert l15_mae_growth.measure(regime, short).measured is Verdict.INCONCLUSIVE


def racing(impure, speed=1.0):
    """Runs of L16 in which the kernels `impure(name, foretold)` are impure [seeds, kernels]."""
    regime, runs = REGIME, {}
    unit = np.random.default_rng(1).normal(size=(SEEDS, 24, 3))
    for name, cell in l16_leak_race.cells(regime).items():
        p = l16_leak_race.regime(regime, cell)
        start, rate = p.init_scale * unit, growth_rate(p)
        times = np.array([impurity_times(p, c, np.full(3, rate)) for c in start])
        wrong = impure(name, times < p.horizon)
        end = np.where(wrong[..., None], 1.0, [1.0, 0.1, 0.1])
        crossed = np.where(unit.max(-1, keepdims=True) > 1.5, 1.0, np.inf) * np.ones(3)
        square = (rate * p.power * p.linear_from ** (2 * p.power - 2)) / (p.start_gain**p.power - 1)
        pairs = ("seed", "kernel", "feature")
        runs[name] = xr.Dataset(
            {
                "initial_correlations": (pairs, start),
                "final_correlations": (pairs, end),
                "crossing_correlations": (pairs, np.where(unit == unit.max(), 1.0, np.nan)),
                "crossing_time": (pairs, crossed),
                "squared_activity": (("seed", "feature"), np.full((SEEDS, 3), square)),
                "patch_activity": (("seed", "feature"), np.zeros((SEEDS, 3))),
            }
        )
    runs[l16_leak_race.AT_REST] = drifting(regime, speed)
    return regime, runs


def drifting(regime, speed):
    """Kernels at rest that drift at `speed` times the spread of the law."""
    p = l16_leak_race.noisy_regime(regime)
    law, unit = drift(p), np.random.default_rng(2).normal(size=(SEEDS, 8, 8))
    moved = speed * law.spread * unit * p.horizon
    start = np.broadcast_to(p.init_scale * np.eye(8), moved.shape)
    pairs = ("seed", "kernel", "feature")
    return xr.Dataset(
        {
            "initial_correlations": (pairs, start),
            "final_correlations": (pairs, start + moved),
        }
    )


def test_the_leak_race_knows_its_losers_from_those_of_its_rivals():
    found = l16_leak_race.measure(*racing(lambda name, foretold: foretold))
    assert found.measured is Verdict.SUPPORTED
    assert all(number["rival_excluded"] for number in found.details["numbers"])
    lost = _foretold()
    by_scale = racing(lambda name, _: lost["start" if name == "start" else "smaller"])
    by_delta = racing(lambda name, _: lost["scaled" if name == "scaled" else "start"])
    shuffled = racing(lambda name, foretold: np.roll(foretold, 1, axis=1))
    without_noise = racing(lambda name, foretold: foretold, speed=0.0)
    for rival in (by_scale, by_delta, shuffled, without_noise):
        assert l16_leak_race.measure(*rival).measured is Verdict.REFUTED


def _foretold():
    """The foretold kernels of every cell, by its name."""
    seen = {}
    racing(lambda name, foretold: seen.setdefault(name, foretold))
    return seen


def test_the_foreign_features_of_the_leak_race_come_and_go_with_the_presets():
    cell = l16_leak_race.cells(REGIME)["start"]
    assert l16_leak_race.regime(REGIME, cell).off_class == pytest.approx(0.6)
    assert l16_leak_race.regime(replace(REGIME, off_class=0.0), cell).off_class == 0


@pytest.mark.parametrize(
    ("law", "change", "name"),
    [
        ("L9", {"decoder": "independent"}, "decoder"),
        ("L14", {"target": "masked"}, "target"),
        ("L15", {"decoder": "tied"}, "decoder and target"),
    ],
)
def test_a_preset_with_another_decoder_or_target_is_out_of_the_laws_regime(law, change, name):
    (claim,) = select([law])
    assert claim.broken(QUICK["mae"], "mae") == ()
    assert [c.id for c in claim.broken(replace(QUICK["mae"], **change), "mae")] == [name]


# The real thing, for laws whose runs take seconds


@pytest.fixture(scope="module")
def judged(get):
    """Verdicts of two cheap laws in the regime of the quick preset."""
    regimes = {name: QUICK[name] for name in ("teacher-student", "mae")}
    claims = select(["L7", "L14"])
    return {r.claim.id: r for r in evaluate(claims, regimes, range(SEEDS), SALT, get)}


@pytest.mark.parametrize("law", ["L7", "L14"])
def test_cheap_laws_are_supported_and_their_controls_refuted(judged, law):
    """Seeds are fixed: the test does not flicker."""
    result = judged[law]
    assert result.verdict is Verdict.SUPPORTED, result.measurement
    assert all(number["rival_excluded"] for number in result.measurement.details["numbers"])
    assert [c.control.id for c in result.controls if not c.failed_as_it_should] == []


@pytest.mark.parametrize(
    ("module", "name", "wrong", "law"),
    [
        (l7_decay, "decay_exponent", lambda q: -1 / (q - 2), "L7"),
        (l14_second_view, "remaining_share", lambda p: p.mask_penalty / 2, "L14"),
    ],
)
def test_a_wrong_prediction_is_refuted_by_the_same_runs(
    judged, get, monkeypatch, module, name, wrong, law
):
    monkeypatch.setattr(module, name, wrong)
    claim = judged[law].claim
    framework = judged[law].framework
    found = evaluate([claim], {framework: QUICK[framework]}, range(SEEDS), SALT, get)
    assert found[0].verdict is Verdict.REFUTED


def test_a_threshold_search_starts_below_and_above_what_it_predicts():
    for search, (p, rival, _) in zip(
        l3_threshold.searches(QUICK["teacher-student"]),
        l3_threshold.cases(QUICK["teacher-student"]).values(),
        strict=True,
    ):
        expected = l3_threshold.gain_threshold(p)
        assert search.low < expected < search.high
        assert search.low < rival.value <= search.high
        assert abs(expected - rival.value) / 4 > (search.high - search.low) * 2.0**-search.rounds


def test_a_simulated_kernel_follows_its_course_beyond_varrho(get):
    """L15 at a twentieth of its T: 5 % of c, as images of a class are drawn."""
    case = l15_mae_growth.CASES["unequal patches"]._replace(until=5e3)
    p = l15_mae_growth.regime(QUICK["mae"], case)
    times = np.array([1e2, 1e3, 5e3])
    found = get([Leg(p).request(SALT, seed) for seed in range(4)])
    lengths = np.concatenate([l15_mae_growth.lengths(run, times) for run in found.values()])
    expected = course(p, times, l15_mae_growth.START)
    assert lengths.mean(0) == pytest.approx(expected, rel=0.05)
    assert expected[-1] > 1.5 * expected[0]


def test_simulated_kernels_lose_the_leak_race_as_foretold(get):
    """L16 without its smallest init: nine kernels in ten, and some of each kind."""
    cell = l16_leak_race.Cell(0.12, 0.5)
    p = l16_leak_race.regime(REGIME, cell)
    runs = get([Leg(p).request(SALT, seed) for seed in range(4)])
    found = [l16_leak_race.purity(p, run) for run in runs.values()]
    active, impure, predicted = (
        np.concatenate([getattr(seed, name) for seed in found]).ravel()
        for name in ("active", "impure", "predicted")
    )
    assert (impure == predicted)[active].mean() >= 0.9
    assert 0.1 < impure[active].mean() < 0.9
