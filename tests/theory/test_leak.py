"""L6: residual of a saturated kernel, and when a co-occurring feature leaves its start."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from mrpverify.parameters import Parameters
from mrpverify.theory import leak, notation
from mrpverify.theory.plateau import plateau

LAW = Parameters(gain="constant", tau=1.3, split="equal", own_low=1.2, own_high=1.2)


def test_residual_on_the_line() -> None:
    n = notation
    assert sp.simplify(leak.residual_expression() - (n.tau - 1) * n.Z * n.c) == 0


def test_saturated_residual_is_both_lambda_a_and_gain_times_sum() -> None:
    u = plateau(1.3, LAW.gain_floor, 3, LAW.linear_from)
    assert u > LAW.linear_from
    assert leak.residual(LAW) == pytest.approx((1.3 - 1) * LAW.patches_per_feature * u)
    assert leak.residual(replace(LAW, tau=2.0)) == inf
    assert leak.residual(replace(LAW, tau=1.01)) == 0


def test_hold_residual_cancels_the_drive_at_varrho() -> None:
    """At c = varrho: E[r sum z a'] = lambda E sum z a a' for equal patches z."""
    p = replace(LAW, gain="hold")
    z, level = 1.2 / 2, p.linear_from
    a = (z * level) ** 3 / (3 * level**2)
    assert leak.residual(p) == pytest.approx(p.mask_penalty * a)


@pytest.mark.parametrize("power", [3, 4])
def test_leak_time_is_the_blow_up_of_the_drift(power: int) -> None:
    start, level = 0.02, 0.5
    time = leak.leak_time(start, 0.1, 0.4, 0.35, power, level)
    run = solve_ivp(
        lambda _, d: 0.1 * 0.4 * 0.35 * (d / level) ** (power - 1),
        (0, 0.9 * time),
        [start],
        rtol=1e-10,
        atol=1e-14,
    )
    # At 90 % of the blow-up time d^{-(q-2)} has fallen to a tenth.
    assert run.y[0, -1] == pytest.approx(start * 10 ** (1 / (power - 2)), rel=1e-5)


def test_exponent_and_frequency() -> None:
    slope = np.log(leak.sibling_leak_time(LAW, 0.01) / leak.sibling_leak_time(LAW, 0.02)) / np.log(
        2
    )
    assert slope == pytest.approx(LAW.power - 2)
    twice = replace(LAW, off_class=2 * LAW.off_class)
    ratio = leak.foreign_leak_time(LAW, 0.02) / leak.foreign_leak_time(twice, 0.02)
    assert ratio == pytest.approx(2.0)
    assert leak.foreign_leak_time(LAW, 0.02) > 20 * leak.sibling_leak_time(LAW, 0.02)
    assert leak.sibling_leak_time(LAW, -0.02) == inf
    light = replace(LAW, gain="hold", visible=0.95)
    heavy = replace(LAW, gain="hold", visible=0.5)
    assert leak.sibling_leak_time(light, 0.02) > 10 * leak.sibling_leak_time(heavy, 0.02)


def test_no_leak_time_at_power_two() -> None:
    with pytest.raises(ValueError, match="q >= 3"):
        leak.leak_time(0.1, 0.1, 0.1, 0.1, 2, 0.5)
