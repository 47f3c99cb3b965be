"""What each objective's own theory says at a regime without coincidences (`generic`)."""

from dataclasses import replace
from math import comb, inf, isnan, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import binom

from mrpverify.objectives.distilled import theory as distilled
from mrpverify.objectives.fine_tuning import step_sizes
from mrpverify.objectives.mae import theory as mae
from mrpverify.objectives.masked_supervised import theory as masked_supervised
from mrpverify.objectives.supervised import conditions as supervised_conditions
from mrpverify.objectives.supervised import theory as supervised_theory
from mrpverify.objectives.teacher_student import theory as teacher_student
from mrpverify.theory import cost, ensemble, growth, induction, lottery, supervised
from mrpverify.theory.curvature import activity_moment
from mrpverify.theory.data_law import role
from tests.theory import generic
from tests.theory.generic import FIXED, POINT, WEIGHTS, answer, mean, over_law

Q, VARRHO, K, VIEWS, OWN = 5, 0.7, 5, 3, 3
BOTH = pytest.mark.parametrize("p", [POINT, FIXED], ids=["bernoulli", "fixed"])
BELOW = OWN * (1 - 1 / Q) * VARRHO


def _sum(power):
    return lambda z: (z**power).sum(1)


def _least_of_largest(count, groups):
    """E of the positive part of the least of `groups` maxima of `count` normals."""
    return quad(lambda x: (1 - ndtr(x) ** count) ** groups, 0, 12)[0]


# --- masked autoencoder


@BOTH
@pytest.mark.parametrize("target", ["all", "masked"])
def test_balance_and_least_squares_of_the_decoder(p, target):
    p = replace(p, framework="mae", target=target)
    own, shared = WEIGHTS[p.masks]
    floor = 1 + own / OWN - shared
    f = 60 / 59 if p.masks == "fixed" else 1.0
    aim = (1.0 if target == "all" else 0.65 * f * (1 - 1 / OWN)) * 1.4
    end = mae.balance(p)
    # b = Lambda/sqrt(q) and b h K = T Z.
    assert end / sqrt(Q) * (end * 1.4 - BELOW) * floor == pytest.approx(aim)
    for held in (1, 3):
        a = float(answer(np.array(2.1 * 1.4 / OWN)))
        square = (held * OWN * a) ** 2 * (1 - shared) + own * held * OWN * a**2
        assert mae.decoded(p, 2.1, held) == pytest.approx(aim * held * OWN * a / square)
    assert mae.decoded(p, 0.0, 1) == 0.0


def _squares(c):
    """E[1_v h^2] of equal patches."""
    return over_law(lambda z: (OWN * answer(z.sum(1) * c / OWN)) ** 2)


@BOTH
def test_curvature_of_the_masked_autoencoder(p):
    p = replace(p, framework="mae")
    own, shared = WEIGHTS[p.masks]
    spread = over_law(lambda z: z.sum(1) ** 2) * (1 - shared)
    found = []
    for held in (1, 3):
        b = mae.decoded(p, 2.1, held)
        of_b = held * _squares(2.1) * (VIEWS * (1 - shared) + own / OWN)
        of_w = held * b**2 * (held * spread + own * over_law(_sum(2)))
        assert mae.block_curvature(p, 2.1, held) == pytest.approx(of_b + of_w, rel=1e-4)
        found.append(mae.block_curvature(p, mae.balance(p), held))
    assert mae.curvature(p) == max(found)
    shown = activity_moment(p, role(p, "shown"), 2.1, 3)
    direct = mean("shown", lambda z: (OWN * answer(z.sum(1) * 2.1 / OWN)) ** 3)
    assert shown == pytest.approx(direct, rel=1e-4)


# --- teacher-student


@BOTH
def test_curvature_and_conditions_of_teacher_student(p):
    own, _ = WEIGHTS[p.masks]
    after, last = own * over_law(_sum(2)) * (2 - 1 / Q), growth.growth_rate(p) * VARRHO**8
    assert teacher_student.curvature(p) == pytest.approx(max(after, last))
    hard = replace(p, amplification=5000.0)
    fast = growth.growth_rate(hard) * VARRHO**8
    assert teacher_student.curvature(hard) == pytest.approx(fast)
    assert fast > after > last
    found = {c.id: c for c in teacher_student.conditions(p)}
    risk = teacher_student.STAND_INS["covering_risk"].value
    assert found["coverage"].left == pytest.approx(VIEWS * log(15 / risk))
    assert found["coverage"].right == 11


def test_noise_of_the_background():
    """P_background E[g_+^q] (sigma sqrt d)^q against sum z^q (2 log km)^{q/2}."""
    p = replace(POINT, patches=60)
    moment = quad(lambda g: g**Q * np.exp(-(g**2) / 2) / sqrt(2 * np.pi), 0, 12)[0]
    empty = 60 - 45 * sum(generic.CHANCES.values())
    for noise, d in (("isotropic", p.dimension), ("off_span", p.dimension - 15)):
        found = {c.id: c for c in teacher_student.conditions(replace(p, noise=noise))}
        noisy = empty * moment * (0.06 * sqrt(d)) ** Q
        assert found["background noise"].left == pytest.approx(noisy)
    signal = mean("shown", _sum(Q)) * (2 * log(55)) ** (Q / 2)
    assert found["background noise"].right == pytest.approx(signal)


# --- supervised


def test_conditions_of_supervised_learning():
    p = replace(POINT, framework="supervised")
    start = 0.04 * _least_of_largest(11, 3)
    flat = mean("shown", _sum(Q)) / mean("shown", _sum(1))
    end = (log(137 * 4) + BELOW) / 1.4
    assert supervised_theory.final_correlation(p) == pytest.approx(end)
    loser = 3 * flat * (start / VARRHO) ** 3 * end / VARRHO
    assert supervised_conditions.losing_view_growth(p) == pytest.approx(loser)
    wanted = supervised_conditions.init_at_growth(p, 0.31)
    there = supervised_conditions.losing_view_growth(replace(p, init_scale=wanted))
    assert there == pytest.approx(0.31)
    found = {c.id: c for c in supervised_conditions.conditions(p)}
    assert (found["losing view"].left, found["losing view"].right) == pytest.approx((loser, 1.0))
    strength = mean("shown", _sum(Q)) / VARRHO**4
    driven = 3 * start**3 * strength * 0.17 / 15 * supervised.horizon(p)
    assert found["single-view drive"].left == pytest.approx(driven)
    assert found["single-view drive"].right == 1.0
    moment = quad(lambda g: g**Q * np.exp(-(g**2) / 2) / sqrt(2 * np.pi), 0, 12)[0]
    noise = found["weak view above noise"]
    assert noise.left == pytest.approx(60 * moment * 0.06**Q)
    assert noise.right == pytest.approx(mean("weak", _sum(Q)))
    smallest = found["weak view above feature noise"]
    assert (smallest.left, smallest.right) == pytest.approx((0.013, 0.1))
    kernels = found["kernels of a class"]
    assert kernels.left == pytest.approx(p.classes * 0.5 ** (p.views * p.kernels_per_class))
    assert kernels.right == pytest.approx(0.2)
    for shown in (replace(p, hide=False), replace(p, views=1)):
        silent = {c.id: c.left for c in supervised_conditions.conditions(shown)}
        hidden = ("single-view drive", "weak view above noise", "weak view above feature noise")
        assert [silent[name] for name in hidden] == [0.0] * 3
    assert supervised_conditions.losing_view_growth(replace(p, views=1)) == 0.0
    off = {c.id: c.left for c in supervised_conditions.conditions(replace(p, noise="off_span"))}
    assert off["weak view above noise"] == 0.0
    square = over_law(lambda z: z.sum(1) ** 2) / 4
    last = supervised.growth_rate(p) * VARRHO**3
    assert supervised_theory.curvature(p) == pytest.approx(max(square, last))


@given(st.integers(0, 10_000))
def test_winners_of_many_seeds_are_those_of_each(seed):
    """Two leading axes of unlike lengths, and a view that no image shows."""
    p = replace(POINT, framework="supervised", kernels_per_class=2)
    rng = np.random.default_rng(seed)
    c = 0.3 * rng.normal(size=(2, 4, 10, 15))
    activity = rng.uniform(0.5, 1.5, size=(2, 4, 15)) * (rng.random((2, 4, 15)) < 0.8)
    largest = supervised.initial_largest(p, c)
    winners = supervised.winning_view(p, c, activity)
    both = supervised.also_learns(p, largest, activity)
    extra = supervised.extra_drive(p)
    alone = supervised.also_learns(replace(p, views=1), largest[..., :1])
    assert alone.shape == both.shape
    assert not alone.any()
    for at in np.ndindex(2, 4):
        for i in range(5):
            own = c[at][2 * i : 2 * i + 2, 3 * i : 3 * i + 3].max(0).clip(0)
            np.testing.assert_array_equal(largest[at][i], own)
            s = activity[at][3 * i : 3 * i + 3]
            s = s if s.any() else np.ones(3)
            score = own * s ** (1 / 3)
            expected = int(score.argmax()) if own.max() > 0 else -1
            assert winners[at][i] == expected
            psi = [quad(lambda x: x**-4, x, VARRHO)[0] if 0 < x < VARRHO else (0 if x else inf)
                   for x in own]  # fmt: skip
            times = sorted((t / y if y else (inf if t else 0.0), y)
                           for t, y in zip(psi, s, strict=True))  # fmt: skip
            (first, of_winner), (second, _), _ = times
            reached = first + (extra / of_winner if of_winner else inf)
            if second == inf or abs(second - reached) > 1e-9 * reached:
                assert both[at][i] == (second < inf and second <= reached)


def test_a_winner_that_is_not_linear_yet_gives_no_linear_drive():
    """A class whose winner has just crossed at T: the loser had what the winner's potential was."""
    p = replace(POINT, framework="supervised", horizon_factor=1.0, supervised_step=1e-9)
    flat = mean("shown", _sum(Q)) / mean("shown", _sum(1))
    patchy = replace(p, patches_per_feature=1, split="equal", own_low=0.3, own_high=0.31)
    assert supervised.winner_at_horizon(patchy) > 0
    for point in (p, patchy):
        end = supervised.winner_at_horizon(point)
        share = flat if point is p else supervised._activity_share(point)
        onset = VARRHO * share ** (-1 / 4)
        power = quad(lambda x: x**-4, VARRHO, min(onset, end))[0]
        linear = share * max(end - onset, 0.0) / VARRHO**4
        assert supervised.extra_drive(point, 0) == pytest.approx(power + linear, rel=1e-7)


@given(st.integers(0, 10_000))
def test_first_features_of_many_seeds_are_those_of_each(seed):
    rng = np.random.default_rng(seed)
    c, rates = rng.normal(size=(2, 3, 4, 15)), rng.uniform(-0.5, 2, size=(2, 3, 15))
    c[0, 1, 2] = -abs(c[0, 1, 2])
    plain = lottery.plain_first_feature(c)
    weighted = lottery.teacher_student_first_feature(POINT, c, rates)
    for at in np.ndindex(2, 3, 4):
        assert plain[at] == (c[at].argmax() if c[at].max() > 0 else -1)
        times = growth.hitting_times(0.01 * c[at], rates[at[:2]], Q, VARRHO)
        assert weighted[at] == (times.argmin() if times.min() < inf else -1)
    assert lottery.chance_level(POINT) == pytest.approx(1 / 15)


# --- masks with labels, soft labels, ensembles


@BOTH
def test_a_second_view_under_masks_with_labels(p):
    p = replace(p, framework="masked-supervised")
    alone = 0.35 * 0.65**3
    if p.masks == "fixed":
        alone = comb(56, 20) / comb(60, 21)
    assert masked_supervised.hidden_share(p) == pytest.approx(alone)
    rate = alone * mean("shown", _sum(Q)) * (0.3 / VARRHO) ** 4 * 4 / 25
    assert masked_supervised.second_view_rate(p, 0.3) == pytest.approx(rate)
    unit = rate / 0.3**4
    time = quad(lambda c: 1 / (unit * c**4), 0.2, VARRHO)[0]
    assert masked_supervised.second_view_time(p, 0.2) == pytest.approx(time)
    start = 0.04 * _least_of_largest(11, 3)
    typical = quad(lambda c: 1 / (unit * c**4), start, VARRHO)[0]
    assert masked_supervised.typical_time(p) == pytest.approx(typical)
    assert masked_supervised.second_view_time(replace(p, power=2), 0.2) == inf
    if p.masks == "bernoulli":
        assert masked_supervised.best_visible_share(p) == pytest.approx(1 / 4)
        assert masked_supervised.second_view_time(replace(p, visible=1.0), 0.2) == inf


def test_what_soft_labels_drive():
    p = replace(POINT, taught_weight=0.6)
    off, own = mean("off", _sum(Q)), mean("shown", _sum(Q))
    assert distilled.target_over_leak(p) == pytest.approx(4 * off / own)
    rate = 0.6 * 0.26 * 0.8 * 0.37 * off / VARRHO**4
    assert distilled.lift_rate(p, 0.37) == pytest.approx(rate)
    assert distilled.visible_share(p) == pytest.approx(1 - 0.74**3)


def test_ensembles_and_the_induction():
    assert ensemble.members_needed(POINT, 0.02) == 10  # log2(750) = 9.55
    assert ensemble.missing_share(0.3, 4) == pytest.approx(0.35**4)
    for framework, n in (("teacher-student", 8), ("mae", 4), ("supervised", 3)):
        p = replace(POINT, framework=framework)
        assert induction.allowed_from(p) == pytest.approx(4 ** (-1 / n))


def test_cost_of_a_gradient():
    p = replace(POINT, patches=20, precision="float64")
    most = 0
    while binom.cdf(most, 12, 0.26) < 1 - 1 / 137:
        most += 1
    width = max(20, 3 * (3 + most))
    assert cost.patches(p) == width
    assert cost.patches(POINT) == 60
    found = cost.gradient(p)
    assert found.operations == 4 * 137 * width * p.dimension * 55
    assert (found.activations, found.images) == (
        8 * 137 * width * 55,
        8 * 137 * width * p.dimension,
    )
    half = cost.gradient(replace(p, precision="float32"))
    assert half.activations == found.activations / 2
    assert cost.hours(p, 1000, 1e9, 3.0) == pytest.approx(3e-6 * found.operations / 3600)
    steps = cost.plateau_gradients(p)
    assert 0.04 * 1.1**steps >= VARRHO > 0.04 * 1.1 ** (steps - 1)
    assert cost.plateau_gradients(replace(p, init_scale=0.9)) == 0


# --- fine-tuning

TUNED = replace(POINT, framework="fine-tuning", encoder_step=0.3, head_step=0.8, probe_step=0.7)


def _output(c):
    return OWN * float(answer(np.array(c * 1.4 / OWN)))


def _slope(c):
    u = c * 1.4 / OWN
    return 1.4 * min(u / VARRHO, 1.0) ** 4


def test_balance_of_kernel_and_head():
    """u^2/eta_2 of the classes' mean head is what 2 int h/h' has grown by, over eta_1."""
    joint = VARRHO * OWN / 1.4
    for c in (0.4, joint, 1.9, 4.0):
        assert step_sizes.output(TUNED, c) == pytest.approx(_output(c))
        whole = 2 * quad(lambda x: _output(x) / _slope(x), 1e-9, c, points=[min(joint, c)])[0]
        assert step_sizes.double_phi(TUNED, c) == pytest.approx(whole, rel=1e-4)
    grown = step_sizes.double_phi(TUNED, 3.1) - step_sizes.double_phi(TUNED, 1.2)
    head = sqrt(grown * 0.8 / 0.3 * (1 - 1 / K))
    assert step_sizes.head_entry(TUNED, 1.2, 3.1) == pytest.approx(head)
    assert step_sizes.head_entry(TUNED, 1.2, 1.2) == 0.0


def test_ends_of_fine_tuning():
    margin = log(137 * 4) * (1 - 1 / K)

    def left(c):
        grown = step_sizes.double_phi(TUNED, c) - step_sizes.double_phi(TUNED, 1.2)
        return sqrt(grown * 0.8 / 0.3 * 0.8) * _output(c) - margin

    end = step_sizes.end_state(TUNED, 1.2)
    assert end.correlation == pytest.approx(brentq(left, 1.2, 50))
    assert end.head * _output(end.correlation) == pytest.approx(margin)
    probe = step_sizes.end_state(replace(TUNED, encoder_step=0.0), 1.9)
    assert probe == pytest.approx((1.9, margin / _output(1.9)))


def test_curvatures_of_fine_tuning():
    start = step_sizes.largest_start(TUNED)
    assert step_sizes.confusion(TUNED) == pytest.approx(5 / 16)
    for p, number in ((TUNED, 11 / 3), (replace(TUNED, framework="mae"), 1.0)):
        assert step_sizes.kernels_per_feature(p) == pytest.approx(number)
    assert step_sizes.start_square(TUNED) == pytest.approx(_squares(start), rel=1e-4)
    grown, rest = _squares(step_sizes.end_state(TUNED).correlation), (11 / 3 - 1) * _squares(start)
    head = 5 / 16 * 3 * max(rest + grown, 3 * grown)
    assert step_sizes.head_curvature(TUNED) == pytest.approx(head, rel=1e-4)
    probe = 5 / 16 * 3 * max(11 / 3, 3) * _squares(start)
    assert step_sizes.probe_curvature(TUNED) == pytest.approx(probe, rel=1e-4)
    few = replace(TUNED, kernels_per_class=2)
    fewer = 5 / 16 * 3 * 3 * _squares(step_sizes.largest_start(few))
    assert step_sizes.probe_curvature(few) == pytest.approx(fewer, rel=1e-4)
    u = step_sizes.end_state(TUNED, VARRHO).head
    whole = 5 / 16 * u**2 * 5 / 4 * 3 * over_law(lambda z: z.sum(1) ** 2)
    assert step_sizes.encoder_curvature(TUNED) == pytest.approx(whole)
    assert step_sizes.encoder_curvature(replace(TUNED, encoder_step=0.0)) == 0.0
    diverging = replace(POINT, gain="constant", tau=9.0)
    assert step_sizes.start_square(diverging) == inf
    assert not isnan(step_sizes.end_state(diverging).correlation)
