"""The claims along the scaling path: they follow the numbers they are given; small real runs."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import select
from mrpverify.claims.scaling import capture, exponents
from mrpverify.claims.scaling.path import sizes
from mrpverify.judge.verdicts import Verdict
from mrpverify.records.drawn import initial_correlations
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.theory import supervised
from mrpverify.theory.growth import growth_rate, hitting_times
from mrpverify.theory.hitting import RIVALS, crossing_time, exponent

QUICK = load_preset("quick").regimes
SEEDS = 24
SALT = "tests"  # neither explored nor judged on


def test_every_claim_of_the_path_has_a_control_and_keeps_its_conditions():
    claims = select(["scaling"])
    assert [claim.id for claim in claims] == ["S.capture", "S.time"]
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
    start[:, 0, 1] = p.init_scale * rng.uniform(1.5, 3.5, seeds)
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
def test_time_tells_its_exponent_from_the_rivals_and_from_a_fixed_start(framework):
    regime = QUICK[framework]
    laws = {name: leg.parameters for name, leg in exponents.legs(regime).items()}

    def runs(whose):
        return {name: timed(p, whose) for name, p in laws.items()}

    found = exponents.measure(regime, runs(framework))
    assert found.measured is Verdict.SUPPORTED
    assert found.details["bare_exponent"] != pytest.approx(found.value, abs=0.05)
    assert exponents.measure(regime, runs(RIVALS[framework])).measured is Verdict.REFUTED
    fixed = exponents.FIXED_SCALE.look(regime, runs(framework))
    seen = exponents.measure(regime, fixed)
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


def test_capture_is_refuted_by_training_that_loses_what_was_foretold(lottery):
    """Kernels that end impure: one feature of another class at half their own correlation."""
    regime = QUICK["teacher-student"]
    spoiled = {}
    for name, run in lottery.items():
        there = run["crossing_correlations"].copy()
        there[:, ::2] = np.maximum(there[:, ::2], 0.6 * QUICK["teacher-student"].linear_from)
        spoiled[name] = run.assign(crossing_correlations=there)
    assert capture.measure(regime, spoiled).measured is Verdict.REFUTED


def test_the_path_starts_at_half_the_k_of_the_preset():
    assert sizes(QUICK["mae"]) == (4, 8, 16, 32)
    assert sizes(load_preset("large").regimes["mae"]) == (10, 20, 40, 80)
    assert sizes(replace(QUICK["mae"], classes=3)) == (2, 4, 8, 16)


@pytest.mark.slow
def test_times_of_a_short_path_are_those_of_the_law(get):
    """The same law at k = 2 to 16, by training."""
    (claim,) = select(["S.time"])
    small = replace(QUICK["teacher-student"], classes=4, dimension=48)
    (found,) = evaluate([claim], {"teacher-student": small}, range(SEEDS), SALT, get)
    assert found.measurement.measured is Verdict.SUPPORTED, found.measurement
    assert found.controls[0].failed_as_it_should
