"""L2, L3, L7: the rate against the population gradient, threshold, hitting time, decay."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp
from scipy.special import roots_legendre

from mrpverify.parameters import Parameters
from mrpverify.theory import growth, notation
from mrpverify.theory.activation import smoothed_relu
from mrpverify.theory.data_law import Role, roles

LAW = Parameters(classes=5, off_class=0.8, single_view=0.2, visible=0.4, linear_from=0.6)


def test_rate_is_the_drift_of_equal_patches() -> None:
    n = notation
    z = n.Z / n.C_p
    rate = growth.rate_expression().subs({n.A: n.C_p * z**n.q, n.B: n.C_p * z ** (2 * n.q)})
    values = {n.q: 3, n.C_p: 2, n.varrho: sp.Rational(2, 5), n.tau: sp.Rational(7, 5)}
    gap = growth.drift_expression() - rate * n.c ** (2 * n.q - 1)
    assert sp.simplify(gap.subs(values)) == 0
    assert sp.simplify(growth.drift_expression().subs(values)) != 0


def _loss(p: Parameters, role: Role, student: float, teacher: float) -> float:
    """E L of one kernel over images that show one feature in that role, by quadrature."""
    node, weight = roots_legendre(24)
    s, t = np.meshgrid(1 + node / 4, 1 + node / 4)
    mass = np.outer(weight, weight) / 4
    total = 0.0
    for x, w in zip(node, weight, strict=True):
        z = (role.low + role.high) / 2 + (role.high - role.low) / 2 * x
        patches = z * np.stack([s / (s + t), t / (s + t)])
        a = smoothed_relu(student * patches, p.power, p.linear_from)
        hhat = smoothed_relu(p.start_gain * teacher * patches, p.power, p.linear_from).sum(0)
        loss = (hhat - a.sum(0)) ** 2 / 2 + p.mask_penalty / 2 * (a**2).sum(0)
        total += w / 2 * float((mass * loss).sum())
    return total


@pytest.mark.parametrize("power", [3, 4])
@pytest.mark.parametrize("amplification", [0.3, 2.0])
def test_rate_is_the_population_gradient(power: int, amplification: float) -> None:
    p = replace(LAW, power=power, amplification=amplification)
    c, step = 0.3, 1e-4
    slope = sum(
        role.probability * (_loss(p, role, c + step, c) - _loss(p, role, c - step, c)) / (2 * step)
        for role in roles(p)
    )
    assert -slope / c ** (2 * power - 1) == pytest.approx(growth.growth_rate(p), rel=1e-5)


def test_threshold_separates_growth_from_decay() -> None:
    threshold = growth.gain_threshold(LAW) ** (1 / 3)
    assert growth.growth_rate(LAW, threshold) == pytest.approx(0.0, abs=1e-15)
    assert (
        growth.growth_rate(LAW, threshold * 1.001) > 0 > growth.growth_rate(LAW, threshold / 1.001)
    )
    assert growth.gain_threshold(LAW) > LAW.gain_floor
    equal = replace(LAW, split="equal")
    assert growth.gain_threshold(equal) == pytest.approx(equal.gain_floor)


def test_off_class_appearances_speed_up_growth() -> None:
    """L11, and every feature has the same rate."""
    assert growth.growth_rate(LAW) > growth.growth_rate(replace(LAW, off_class=0.0)) > 0
    assert growth.growth_rates(LAW).tolist() == [growth.growth_rate(LAW)] * 10


@pytest.mark.parametrize(("rate", "power"), [(0.7, 3), (-0.7, 3), (2.0, 4)])
def test_flow_solves_its_equation(rate: float, power: int) -> None:
    run = solve_ivp(
        lambda t, c: rate * c ** (2 * power - 1), (0, 3.0), [0.5], rtol=1e-10, atol=1e-12
    )
    assert growth.flow(0.5, rate, power, 3.0) == pytest.approx(run.y[0, -1], rel=1e-7)


def test_hitting_time_inverts_the_flow_and_scales() -> None:
    time = growth.hitting_time(0.05, 0.3, 3, 0.5)
    assert growth.flow(0.05, 0.3, 3, time) == pytest.approx(0.5, rel=1e-7)
    halved = growth.hitting_time(0.05, 0.3, 3) / growth.hitting_time(0.1, 0.3, 3)
    assert halved == pytest.approx(2.0**4)
    assert growth.flow(0.05, 0.3, 3, growth.hitting_time(0.05, 0.3, 3)) == inf
    assert growth.hitting_time(0.1, -0.3, 3) == growth.hitting_time(0.1, 0.0, 3) == inf
    assert growth.hitting_time(0.6, 0.3, 3, 0.5) == 0


def test_decay_exponent() -> None:
    late = [growth.flow(0.5, -1.0, 3, time) for time in (1e8, 1e10)]
    assert np.log(late[0] / late[1]) / np.log(100) == pytest.approx(1 / 4, rel=1e-4)


def test_refuses_what_has_no_flow() -> None:
    with pytest.raises(ValueError, match="start must be positive"):
        growth.hitting_time(0.0, 1.0, 3)
    with pytest.raises(ValueError, match="time must not be negative"):
        growth.flow(0.1, 1.0, 3, -1.0)


@pytest.mark.parametrize("power", [3, 4])
def test_rates_of_given_images_are_those_of_the_law_where_the_moments_are(power: int) -> None:
    """R_v from E[1_v A^2] and E[1_v B] of one set of equal images, against dc/dt of the loss."""
    p = replace(LAW, power=power, split="equal", off_class=0.0, own_low=1.2, own_high=1.2)
    p = replace(p, single_view=0.0)
    z, size = 1.2 / p.patches_per_feature, p.patches_per_feature
    square = np.array([(size * z**power) ** 2, 0.0]) / p.classes
    patch = np.array([size * z ** (2 * power), 0.0]) / p.classes
    rates = growth.drawn_growth_rates(p, square, patch)
    assert rates[0] == pytest.approx(growth.growth_rate(p))
    c, level = 0.1, p.linear_from
    a, slope = (z * c) ** power / (power * level ** (power - 1)), (z * c / level) ** (power - 1)
    drift = size * ((p.start_gain**power - 1) * size * a - p.mask_penalty * a) * slope * z
    assert rates[0] * c ** (2 * power - 1) == pytest.approx(drift / p.classes)
    assert rates[1] == 0


@pytest.mark.parametrize("rate", [0.7, -0.4])
def test_many_starts_are_as_each_alone(rate: float) -> None:
    starts = np.array([0.05, 0.2, 0.6, -0.1])
    times = growth.hitting_times(starts, np.full(4, rate), 3, 0.5)
    alone = [growth.hitting_time(c, rate, 3, 0.5) for c in starts[:3]]
    np.testing.assert_allclose(times, [*alone, inf])
    ends = growth.flows(starts, np.full(4, rate), 3, np.full(4, 7.0))
    np.testing.assert_allclose(ends[:3], [growth.flow(c, rate, 3, 7.0) for c in starts[:3]])
    assert ends[3] == -0.1
