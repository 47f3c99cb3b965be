"""Laws that are measured as numbers: exponents, balance, masks of MAE, off-class, reduced ODE."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
import sympy as sp

from mrpverify.parameters import Parameters
from mrpverify.theory import (
    balance,
    growth,
    hitting,
    leak,
    mae_masks,
    notation,
    off_class,
    reduced_dynamics,
)
from mrpverify.theory.activation import smoothed_relu

ALONE = Parameters(
    classes=2, views=1, off_class=0.0, single_view=0.0, split="equal", init_scale=0.005,
    dimension=4, kernels_per_class=4,
)  # fmt: skip
LAW = Parameters(classes=4, off_class=0.6, single_view=0.1, visible=0.4)


@pytest.mark.parametrize("framework", list(hitting.RIVALS))
@pytest.mark.parametrize("power", [3, 4])
def test_exponent_is_the_slope_of_the_hitting_time_far_below_varrho(framework, power):
    p = replace(ALONE, framework=framework, power=power, bias=False)
    small = 1e-3 * p.linear_from
    if framework == "mae":
        # e is tied to c at every start, so that T is a pure power.
        times = [hitting.crossing_time(p, small * f) for f in (1, 2)]
        slope = log(times[1] / times[0]) / log(2)
    else:
        slope = hitting.slope_at(p, small)
    assert slope == pytest.approx(hitting.exponent(framework, power), rel=2e-2)
    rival = hitting.exponent(hitting.RIVALS[framework], power)
    assert abs(rival - slope) > 0.9


def test_level_correction_bounds_the_slope_at_a_typical_start():
    p = replace(ALONE, framework="supervised")
    typical = abs(hitting.slope_at(p, p.init_scale) + 1)
    assert 0 < typical < hitting.level_correction(p) < 0.1


def test_unknown_frameworks_are_named():
    with pytest.raises(ValueError, match="contrastive"):
        hitting.exponent("contrastive", 3)


def test_the_scaling_behind_the_balance_leaves_the_output():
    scale = sp.Symbol("s", positive=True)
    output = balance.scaled_output_expression(scale)
    assert sp.simplify(output - output.subs(scale, 1)) == 0
    # d/ds at s = 1 of (w s, b s^{-q}) is orthogonal to the flow: w.dw - q b.db = 0.
    assert sp.diff(scale**-notation.q, scale).subs(scale, 1) == -notation.q
    assert balance.conserved_share_without_power(3) == pytest.approx(2 / 3)


def test_masked_drive_changes_sign_at_the_threshold():
    drive = mae_masks.masked_drive_expression()
    for patches in (2, 3, 5):
        p = Parameters(patches_per_feature=patches)
        threshold = mae_masks.fusion_threshold(p)
        at = drive.subs({notation.C_p: patches, notation.Z: 1, sp.Symbol("a", positive=True): 0.3})
        values = [float(at.subs(notation.theta, threshold + shift)) for shift in (-0.01, 0, 0.01)]
        assert values[0] > 0 > values[2]
        assert values[1] == pytest.approx(0, abs=1e-12)


def test_a_second_view_is_driven_as_the_least_squares_decoder_drives_it():
    """b of both views' patches from E (T - b h)^2 and the masks' penalty, patch by patch (L8)."""
    rng = np.random.default_rng(0)
    c, (theta, total, a) = np.arange(2.0, 8.0), rng.uniform(0.2, 0.9, (3, 6))
    penalty, hidden, h = (1 - theta) / theta, 1 - theta, c * a
    # A patch that the kernel answers is seen itself, and no target: c - 1 others of its own view.
    seen = hidden * total * a * np.array([c - 1, c])
    b = seen / (h**2 + penalty * c * a**2)
    target = hidden * total * np.array([np.ones(6), 1 - 1 / c])
    expected = (b * target - h * b**2).sum(0)
    letters = notation.C_p, notation.theta, notation.Z, sp.Symbol("a", positive=True)
    drive = sp.lambdify(letters, mae_masks.masked_drive_expression())
    np.testing.assert_allclose(drive(c, theta, total, a), expected)


def test_remaining_share_is_what_least_squares_leaves():
    p = Parameters(visible=0.3, patches_per_feature=3)
    a, z = 0.7, 1.2
    h = 3 * a
    b = z * h / (h**2 + p.mask_penalty * 3 * a**2)  # argmin (z - b h)^2 + lambda 3 (b a)^2
    assert mae_masks.remaining_share(p) == pytest.approx(1 - b * h / z)
    assert mae_masks.remaining_share(replace(p, visible=1.0)) == 0


def test_off_class_appearances_help_one_and_hurt_the_other():
    own = 1 / LAW.classes
    expected = growth.growth_rate(LAW) / growth.growth_rate(replace(LAW, off_class=0.0))
    alone = replace(LAW, single_view=0.0)
    expected = growth.growth_rate(alone) / growth.growth_rate(replace(alone, off_class=0.0))
    assert off_class.teacher_student_speedup(alone, own) == pytest.approx(expected)
    assert off_class.supervised_speedup(LAW, own) < 1 < off_class.teacher_student_speedup(LAW, own)
    none = replace(LAW, off_class=0.0)
    assert (
        off_class.supervised_speedup(none, own) == off_class.teacher_student_speedup(none, own) == 1
    )


def test_leak_exponent_and_correction():
    times = [leak.leak_time(d, 0.03, 4, 0.7) for d in (0.01, 0.02)]
    assert times[0] / times[1] == pytest.approx(2 ** leak.leak_exponent(4))
    assert leak.level_correction(0.05, 3) == pytest.approx(0.05)
    with pytest.raises(ValueError, match="q >= 3"):
        leak.level_correction(0.1, 2)


def test_decay_starts_where_the_flow_has_halved_its_power():
    p = replace(ALONE, linear_from=0.7)
    start = growth.decay_start(p, 0.5)
    rate = growth.growth_rate(p, gain=1.0)
    assert growth.flow(0.5, rate, 3, start) == pytest.approx(0.5 * 2 ** growth.decay_exponent(3))
    with pytest.raises(ValueError, match="theta = 1"):
        growth.decay_start(replace(p, visible=1.0), 0.5)


def test_a_feature_alone_follows_the_law_of_growth():
    moments = reduced_dynamics.alone(reduced_dynamics.law_moments(LAW))
    start = np.array([0.05, 0.01, -0.02, 0.0, 0.0, 0.0, 0.0, 0.0])
    found = reduced_dynamics.course(LAW, moments, start)
    expected = growth.hitting_time(0.05, growth.growth_rate(LAW), 3, LAW.linear_from)
    assert found.hitting_time == pytest.approx(expected, rel=1e-4)
    assert found.correlations[-1].max() == pytest.approx(LAW.linear_from, rel=1e-6)


def test_co_occurring_features_shorten_the_way():
    moments = reduced_dynamics.law_moments(LAW)
    start = np.full(8, 0.05)
    together = reduced_dynamics.course(LAW, moments, start).hitting_time
    alone = reduced_dynamics.course(LAW, reduced_dynamics.alone(moments), start).hitting_time
    assert together < 0.9 * alone


def test_a_kernel_below_the_threshold_or_without_a_feature_never_crosses():
    moments = reduced_dynamics.law_moments(LAW)
    slow = replace(LAW, gain="constant", tau=1.0)
    assert reduced_dynamics.course(slow, moments, np.full(8, 0.05)).hitting_time == np.inf
    assert reduced_dynamics.course(LAW, moments, np.full(8, -0.05)).hitting_time == np.inf
    assert reduced_dynamics.course(LAW, moments, np.full(8, 0.9)).hitting_time == 0


def test_drawn_moments_follow_the_drawn_frequencies():
    law = reduced_dynamics.law_moments(LAW)
    twice = reduced_dynamics.drawn_moments(LAW, 2 * np.diag(law.joint), law.patch)
    assert twice.joint == pytest.approx(2 * law.joint)


def test_supervised_speedup_is_the_ratio_of_pulls_on_one_feature():
    """At p = 1/k a kernel of block i is pulled by 1 - 1/k from own images, -1/k from others."""
    p = replace(LAW, split="equal", single_view=0.0, off_class=1.5)
    k, q, own = p.classes, p.power, 0.3

    def mean_power(low, high):  # E z^q of U[low, high]; the C_p^(1-q) of the split cancels
        return (high ** (q + 1) - low ** (q + 1)) / ((q + 1) * (high - low))

    pull = own * (1 - 1 / k) * mean_power(p.own_low, p.own_high)
    push = (1 - own) * p.off_class / k * mean_power(p.off_low, p.off_high) / k
    assert off_class.supervised_speedup(p, own) == pytest.approx(1 - push / pull)


def test_the_scaled_output_is_that_of_a_kernel_below_varrho():
    """b sReLU(w z) by the activation of the simulation, kernel and decoder scaled as L9 says."""
    power, level, u, b, scale = 4, 0.7, 0.31, -1.3, 1.7
    numbers = {notation.q: power, notation.varrho: level, "u": u, "b": b}
    output = balance.scaled_output_expression(sp.Integer(1))
    named = {
        symbol: numbers.get(symbol, numbers.get(symbol.name)) for symbol in output.free_symbols
    }
    scaled = b * scale**-power * smoothed_relu(np.array(scale * u), power, level)
    assert float(output.subs(named)) == pytest.approx(float(scaled), rel=1e-12)


def test_a_course_ends_at_once_whichever_feature_is_there():
    moments = reduced_dynamics.law_moments(LAW)
    for feature in (0, 3, 7):
        start = np.full(8, 0.05)
        start[feature] = 1.1 * LAW.linear_from
        found = reduced_dynamics.course(LAW, moments, start)
        assert found.hitting_time == 0
        assert found.correlations == pytest.approx(start[None])
