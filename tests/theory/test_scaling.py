"""The scaling path: orders against their definition, closed forms against counting and draws."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.theory import assumptions, growth, scaling
from mrpverify.theory.leak import foreign_drive, leak_times
from mrpverify.theory.leak_race import impure_from

QUICK = load_preset("quick").regimes
REGIME = QUICK["teacher-student"]


@given(st.sampled_from([3, 4]), st.sampled_from([16, 32, 64]))
def test_every_parameter_follows_its_order(power, classes):
    base = replace(REGIME, power=power)
    found = scaling.scaled(base, classes)
    share, logs = classes / 8, log(classes) / log(8)
    assert found.init_scale ** (power - 2) == pytest.approx(base.init_scale ** (power - 2) / share)
    assert found.kernels_per_class == round(20 * logs)
    assert found.off_class == pytest.approx(base.off_class * logs)
    assert found.feature_noise * classes / found.init_scale == pytest.approx(
        base.feature_noise * 8 / base.init_scale
    )
    assert found.images == 200 * share**2
    assert found.patch_noise * found.dimension**0.5 * logs == pytest.approx(
        base.patch_noise * base.dimension**0.5
    )
    # Delta ~ sigma_0^{-q} keeps tau_1 sigma_0, up to the K in tau_1^q = K + Delta.
    pure = replace(found, amplification=scaling.kept_pure(base, classes))
    assert pure.start_gain * pure.init_scale == pytest.approx(base.start_gain * base.init_scale)


def test_at_its_own_k_the_path_is_the_preset():
    for regime in QUICK.values():
        same = scaling.scaled(regime, regime.classes)
        assert replace(same, init_scale=regime.init_scale) == regime
        assert same.init_scale == pytest.approx(regime.init_scale)


def test_the_path_says_which_conditions_it_violates():
    broken = {
        (name, k): {c.id for c in assumptions.violated(scaling.scaled(p, k), name)}
        for name, p in QUICK.items()
        for k in (4, 8, 16, 32)
    }
    # m = 13 is too few at k = 4; at a fixed Delta leaks win the race in the end (L16).
    assert broken[("teacher-student", 4)] == {"coverage"}
    assert (
        broken[("teacher-student", 8)] == broken[("mae", 32)] == broken[("supervised", 4)] == set()
    )
    far = scaling.scaled(REGIME, 64)
    assert "leak race" in {c.id for c in assumptions.violated(far, "teacher-student")}


def test_there_is_no_path_at_q_two():
    with pytest.raises(ValueError, match="q >= 3"):
        scaling.scaled(replace(REGIME, power=2), 16)


@pytest.mark.parametrize("power", [3, 4, 5])
def test_exponents_of_time(power):
    q = power
    assert scaling.time_exponent("teacher-student", q) == pytest.approx((3 * q - 4) / (q - 2))
    assert scaling.time_exponent("mae", q) == pytest.approx((2 * q - 3) / (q - 2))
    assert scaling.time_exponent("supervised", q) == 2


@pytest.mark.parametrize("power", [3, 4])
def test_the_race_is_lost_with_its_exponent_and_kept_by_its_order(power):
    """T_leak/T_coverage of kernels that start at fixed multiples of sigma_0, far up the path."""

    def ratio(classes, amplification):
        p = replace(base, classes=classes, amplification=amplification)
        p = replace(p, init_scale=base.init_scale * (classes / base.classes) ** (-1 / (power - 2)))
        time = growth.hitting_time(p.init_scale, growth.growth_rate(p), power, p.linear_from)
        leak = leak_times(p, np.array(p.init_scale), foreign_drive(p), impure_from(p))
        return float(leak) / time

    quiet = {"patch_noise": 0.0, "feature_noise": 0.0, "off_class": 0.01, "dimension": 1024}
    base = replace(REGIME, power=power, classes=256, init_scale=1e-3, hold_width=0.1, **quiet)
    fixed = ratio(512, base.amplification) / ratio(256, base.amplification)
    # What is left: (sigma_0/varrho)^{q-2} of the ends of both clocks, below 1e-2 here.
    assert np.log2(fixed) == pytest.approx(-scaling.race_exponent(power), abs=0.02)
    assert scaling.race_exponent(power) == pytest.approx(2 / (power - 2))
    kept = ratio(512, scaling.keeps_pace(base, 512)) / ratio(256, base.amplification)
    # tau_1 and with it the place of rest move by a little.
    assert np.log2(kept) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("name", ["teacher-student", "mae", "supervised"])
def test_time_from_sigma_0_has_the_exponent_far_up_the_path(name):
    quiet = replace(QUICK[name], patch_noise=0.0, feature_noise=0.0, off_class=0.01)
    far = [scaling.unit_time(scaling.scaled(quiet, k)) for k in (128, 256)]
    # 1 - 1/k moves the exponent by log2((1 - 1/256)/(1 - 1/128)) = 6e-3 there, mu = 1/k by less.
    assert np.log2(far[1] / far[0]) == pytest.approx(scaling.time_exponent(name, 3), abs=0.01)


def test_time_from_sigma_0_is_that_of_the_growth_law():
    p = REGIME
    law = p.init_scale**-4 / (4 * growth.growth_rate(p))
    assert scaling.unit_time(p) == pytest.approx(law, rel=1e-9)


def counted(features: int, kernels: int) -> float:
    """P(all of F boxes are hit by so many balls), by the number of boxes hit so far."""
    hit, stays = np.zeros(features + 1), np.arange(features + 1) / features
    hit[0] = 1.0
    for _ in range(kernels):
        hit = hit * stays + np.concatenate([[0.0], (hit * (1 - stays))[:-1]])
    return float(hit[-1])


@given(st.integers(8, 32), st.integers(3, 10))
def test_all_captured_is_counting_up_to_its_independence(classes, m):
    features, kernels = 2 * classes, classes * m
    alike = np.full(features, 1 / features)
    exact, found = counted(features, kernels), scaling.all_captured(alike, kernels)
    # Boxes exclude each other, so the product lies above. It lies below e^-mean, and the number of
    # boxes that are missed is as near to Poisson as its variance is to its mean (negative relation:
    # Barbour, Holst and Janson 1992, corollary 2.C.2).
    missed = (1 - 1 / features) ** kernels
    both = (1 - 2 / features) ** kernels
    mean = features * missed
    variance = mean * (1 - missed) + features * (features - 1) * (both - missed**2)
    assert exact - 1e-9 <= found <= exact + (1 - exp(-mean)) * (1 - variance / mean) + 1e-9
    assert 1 - exact <= 2 * classes * exp(-m / 2) + 1e-9
    assert scaling.captured_share(alike, kernels) == pytest.approx(
        1 - (1 - 1 / features) ** kernels
    )


def test_union_bound_is_the_expected_number_of_missing_features():
    for k in (8, 64, 1024):
        m = 3 * log(k)
        assert scaling.union_bound(k, 3.0) == pytest.approx(2 * k * exp(-m / 2))


def path_regime(classes: int, horizon: float) -> Parameters:
    """A regime whose T is given, m and all else of no account."""
    return replace(REGIME, classes=classes, horizon=horizon, dimension=2 * classes)


def test_preferences_are_those_of_drawn_kernels():
    """Null: the counts are multinomial. 5 standard deviations a cell, 16 cells: 1e-5 false."""
    draws, rng = 200_000, np.random.default_rng(1)
    p = path_regime(8, 0.0)
    rates = growth.growth_rate(p) * rng.uniform(0.3, 2.0, p.features)
    rates[3] = 0.0
    slow = scaling.slow_start(p, 0.2)
    p = replace(p, horizon=growth.hitting_time(slow, growth.growth_rate(p), 3, p.linear_from))
    start = p.init_scale * rng.normal(size=(draws, p.features))
    times = growth.hitting_times(start, np.broadcast_to(rates, start.shape), 3, p.linear_from)
    early = times.min(-1) < p.horizon
    seen = np.bincount(times.argmin(-1)[early], minlength=p.features) / draws
    said = scaling.preferences(p, rates)
    assert said[3] == seen[3] == 0.0
    # A tie at varrho and the order of x R^{1/4} differ by (c_0/varrho)^4, below 1e-6 here.
    spread = 5 * np.sqrt(np.maximum(said, 1e-9) / draws) + 1e-5
    assert (np.abs(seen - said) < spread).all()


def test_alike_features_share_the_kernels_that_cross():
    p = path_regime(16, 0.0)
    rate = growth.growth_rate(p)
    late = growth.hitting_time(scaling.slow_start(p, 0.05), rate, 3, p.linear_from)
    said = scaling.preferences(replace(p, horizon=late), np.full(p.features, rate))
    assert said == pytest.approx(np.full(p.features, 0.95 / 32), rel=1e-6)
    with pytest.raises(ValueError, match="32 features"):
        scaling.preferences(p, np.ones(3))
