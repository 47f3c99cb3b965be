"""L6: residual of a saturated kernel, and when a co-occurring feature leaves its start."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import solve_ivp

from mrpverify.parameters import Parameters
from mrpverify.theory import leak, notation
from mrpverify.theory.activation import smoothed_relu
from mrpverify.theory.plateau import plateau
from mrpverify.theory.resting import rest

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


@pytest.mark.parametrize("width", [0.0, 0.1])
def test_hold_residual_cancels_the_drive_where_it_rests(width: float) -> None:
    """E[r sum z a'] = lambda E sum z a a' for equal patches z: r = lambda a, between the ends."""
    p = replace(LAW, gain="hold", hold_width=width)
    z, level, c = 1.2 / 2, p.linear_from, rest(p).correlation
    assert level <= c <= (1 + width) * level
    a = (z * c) ** 3 / (3 * level**2)
    assert leak.residual(p) == pytest.approx(p.mask_penalty * a)
    assert leak.residual(replace(p, gain="release")) == 0


@pytest.mark.parametrize("power", [3, 4])
def test_leak_time_is_the_blow_up_of_the_drift(power: int) -> None:
    start, level, drive = 0.02, 0.5, 0.014
    time = leak.leak_time(start, drive, power, level)
    run = solve_ivp(
        lambda _, d: drive * (d / level) ** (power - 1),
        (0, 0.9 * time),
        [start],
        rtol=1e-10,
        atol=1e-14,
    )
    # At 90 % of the blow-up time d^{-(q-2)} has fallen to a tenth.
    assert run.y[0, -1] == pytest.approx(start * 10 ** (1 / (power - 2)), rel=1e-5)


@pytest.mark.parametrize("changes", [{}, {"split": "random", "own_low": 1.0}])
def test_drives_are_means_over_drawn_images(draw, changes) -> None:
    """E[1_both (hhat - h) A'], siblings and strangers, from their definition; |t| <= 6."""
    p = replace(LAW, gain="hold", hold_width=0.1, off_class=2.0, single_view=0.0, **changes)
    at, q, level = rest(p), p.power, p.linear_from
    sibling, foreign = [], []
    for seed in range(20):
        z = draw(p, 1500, seed)
        u = z[:, 0] * at.correlation
        taught = smoothed_relu(at.gain * u, q, level)
        residual = (taught - smoothed_relu(u, q, level)).sum(-1)
        activity = (z**q).sum(-1)
        both = (residual[:, None] * activity).mean(0)
        sibling.append(both[1])
        foreign.append(both[p.views :].mean())
    for sample, exact in ((sibling, leak.sibling_drive(p)), (foreign, leak.foreign_drive(p))):
        error = (np.mean(sample) - exact) / (np.std(sample, ddof=1) / np.sqrt(20))
        assert abs(error) < 6
        assert np.std(sample) < 0.2 * exact, "the sample tells the drive from its half"


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
        leak.leak_time(0.1, 0.1, 2, 0.5)


@pytest.mark.parametrize(("power", "varrho"), [(3, 0.5), (4, 0.8)])
def test_leak_times_to_a_level_solve_the_drift(power: int, varrho: float) -> None:
    """dd/dt = D (d/varrho)^{q-1} from several starts to 0.6 varrho, by an integrator."""
    p, drive, level = replace(LAW, power=power, linear_from=varrho), 0.03, 0.6 * varrho
    starts = np.array([0.05, 0.2, 0.9, -0.1])
    times = leak.leak_times(p, starts, drive, level)
    for start, time in zip(starts[:2], times[:2], strict=True):
        run = solve_ivp(
            lambda _, d: drive * (d / varrho) ** (power - 1),
            (0, time),
            [start],
            rtol=1e-10,
            atol=1e-14,
        )
        assert run.y[0, -1] == pytest.approx(level, rel=1e-6)
    assert times[2:].tolist() == [0.0, inf]
    assert leak.leak_times(p, starts, 0.0, level)[0] == inf
