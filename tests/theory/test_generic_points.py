"""Every law of the theory at a regime without coincidences, against plain numpy (`generic`)."""

from dataclasses import replace
from math import inf, isnan, log, sqrt

import numpy as np
import pytest
from scipy.integrate import quad, solve_ivp
from scipy.special import ndtr
from scipy.stats import binom, norm

from mrpverify.theory import (
    activation,
    co_occurrence,
    coverage_time,
    data_law,
    final_correlation,
    growth,
    hitting,
    leak,
    leak_race,
    lottery,
    mae_growth,
    mae_masks,
    mae_plateau,
    off_class,
    reduced_dynamics,
    resting,
    scaling,
    separatrix,
    supervised,
    theorem1,
    theorem2,
)
from tests.theory import generic
from tests.theory.generic import FIXED, POINT, WEIGHTS, answer, joint, mean, over_law, slope

Q, VARRHO, K = 5, 0.7, 5
BOTH = [POINT, FIXED]
TAU = {p.masks: (1 + WEIGHTS[p.masks][0] / 3 - WEIGHTS[p.masks][1] + 3.7) ** 0.2 for p in BOTH}


def _sum(power):
    return lambda z: (z**power).sum(1)


def _supervised():
    return replace(POINT, framework="supervised")


# --- data


@pytest.mark.parametrize("split", ["random", "equal"])
def test_moments_are_those_of_the_images(split):
    p = replace(POINT, split=split)
    for power in (1, Q, 2 * Q):
        assert data_law.mean_power_sum(p, power) == pytest.approx(over_law(_sum(power), split))
    for left, right in ((Q, Q), (Q, 1), (3, 2)):
        expected = over_law(lambda z, a=left, b=right: (z**a).sum(1) * (z**b).sum(1), split)
        assert data_law.mean_power_sum_product(p, left, right) == pytest.approx(expected)
    assert data_law.expected_features(p) == pytest.approx(15 * sum(generic.CHANCES.values()))
    assert data_law.expected_owned_patches(p) == pytest.approx(45 * sum(generic.CHANCES.values()))


@pytest.mark.parametrize(("u", "v"), [(4, 4), (4, 5), (5, 3), (4, 9), (0, 14)])
def test_joint_moments_are_those_of_the_images(u, v):
    expected = joint(Q, 1, u, v)
    assert co_occurrence.joint_moments(POINT, Q, 1)[u, v] == pytest.approx(expected)
    apart = expected - over_law(_sum(Q)) * over_law(_sum(1))
    assert co_occurrence.covariances(POINT, Q, 1)[u, v] == pytest.approx(apart)


def test_patches_are_those_of_the_image_with_most_features():
    """P(at most n strangers in the fullest of N images) is a power of a binomial's."""
    widths = 0.0
    for n in range(13):
        at_most = binom.cdf(n, 12, 1.3 / 5) ** 137
        fewer = binom.cdf(n - 1, 12, 1.3 / 5) ** 137
        widths += max(20, 3 * (3 + n)) * (at_most - fewer)
    few = replace(POINT, patches=20)
    assert co_occurrence.expected_patch_count(few) == pytest.approx(widths)
    silent = replace(few, signal=False)
    assert co_occurrence.expected_patch_count(silent) == 20
    assert not co_occurrence.joint_moments(silent, Q, 1).any()


def test_activation_and_its_slope():
    u = np.array([-0.3, 0.2, 0.69, 0.71, 2.3])
    np.testing.assert_allclose(activation.smoothed_relu(u, Q, VARRHO), answer(u))
    np.testing.assert_allclose(activation.smoothed_relu_slope(u, Q, VARRHO),
                               np.where(u > 0, slope(u), 0.0))  # fmt: skip
    assert activation.offset(Q, VARRHO) == pytest.approx(0.8 * VARRHO)


# --- growth below varrho


def _felt(z, c, tau, own, shared):
    """-dL/dc of one kernel on patches z [n, 3] of one feature, mask moments own and shared."""
    a = answer(z * c)
    drive = (answer(tau * z * c) - a).sum(1) + shared * a.sum(1)
    return ((drive[:, None] - own * a) * slope(z * c) * z).sum(1)


@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_rates_are_the_loss_that_a_kernel_feels(p):
    own, shared = WEIGHTS[p.masks]
    tau, c = TAU[p.masks], 0.1
    assert p.start_gain == pytest.approx(tau)
    felt = over_law(lambda z: _felt(z, c, tau, own, shared)) / c ** (2 * Q - 1)
    assert growth.growth_rate(p) == pytest.approx(felt)
    assert growth.growth_rates(p) == pytest.approx(np.full(15, felt))
    square, patch = over_law(lambda z: (z**Q).sum(1) ** 2), over_law(_sum(2 * Q))
    drawn = growth.drawn_growth_rates(p, np.array([square, 0.0]), np.array([patch, patch]))
    assert drawn[0] == pytest.approx(felt)
    assert drawn[1] == pytest.approx(-own * patch / (Q * VARRHO ** (2 * Q - 2)))
    at = growth.gain_threshold(p)
    assert at == pytest.approx(1 + own * patch / square - shared)
    assert abs(growth.growth_rate(p, at**0.2)) < 1e-12 * felt


@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_decay_at_gain_one(p):
    own, shared = WEIGHTS[p.masks]
    rate = over_law(lambda z: _felt(z, 0.1, 1.0, own, shared)) / 0.1 ** (2 * Q - 1)
    assert rate < 0
    assert growth.decay_start(p, 0.3) == pytest.approx(0.3 ** -(2 * Q - 2) / (8 * -rate))
    assert growth.decay_exponent(Q) == pytest.approx(-1 / 8)
    late = growth.flow(0.3, rate, Q, 7 * growth.decay_start(p, 0.3))
    assert late == pytest.approx(0.3 * 8 ** (-1 / 8))
    with pytest.raises(ValueError, match="nothing decays"):
        growth.decay_start(replace(p, visible=1.0), 0.3)


def test_flows_and_hitting_times_at_another_power():
    starts, rates = np.array([0.2, 0.45, 0.7, 0.9, 0.0, -0.2]), np.array([1.3, 0.6, 2, 2, 1, 1])
    times = growth.hitting_times(starts, rates, Q, VARRHO)
    for c, rate, time in zip(starts[:2], rates[:2], times[:2], strict=True):
        expected = quad(lambda x, rate=rate: x ** (1 - 2 * Q) / rate, c, VARRHO)[0]
        assert time == pytest.approx(expected)
        assert growth.hitting_time(c, rate, Q, VARRHO) == pytest.approx(expected)
    assert times[2:].tolist() == [0.0, 0.0, inf, inf]
    assert growth.hitting_times(starts, -rates, Q, VARRHO).tolist() == [inf, inf, 0, 0, inf, inf]
    assert growth.hitting_time(VARRHO, -1.0, Q, VARRHO) == 0.0
    there = growth.flows(starts, rates, Q, times)
    np.testing.assert_allclose(there[:3], VARRHO)
    np.testing.assert_array_equal(there[4:], starts[4:])
    far = growth.hitting_time(0.45, 0.6, Q, 1.5)
    assert growth.flows(np.array([0.45]), 0.6, Q, np.array([far])) == pytest.approx(1.5)
    blown = growth.hitting_time(0.45, 0.6, Q)
    assert growth.flow(0.45, 0.6, Q, blown * 0.999) < inf
    assert growth.flow(0.45, 0.6, Q, blown * 1.001) == inf
    assert growth.flows(np.array([0.45]), 0.6, Q, np.array([blown * 1.001]))[0] == inf


@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_what_off_class_images_add(p):
    """A data set with the share f of own images: drive of all images over that of the own ones."""
    own, shared = WEIGHTS[p.masks]
    f, c, tau = 0.23, 0.1, TAU[p.masks]
    shown, off = (mean(n, lambda z: _felt(z, c, tau, own, shared)) for n in ("shown", "off"))
    expected = (f * shown + (1 - f) * 1.3 / 5 * off) / (f * shown)
    assert off_class.teacher_student_speedup(p, f) == pytest.approx(expected)
    shown, off = (mean(n, _sum(Q)) for n in ("shown", "off"))
    pull = f * (1 - 1 / K) * shown - (1 - f) * 1.3 / 5 * off / K
    assert off_class.supervised_speedup(p, f) == pytest.approx(pull / (f * (1 - 1 / K) * shown))


@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_two_features_pull_as_their_images_say(p):
    own, shared = WEIGHTS[p.masks]
    gain = TAU[p.masks] ** Q - 1 + shared
    patch = over_law(_sum(2 * Q))
    alpha, beta = gain * joint(Q, Q, 4, 4) - own * patch, gain * joint(Q, Q, 4, 5)
    assert separatrix.sibling_advantage(p) == pytest.approx(alpha / beta)
    c = np.zeros(15)
    c[[4, 5, 9]] = 0.3, 0.2, 0.25
    found = reduced_dynamics.velocity(p, reduced_dynamics.law_moments(p), c)
    for v in (4, 5, 9):
        drive = sum(gain * joint(Q, Q, v, u) * c[u] ** Q for u in (4, 5, 9))
        expected = c[v] ** 4 * (drive - own * patch * c[v] ** Q) / (Q * VARRHO**8)
        assert found[v] == pytest.approx(expected)
    assert not found[[0, 1, 14]].any()


def test_a_kernel_of_several_features_crosses_as_the_equations_say():
    """In physical time by another solver; a kernel that is nowhere positive never gets there."""
    moments, start = reduced_dynamics.law_moments(POINT), np.zeros(15)
    start[[2, 4, 5, 9]] = -0.1, 0.3, 0.29, 0.25

    def flow(_, c):
        return reduced_dynamics.velocity(POINT, moments, c)

    def there(_, c):
        return c.max() - VARRHO

    there.terminal = True
    run = solve_ivp(flow, (0, 1e9), start, events=there, method="DOP853", rtol=1e-10, atol=1e-13)
    found = reduced_dynamics.course(POINT, moments, start)
    assert found.time[0] == 0.0
    assert found.correlations.shape == (len(found.time), 15)
    np.testing.assert_array_equal(found.correlations[0], start)
    assert found.time[-1] == pytest.approx(run.t[-1], rel=1e-4)
    np.testing.assert_allclose(found.correlations[-1], run.y[:, -1], atol=1e-4)
    still = reduced_dynamics.course(POINT, moments, -np.abs(start))
    assert still.time[-1] == inf
    for first in (start * 3, np.where(start == 0.3, VARRHO, start)):
        at_once = reduced_dynamics.course(POINT, moments, first)
        assert (at_once.time.tolist(), at_once.correlations.tolist()) == ([0.0], [first.tolist()])


@pytest.mark.parametrize("power", [3, 4, 5])
def test_the_separatrix_is_where_the_ratio_turns(power):
    """dx/dt = 0 of two features with c = 1, d = x: (1 - x^{2q-2}) alpha = (..) beta from both."""
    for x in (0.13, 0.5, 0.87):
        alpha = separatrix.separatrix(x, power)
        c_dot = alpha + x**power
        d_dot = alpha * x ** (2 * power - 1) + x ** (power - 1)
        assert d_dot - x * c_dot == pytest.approx(0, abs=1e-14)
        assert separatrix.separating_ratio(alpha, power) == pytest.approx(x)
    assert separatrix.separating_ratio(1 / (power - 1), power) == 1.0
    assert separatrix.separating_ratio(0.0, power) == 0.0
    assert separatrix.leader_advantage(1.6, 0.9) == pytest.approx(0.9 / 1.5)
    at = separatrix.always_amplification(1.6, power)
    assert separatrix.leader_advantage(1.6, at) == pytest.approx(separatrix.separatrix(1.0, power))
    assert separatrix.leader_wins(0.99, 1.6, 1.01 * at, power)
    assert not separatrix.leader_wins(0.999, 1.6, 0.99 * at, power)


# --- masked autoencoder


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_the_plateau_matrix_is_that_of_the_images(p, target, bias):
    """Pairs of patches p != p' count (1 - theta) f, the mean part (1 - theta)."""
    p = replace(p, framework="mae", target=target, bias=bias)
    found = mae_plateau.drive_matrix(p)
    f = 60 / 59 if p.masks == "fixed" else 1.0
    for u, v in ((4, 4), (4, 5), (4, 9)):
        both, constant = joint(Q, 1, u, v), over_law(_sum(Q)) * over_law(_sum(1)) * bias
        if target == "masked":
            pairs = both - (over_law(_sum(Q + 1)) if u == v else 0.0)
            both, constant = 0.65 * f * pairs, 0.65 * constant
        assert found[u, v] == pytest.approx(both - constant)


def test_one_feature_crosses_the_plateau_as_the_equations_say():
    p = replace(POINT, framework="mae")
    drive, start = mae_plateau.drive_matrix(p)[0, 0], 0.11

    def flow(_, y):
        return [drive * (y[0] / VARRHO) ** 4 * y[1], drive * VARRHO / Q * (y[0] / VARRHO) ** 5]

    def there(_, y):
        return y[0] - VARRHO

    there.terminal = True
    run = solve_ivp(flow, (0, 1e9), [start, start], events=there, rtol=1e-11, atol=1e-13)
    time = mae_plateau.crossing_time(p, start)
    assert time == pytest.approx(run.t_events[0][0], rel=1e-7)
    c, e = np.zeros((2, 15)), np.zeros((2, 15))
    c[0, 4], e[0, 4], c[1, [4, 9]], e[1, [4, 9]] = 0.3, 0.2, (0.3, -0.2), (0.2, 0.1)
    c_dot, e_dot = mae_plateau.velocity(p, mae_plateau.drive_matrix(p), c, e)
    alone = flow(0, [0.3, 0.2])
    assert (c_dot[0, 4], e_dot[0, 4]) == pytest.approx(alone)
    across = mae_plateau.drive_matrix(p)[4, 9]
    assert c_dot[1, 4] == pytest.approx(alone[0] + (0.3 / VARRHO) ** 4 * across * 0.1)
    assert e_dot[1, 9] == pytest.approx(VARRHO / Q * (0.3 / VARRHO) ** 5 * across)
    tied = replace(p, decoder="tied")
    for moved in mae_plateau.velocity(tied, mae_plateau.drive_matrix(p), c, e):
        np.testing.assert_allclose(moved, c_dot + e_dot)


def test_steps_of_the_plateau_are_of_second_order(monkeypatch):
    """Half a step leaves an eighth of the error; the start of the decoder is the init's."""
    p = replace(POINT, framework="mae")
    matrix, c = mae_plateau.drive_matrix(p), np.zeros((1, 15))
    c[0, [4, 5, 9]] = 0.3, 0.2, -0.1

    def flow(_, y):
        return np.concatenate(mae_plateau.velocity(p, matrix, y[None, :15], y[None, 15:]), 1)[0]

    errors = []
    for share in (0.02, 0.01):
        monkeypatch.setattr(mae_plateau, "RELATIVE_STEP", share)
        ends = np.concatenate(mae_plateau._midpoint(p, matrix, c, 0.7 * c)[:2], 1)[0]
        speed = np.abs(flow(0, np.concatenate([c, 0.7 * c], 1)[0])).max()
        run = solve_ivp(flow, (0, share * 0.3 / speed), np.concatenate([c, 0.7 * c], 1)[0],
                        rtol=1e-12, atol=1e-15)  # fmt: skip
        errors.append(np.abs(ends - run.y[:, -1]).max())
    assert errors[0] / errors[1] == pytest.approx(8, rel=0.05)
    assert mae_plateau.initial_decoder(p, c).tolist() == c.tolist()
    apart = mae_plateau.initial_decoder(replace(p, decoder="independent"), c)
    assert not apart.any()


def _valley(p, delta, split="random", total=None):
    """p_v/2 [S - S_Zh^2/(S_hh + own E sum a^2 - shared E h^2)] of a = z - delta, from images."""
    own, shared = WEIGHTS[p.masks]
    mass, z = generic.patches("shown", split)
    if total:
        z = z / z.sum(1, keepdims=True) * total
    taken = generic.CHANCES["shown"] if p.bias else 0.0
    Z, a = z.sum(1), z - delta
    h = a.sum(1)

    def second(x, y):
        return mass @ (x * y) - taken * (mass @ x) * (mass @ y)

    below = second(h, h) + own * (mass @ (a**2).sum(1)) - shared * (mass @ h**2)
    return generic.CHANCES["shown"] / 2 * (second(Z, Z) - second(Z, h) ** 2 / below)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_growth_beyond_varrho_is_the_slope_of_the_loss(p, bias):
    p, o, small = replace(p, framework="mae", bias=bias), 0.8 * VARRHO, 1e-4
    first = o * (_valley(p, small) - _valley(p, -small)) / (2 * small)
    rise = mae_growth.rise(p)
    if first > 0:
        assert (rise.exponent, rise.end) == (1 / 3, inf)
        # Sobol points and quadrature give the same moments to a part in a thousand.
        assert rise.amplitude == pytest.approx((3 * first) ** (1 / 3), rel=2e-3)
    else:
        steps = o / rise.end * np.array([0.98, 1, 1.02])
        low, least, high = (_valley(p, d) for d in steps)
        assert rise.exponent == rise.amplitude == 0.0
        assert abs(high - low) < 0.1 * max(abs(high - least), abs(low - least))


def test_equal_patches_grow_by_the_spread_of_their_sum():
    p = replace(POINT, framework="mae", bias=False, split="equal")
    o, small = 0.8 * VARRHO, 1e-3
    flat = [_valley(p, d, "equal") for d in (-small, 0.0, small)]
    second = o**2 * (flat[0] - 2 * flat[1] + flat[2]) / (2 * small**2)
    rise = mae_growth.rise(p)
    assert (rise.exponent, rise.end) == (1 / 4, inf)
    assert rise.amplitude == pytest.approx((8 * second) ** (1 / 4), rel=2e-3)
    still = mae_growth.rise(replace(p, own_low=1.3, own_high=1.3))
    assert (still.exponent, still.amplitude) == (0.0, 0.0)
    assert isnan(still.end)
    tied = mae_growth.rise(replace(p, decoder="tied"))
    assert (tied.exponent, tied.amplitude) == (0.0, 0.0)
    assert isnan(tied.end)


def test_late_fusion_and_what_a_first_view_leaves():
    own, shared = WEIGHTS["fixed"]
    assert mae_masks.fusion_threshold(POINT) == pytest.approx(4 / 5)
    assert mae_masks.fusion_threshold(FIXED) == pytest.approx((60 * 4 + 1) / (60 * 5))
    alone = generic.PENALTY / 3
    assert mae_masks.remaining_share(POINT) == pytest.approx(alone / (1 + alone))
    left = own / 3 / (1 + own / 3 - shared)
    assert mae_masks.remaining_share(FIXED) == pytest.approx(left)


# --- at rest, and leaks


def _at_rest(p, c, tau):
    """E sum signal z over images of the class, by quadrature, of a kernel that holds one view."""
    own, shared = WEIGHTS[p.masks]
    chances = {"shown": 1 - 0.17 * 2 / 3, "weak": 0.17 * 2 / 3}
    return sum(x * mean(n, lambda z: _felt(z, c, tau, own, shared)) for n, x in chances.items())


@pytest.mark.parametrize("gain", ["hold", "constant"])
@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_a_kernel_rests_where_its_images_leave_it(p, gain):
    """Sobol points against quadrature: the root moves by less than one in two hundred."""
    p = replace(p, gain=gain, tau=1.4, hold_width=0.3)
    at = resting.rest(p)
    scale = VARRHO * (1 + 0.3) if gain == "hold" else inf
    assert VARRHO < at.correlation < scale
    if gain == "hold":
        way = (at.correlation / VARRHO - 1) / 0.3
        assert at.gain == pytest.approx(TAU[p.masks] ** (1 - way))
    else:
        assert at.gain == 1.4
    ends = [at.correlation * share for share in (0.995, 1.005)]
    near = [_at_rest(p, c, _gain(p, c)) for c in ends]
    assert near[0] > 0 > near[1]


def _gain(p, c):
    way = (c / VARRHO - 1) / 0.3
    return TAU[p.masks] ** (1 - way) if p.gain == "hold" else p.tau


def test_ends_of_hold_and_of_a_constant_gain():
    bare = replace(POINT, gain="hold", hold_width=0.3, visible=1.0)
    assert resting.rest(bare).correlation == pytest.approx(1.3 * VARRHO)
    assert resting.rest(bare).gain == pytest.approx(1.0)
    small = replace(POINT, gain="hold", amplification=0.0)
    assert resting.rest(small).correlation == 0.0
    assert resting.rest(replace(POINT, gain="constant", tau=9.0)).correlation == inf
    assert resting.rest(replace(POINT, gain="constant", tau=1.01)).correlation == 0.0
    assert resting.rest(replace(POINT, gain="release")) == (VARRHO, 1.0)


@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_leaks_are_what_the_residual_drives(p):
    _, shared = WEIGHTS[p.masks]
    p = replace(p, gain="hold", hold_width=0.3)
    at = resting.rest(p)

    def residual(z):
        a, taught = answer(z * at.correlation), answer(at.gain * z * at.correlation)
        return (taught - a).sum(1) + shared * a.sum(1)

    felt = {n: mean(n, residual) for n in ("shown", "off")}
    active = {n: mean(n, _sum(Q)) for n in ("shown", "off")}
    sibling = felt["shown"] * active["shown"] / K
    foreign = 1.3 / 5 / K * (felt["shown"] * active["off"] + felt["off"] * active["shown"])
    assert leak.sibling_drive(p) == pytest.approx(sibling, rel=2e-3)
    assert leak.foreign_drive(p) == pytest.approx(foreign, rel=2e-3)
    time = VARRHO**4 * 0.09**-3 / 3
    assert leak.sibling_leak_time(p, 0.09) == pytest.approx(time / sibling, rel=2e-3)
    assert leak.foreign_leak_time(p, 0.09) == pytest.approx(time / foreign, rel=2e-3)
    exact = quad(lambda d: (VARRHO / d) ** 4 / 0.31, 0.09, 0.4)[0]
    assert leak.leak_times(p, np.array([0.09, 0.4]), 0.31, 0.4) == pytest.approx([exact, 0.0])
    assert leak.leak_exponent(Q) == 3
    alone = leak.leak_time(0.09, 0.31, Q, VARRHO)
    whole = quad(lambda d: (VARRHO / d) ** 4 / 0.31, 0.09, 0.7)[0]
    assert alone * (1 - leak.level_correction(0.09 / 0.7, Q)) == pytest.approx(whole)


@pytest.mark.parametrize("noise", ["isotropic", "off_span"])
@pytest.mark.parametrize("p", BOTH, ids=["bernoulli", "fixed"])
def test_noise_drifts_as_its_moments_say(p, noise):
    """Sum over patches of signal times noise: a ~ U[0, gamma] everywhere, xi of sigma_p."""
    own, shared = WEIGHTS[p.masks]
    p = replace(p, gain="hold", hold_width=0.3, noise=noise)
    at, images = resting.rest(p, 3), resting.own_images(p, 3)
    u = images.strength * at.correlation
    a = answer(u)
    drive = (answer(at.gain * u) - a).sum((1, 2)) + shared * a.sum((1, 2))
    signal = (drive[:, None, None] - own * a) * slope(u)
    one, squares = signal.sum((1, 2)), (signal**2).sum((1, 2))
    pull, pull_2, square = (images.weight @ x / K for x in (one, one**2, squares))
    sigma = 0.06 if noise == "isotropic" else 0.0
    variance = (sigma**2 + 0.013**2 / 12) * square + 0.0065**2 * (pull_2 - pull**2)
    found = leak_race.drift(p)
    assert found.mean == pytest.approx(0.0065 * pull)
    assert found.spread == pytest.approx(sqrt(variance / 137))
    share = leak_race.STAND_INS["impure_share"].value
    largest = norm.ppf((1 - share) ** (1 / 4))
    g = found.mean + largest * found.spread / sqrt(3)
    assert leak_race.typical_drift(p) == pytest.approx(g)
    level = leak_race.STAND_INS["pure_ratio"].value * at.correlation
    assert leak_race.impure_from(p) == pytest.approx(level)
    by_noise = level / g if g > 0 else inf
    assert leak_race.noise_leak_time(p) == pytest.approx(by_noise)
    start = 0.04 * norm.ppf((1 - share) ** (1 / 12))
    assert leak_race.largest_foreign_start(p) == pytest.approx(start)
    together = leak.leak_times(p, np.array(start), leak.foreign_drive(p), level)
    assert leak_race.co_occurrence_leak_time(p) == pytest.approx(float(together))
    assert leak_race.typical_leak_time(p) == pytest.approx(min(by_noise, float(together)))
    typical = coverage_time.typical(p)
    assert leak_race.typical_horizon(p) == pytest.approx(2.6 * typical)
    assert leak_race.typical_horizon(replace(p, horizon=17.0)) == 17.0


def test_kernels_are_impure_when_another_class_has_leaked_in():
    p = replace(POINT, gain="hold", hold_width=0.3)
    c = np.full((2, 15), -0.1)
    c[0, [4, 5, 9, 12]], c[1, [13, 14]] = (0.3, 0.29, 0.2, 0.25), (0.2, 0.1)
    rates = np.full(15, 0.7)
    found = leak_race.impurity_times(p, c, rates)
    crossing = growth.hitting_time(0.3, 0.7, Q, VARRHO)
    there = growth.flow(0.25, 0.7, Q, crossing)
    level = leak_race.impure_from(p)
    after = float(leak.leak_times(p, np.array(there), leak.foreign_drive(p), level))
    assert found[0] == pytest.approx(crossing + after)
    assert found[1] == inf


# --- when all is covered


@pytest.mark.parametrize("p", [POINT, replace(POINT, classes=2, kernels_per_class=8)])
def test_the_slowest_start_of_three_views(p):
    """P(a kernel's largest of F normals is v's and above x) by integration; median of the least."""
    x, count = coverage_time.slowest_start(p) / 0.04, p.features
    one = quad(lambda g: norm.pdf(g) * ndtr(g) ** (count - 1), x, 12)[0]
    assert (1 - (1 - one) ** p.kernels) ** count == pytest.approx(0.5, abs=1e-6)
    assert x > 1 if p is POINT else 0 < x < 1


def test_the_typical_time_is_that_of_the_slowest_start():
    x = coverage_time.slowest_start(POINT) / 0.04
    alone = growth.hitting_time(0.04 * x, growth.growth_rate(POINT), Q, VARRHO)
    assert coverage_time.typical(POINT) == pytest.approx(alone)


def test_a_kernel_crosses_then_takes_its_two_siblings():
    p = replace(POINT, gain="hold", hold_width=0.3)
    c = np.full((1, 15), 0.05)
    c[0, [3, 4, 5, 6]] = 0.12, 0.3, 0.2, 0.29
    times = coverage_time.kernel_times(p, c, np.full(15, 0.7))[0]
    first = growth.hitting_time(0.3, 0.7, Q, VARRHO)
    assert times[4] == pytest.approx(first)
    for v in (3, 5):
        after = leak.leak_times(p, c[0, v], leak.sibling_drive(p), VARRHO)
        assert times[v] == pytest.approx(first + float(after))
    assert np.isinf(np.delete(times, [3, 4, 5])).all()


def test_first_crossings_are_counted():
    """Closed forms of maxima of normals and of boxes hit by km balls."""
    assert theorem1.expected_coverage(POINT) == pytest.approx(1 - (14 / 15) ** 55)
    assert theorem1.top_kernel_prefers_another(POINT) == pytest.approx(14 / 69)
    assert ndtr(coverage_time.covering_start(POINT) / 0.04) ** 55 == pytest.approx(0.5)
    c = np.array([[0.3, 0.29, -1.0, *[0.0] * 12], [-0.1] * 15])
    for share, winner in ((1.01, 1), (0.99, 0)):
        rates = np.array([1.0, (0.3 / 0.29) ** 8 * share, *[1.0] * 13])
        assert lottery.teacher_student_first_feature(POINT, c, rates).tolist() == [winner, -1]


@pytest.mark.parametrize(("framework", "degree"), [("teacher-student", 8), ("mae", 4),
                                                   ("supervised", 3)])  # fmt: skip
def test_clocks_at_another_power(framework, degree):
    p = replace(POINT, framework=framework)
    assert hitting.exponent(framework, Q) == -degree
    assert hitting.slope_at(p, 1e-3) == pytest.approx(-degree, rel=1e-4)
    assert scaling.time_exponent(framework, Q) == pytest.approx(1 + degree / 3)
    largest = 0.04 * sqrt(2 * log(2 * 55 * 15))
    times = [hitting.crossing_time(p, largest * (1 + x)) for x in (1e-4, -1e-4)]
    slope = log(times[0] / times[1]) / log(1.0001 / 0.9999)
    assert hitting.level_correction(p) == pytest.approx(abs(slope + degree), rel=1e-3)
    rates = {
        "teacher-student": growth.growth_rate(p) * VARRHO**8,
        "mae": mae_plateau.drive_matrix(p)[0, 0],
        "supervised": (1 - 1 / K) * _own_activity() / VARRHO,
    }
    assert hitting.plateau_rate(p) == pytest.approx(rates[framework])


def test_orders_of_the_path_at_another_power():
    assert scaling.race_exponent(Q) == pytest.approx(2 / 3)
    assert scaling.kept_pure(POINT, 40) == pytest.approx(3.7 * 8 ** (5 / 3))
    assert scaling.keeps_pace(POINT, 40) == pytest.approx(3.7 * 8 ** (2 / 3))
    assert ndtr(scaling.slow_start(POINT, 0.2) / 0.04) ** 15 == pytest.approx(0.2)
    shares = np.array([0.1, 0.02, 0.3])
    missed = [0.9**7, 0.98**7, 0.7**7]
    assert scaling.captured_share(shares, 7) == pytest.approx(1 - np.mean(missed))
    assert scaling.all_captured(shares, 7) == pytest.approx(np.prod([1 - x for x in missed]))


# --- supervised


def _own_activity():
    return sum(generic.CHANCES[n] * mean(n, _sum(Q)) for n in ("shown", "weak"))


def test_supervised_growth_of_three_views():
    p = _supervised()
    assert supervised.own_activity(p) == pytest.approx(_own_activity())
    rate = (1 - 1 / K) * _own_activity() / VARRHO**4
    assert supervised.growth_rate(p) == pytest.approx(rate)
    psi = quad(lambda x: x**-4, 0.2, VARRHO)[0]
    assert supervised.hitting_time(p, 0.2) == pytest.approx(psi / rate)
    np.testing.assert_allclose(supervised.potential(p, np.array([0.2, 0.7, 0.9, 0.0])),
                               [psi, 0, 0, inf])  # fmt: skip
    single = 1 / 3 + 2 / 3 * (1 - 1.3 / 5) ** 4
    assert supervised.single_view_accuracy(p) == pytest.approx(single)
    assert supervised.overall_error(p) == pytest.approx(0.17 * (1 - single))
    assert supervised.never_starts(p) == pytest.approx(2.0**-33)
    assert final_correlation.final_margin(p) == pytest.approx(log(137 * 4))
    assert final_correlation.mean_shown_sum(p) == pytest.approx(1.4)


def test_the_winner_goes_on_and_a_loser_is_driven_meanwhile():
    """Margin, end and extra drive of a class from their equations."""
    p = _supervised()
    least = quad(lambda x: (1 - ndtr(x) ** 33) ** 5, 0, 12)[0]
    typical = quad(lambda x: 1 - ndtr(x) ** 33, 0, 12)[0]
    slow = supervised.hitting_time(p, 0.04 * least)
    assert supervised.horizon(p) == pytest.approx(max(2.6 * slow, 100 * p.supervised_step))
    left = supervised.horizon(p) - supervised.hitting_time(p, 0.04 * typical)
    run = solve_ivp(lambda _, m: 1.4**2 / K * 4 / (4 + np.exp(m)), (0, left), [0.0],
                    rtol=1e-11, atol=1e-12)  # fmt: skip
    margin = run.y[0, -1]
    assert supervised.margin_after(p, left) == pytest.approx(margin, rel=1e-8)
    end = max((margin + 3 * 0.8 * VARRHO) / 1.4, VARRHO)
    assert supervised.winner_at_horizon(p) == pytest.approx(end, rel=1e-8)
    flat = mean("shown", _sum(Q)) / mean("shown", _sum(1))
    onset = VARRHO * flat ** (-1 / 4)
    power = quad(lambda x: x**-4, VARRHO, min(onset, end))[0]
    base = power + flat * max(end - onset, 0.0) / VARRHO**4
    assert end > onset
    assert supervised.extra_drive(p, 0) == pytest.approx(base, rel=1e-8)
    image = (1 - 1 / K) * mean("shown", _sum(Q)) / VARRHO**4 * left / 137
    assert supervised.extra_drive(p, 3.0) == pytest.approx(base + 3 * image, rel=1e-8)
    hidden = 137 * 0.17 / 15
    assert supervised.extra_drive(p) == pytest.approx(base + hidden * image, rel=1e-8)


def test_ties_of_three_views():
    """psi(c_l)/S_l <= (psi(c_w) + extra)/S_w with the view that is first by psi/S in front."""
    p = _supervised()
    extra = supervised.extra_drive(p)
    activity = np.ones(15)
    activity[:3] = 0.8, 1.0, 0.9

    def first(second_by):
        psi_w = float(supervised.potential(p, np.array(0.3))) / 0.8
        reached = 0.9 * (psi_w + second_by * extra / 0.8)
        return (reached * 3 + VARRHO**-3) ** (-1 / 3)

    for share, crosses in ((0.99, True), (1.01, False)):
        c = np.zeros((5, 3))
        c[0] = 0.3, 0.01, first(share)
        assert supervised.also_learns(p, c, activity)[0] == crosses
    c = np.zeros((55, 15))
    c[:11, :3], c[3, 1] = 0.1, 0.3
    assert supervised.winning_view(p, c)[:2].tolist() == [1, -1]


# --- what is known after fine-tuning


def test_accuracy_of_what_three_views_know():
    """Over every image: the view it shows, and which learned features of others are in it."""
    learned = np.zeros((5, 3))
    learned[0, :2] = learned[1, 2] = learned[3] = 1
    clean = 1 - 1.3 / 5
    right = 0.0
    for label in range(5):
        foreign = learned.sum() - learned[label].sum()
        for view in range(3):
            if learned[label, view]:
                right += 1 / 15
            elif learned[label].any():
                right += clean**foreign / 15
    assert theorem2.accuracy_of_views(POINT, learned) == pytest.approx(right)
    both = theorem2.accuracy_of_views(POINT, np.stack([learned, np.ones((5, 3))]))
    assert both == pytest.approx([right, 1.0])
    found = theorem2.expected_cover_accuracy(replace(POINT, coverage=1 - 2 / 15))
    known = clean ** (15 - 2 - 2)
    assert found == pytest.approx((1.0, known, (13 + 2 * known) / 15))
