"""L16: both leaks against independent computations, the table of coverage against purity."""

from dataclasses import replace
from math import inf, sqrt

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.theory import coverage_time, growth, leak_race, reduced_dynamics
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope
from mrpverify.theory.assumptions import violated
from mrpverify.theory.resting import held_at, rest

QUICK = replace(
    load_preset("quick").regimes["teacher-student"],
    hold_width=0.1,
    init_scale=0.056,
    amplification=64.0,
    feature_noise=0.001,
)

TABLE = [
    (0.056, 64.0, True),
    (0.04, 64.0, True),
    (0.028, 64.0, True),
    (0.02, 64.0, False),
    (0.014, 64.0, False),
    (0.014, 4096.0, True),
    (0.056, 4.0, True),
    (0.028, 4.0, False),
]
"""sigma_0, Delta, and whether next to no kernel was impure at T in runs of two seeds (L16 [E])."""


@pytest.mark.parametrize(("scale", "gain", "pure"), TABLE)
def test_the_condition_foretells_the_table(scale: float, gain: float, pure: bool) -> None:
    p = replace(QUICK, init_scale=scale, amplification=gain)
    broken = {c.id for c in violated(p, "teacher-student")}
    assert ("leak race" not in broken) == pure


@pytest.mark.parametrize("changes", [{}, {"split": "equal"}, {"feature_noise": 0.05}])
def test_drift_is_the_gradient_of_noisy_images_at_rest(draw, changes) -> None:
    """Along one foreign feature, over 300 data sets: |t| <= 5 for the mean, 5 se for the spread."""
    p = replace(QUICK, classes=3, off_class=0.0, single_view=0.2, images=40, **changes)
    at, sets, random = rest(p, p.views), 300, np.random.default_rng(5)
    z = draw(p, p.images * sets, 3)[:, : p.views]
    foreign, own = (random.normal(scale=p.patch_noise, size=z.shape) for _ in range(2))
    leak = random.uniform(0, p.feature_noise, z.shape)
    u = (z + own) * at.correlation * (z > 0)
    a = smoothed_relu(u, p.power, p.linear_from)
    gap = (smoothed_relu(at.gain * u, p.power, p.linear_from) - a).sum((1, 2))
    felt = gap[:, None, None] - p.mask_penalty * a
    felt *= smoothed_relu_slope(u, p.power, p.linear_from)
    speed = (felt * (foreign + leak)).sum((1, 2)).reshape(sets, p.images).mean(1)
    found = leak_race.drift(p)
    spread = speed.std(ddof=1)
    assert abs(speed.mean() - found.mean) < 5 * spread / sqrt(sets)
    assert spread == pytest.approx(found.spread, rel=5 / sqrt(2 * sets))


def test_drift_needs_noise_in_the_span_and_a_kernel_at_rest() -> None:
    calm = replace(QUICK, feature_noise=0.0)
    assert leak_race.drift(replace(calm, patch_noise=0.0)).spread == 0
    assert leak_race.drift(replace(calm, noise="off_span")).spread == 0
    assert leak_race.drift(calm).spread > 0
    assert leak_race.noise_leak_time(replace(calm, noise="off_span")) == inf
    assert leak_race.drift(replace(QUICK, visible=1.0)).spread == pytest.approx(0.0, abs=1e-15)
    for gain in (1.05, 1.6):
        assert leak_race.drift(replace(QUICK, gain="constant", tau=gain)) == (0.0, 0.0)


def _meeting(power: int) -> Parameters:
    """One view a class, foreign features often and of one strength, no noise."""
    return replace(
        QUICK, views=1, power=power, off_class=1.6, single_view=0.0, split="equal", classes=8,
        own_low=1.0, own_high=1.0, off_low=0.3, off_high=0.3,
    )  # fmt: skip


def _impure_at(p: Parameters, start: np.ndarray) -> float:
    """When a kernel of the reduced dynamics under `hold` has half its largest elsewhere."""
    moments, level = reduced_dynamics.law_moments(p), p.linear_from

    def velocity(_: float, c: np.ndarray) -> np.ndarray:
        share = np.clip((c.max() / level - 1) / p.hold_width, 0.0, 1.0)
        held = replace(p, gain="constant", tau=held_at(p, float(share)).gain)
        return reduced_dynamics.velocity(held, moments, c)

    def impure(_: float, c: np.ndarray) -> float:
        second, first = np.sort(c)[-2:]
        return float(second - first / 2) if first >= level else -1.0

    impure.terminal = True  # type: ignore[attr-defined]
    run = solve_ivp(velocity, (0, 1e9), start, "LSODA", events=impure, rtol=1e-7, atol=1e-10)
    return float(run.t[-1]) if run.status == 1 else inf


@pytest.mark.parametrize("power", [3, 4])
def test_co_occurrence_leak_against_the_reduced_dynamics(power: int) -> None:
    """A kernel at rest, until d is half of c."""
    p = _meeting(power)
    start = np.zeros(p.features)
    start[:2] = rest(p).correlation, leak_race.largest_foreign_start(p)
    assert leak_race.co_occurrence_leak_time(p) == pytest.approx(_impure_at(p, start), rel=0.03)


@pytest.mark.parametrize("power", [3, 4])
def test_kernels_one_by_one_against_the_reduced_dynamics(power: int) -> None:
    """From small starts: near a tie d has grown by the crossing, else hardly."""
    p = replace(_meeting(power), classes=4, off_class=0.8, dimension=8)
    start = np.array(
        [[0.1, 0.08, -0.1, 0.0], [0.02, 0.1, 0.05, 0.04], [0.12, 0.116, 0.0, 0.0], [-1, -1, -1, 0]]
    )
    rates = np.full(4, growth.growth_rate(p))
    found = leak_race.impurity_times(p, start, rates)
    expected = [_impure_at(p, c) for c in start[:3]]
    np.testing.assert_allclose(found[:3], expected, rtol=0.05)
    assert found[3] == inf


def test_siblings_and_negative_starts_are_no_impurity() -> None:
    p = replace(QUICK, classes=2, off_class=0.4)
    rates = np.full(4, growth.growth_rate(p))
    alone, rival = np.array([0.1, 0.09, -0.1, -0.1]), np.array([0.1, 0.09, -0.1, 0.05])
    pure, leaks = leak_race.impurity_times(p, np.array([alone, rival]), rates)
    assert pure == inf
    crossing = growth.hitting_time(0.1, rates[0], 3, p.linear_from)
    assert crossing < leaks < inf
    born = leak_race.impurity_times(p, np.array([[0.45, 0.0, 0.5, 0.1]]), rates)
    assert born == growth.hitting_time(0.5, rates[0], 3, p.linear_from)
    assert leak_race.impurity_times(p, np.array([rival]), -rates) == inf


def test_powers_of_the_race() -> None:
    """Without noise T_leak/T ~ Delta sigma_0^q, with it ~ Delta sigma_0^{2q-2}: L16."""
    small = {"init_scale": 1e-4, "amplification": 1e6}
    still = replace(QUICK, patch_noise=0.0, feature_noise=0.0, **small)

    def ratio(p: Parameters) -> float:
        return leak_race.typical_leak_time(p) / leak_race.typical_horizon(p)

    for base, power in ((replace(QUICK, **small), 4), (still, 3)):
        half = replace(base, init_scale=0.5e-4)
        assert ratio(base) / ratio(half) == pytest.approx(2**power, rel=1e-3)
        more = replace(base, amplification=2e6)
        # The gain at which a kernel rests moves a little with tau_1.
        assert ratio(more) / ratio(base) == pytest.approx(2, rel=1e-2)


def test_powers_of_the_noise_race_in_classes_and_images() -> None:
    """T_leak/T_coverage ~ R/spread ~ sqrt(N/k): logarithms of both times are left out."""

    def ratio(**changes: int) -> float:
        p = replace(QUICK, feature_noise=0.0, dimension=512, off_class=0.2 * changes["classes"],
                    **changes)  # fmt: skip
        return growth.growth_rate(p) / leak_race.drift(p).spread

    start = ratio(classes=8, images=200)
    assert ratio(classes=32, images=200) / start == pytest.approx(1 / 2, rel=0.02)
    assert ratio(classes=8, images=3200) / start == pytest.approx(4, rel=1e-6)


def test_ends_of_the_race() -> None:
    assert leak_race.typical_leak_time(replace(QUICK, gain="constant", tau=1.6)) == 0
    assert leak_race.typical_leak_time(replace(QUICK, power=2)) == 0
    assert leak_race.co_occurrence_leak_time(replace(QUICK, init_scale=0.4)) == 0
    assert leak_race.co_occurrence_leak_time(replace(QUICK, off_class=0.0)) == inf
    assert leak_race.typical_horizon(replace(QUICK, horizon=7.0)) == 7
    assert leak_race.typical_horizon(QUICK) == 2 * coverage_time.typical(QUICK)
    decays = replace(QUICK, amplification=0.0)
    assert growth.growth_rate(decays) < 0
    assert "leak race" in {c.id for c in violated(decays, "teacher-student")}
