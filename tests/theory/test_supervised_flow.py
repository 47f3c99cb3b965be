"""L12: the closed flow of own-view correlations, against images that are drawn one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from mrpverify.parameters import Parameters, changed
from mrpverify.simulate.descend import pretrain
from mrpverify.theory import supervised_flow as flow
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope
from mrpverify.theory.data_law import power_sum, role
from mrpverify.theory.supervised import single_view_accuracy

BASE = Parameters(
    framework="supervised", classes=4, off_class=0.8, kernels_per_class=3, single_view=0.3,
    linear_from=0.5, init_scale=0.01, step=1.0,
)  # fmt: skip
IMAGES = 40_000


def images(p, rng, count):
    """Strengths of patches [images, features, C_p], labels and kinds, by the law's own words."""
    k, c_p = p.classes, p.patches_per_feature
    label = rng.integers(k, size=count)
    single = rng.random(count) < p.single_view
    view = rng.integers(2, size=count)
    own = np.arange(2 * k) // 2 == label[:, None]
    hidden = own & (np.arange(2 * k) % 2 != view[:, None]) & single[:, None]
    present = own | (rng.random((count, 2 * k)) < p.off_class / k)
    total = rng.uniform(p.own_low, p.own_high, (count, 2 * k))
    weak = rng.uniform(p.weak_view, 2 * p.weak_view, (count, 2 * k))
    off = rng.uniform(p.off_low, p.off_high, (count, 2 * k))
    low = rng.uniform(p.single_view_off_class / 2, p.single_view_off_class, (count, 2 * k))
    total = np.where(own, np.where(hidden, weak, total), np.where(single[:, None], low, off))
    share = rng.uniform(0.75, 1.25, (count, 2 * k, c_p))
    share /= share.sum(-1, keepdims=True)
    kind = np.where(single, 1 + view, 0)
    return (present * total)[..., None] * share, label, kind


def by_images(p, c, z, label):
    """The flow of (1) on given images, classes left as they are: no closure, no quadrature."""
    count, k, m = len(label), p.classes, p.kernels_per_class
    u = z.reshape(count, k, 2, 1, -1) * c[..., None]
    f = smoothed_relu(u, p.power, p.linear_from).sum((2, 3, 4))
    chance = np.exp(f - f.max(1, keepdims=True))
    chance /= chance.sum(1, keepdims=True)
    pull = np.eye(k)[label] - chance
    slope = smoothed_relu_slope(u, p.power, p.linear_from)
    towards = (z.reshape(count, k, 2, 1, -1) * slope).sum(-1)
    each = pull[:, :, None, None] * towards
    assert each.shape == (count, k, 2, m)
    return each.mean(0), each.std(0) / np.sqrt(count)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [0.3, 3.0])
def test_the_flow_is_that_of_drawn_images(seed, size):
    rng = np.random.default_rng(seed)
    c = size * rng.standard_normal((4, 2, 3))
    z, label, kind = images(BASE, rng, IMAGES)
    kinds = np.array([[((label == y) & (kind == j)).mean() for j in range(3)] for y in range(4)])
    field = flow.OwnViewFlow(BASE, flow.Drawn(c, kinds, np.ones((4, 2))))
    found = field(0.0, c.ravel()).reshape(c.shape)
    measured, error = by_images(BASE, c, z, label)
    # 24 numbers at five standard errors: false alarm 1e-5; the closure and three nodes add 1 %.
    assert (np.abs(found - measured) <= 5 * error + 0.01 * np.abs(measured).max()).all()


def test_without_the_pull_of_other_classes_the_flow_would_be_another_one():
    rng = np.random.default_rng(0)
    c = 3.0 * np.abs(rng.standard_normal((4, 2, 3)))
    z, label, _ = images(BASE, rng, IMAGES)
    alone = replace(BASE, off_class=0.0)
    field = flow.OwnViewFlow(alone, flow.expected_draw(alone, c))
    measured, error = by_images(BASE, c, z, label)
    gap = np.abs(field(0.0, c.ravel()).reshape(c.shape) - measured)
    assert (gap > 5 * error + 0.01 * np.abs(measured).max()).any()


@pytest.mark.parametrize("seed", range(3))
def test_the_accuracy_is_that_of_drawn_images(seed):
    rng = np.random.default_rng(seed)
    c = np.abs(rng.standard_normal((4, 2, 3))) * rng.choice([0.02, 3.0], (4, 2, 1))
    z, label, _ = images(replace(BASE, single_view=1.0), rng, IMAGES)
    u = z.reshape(IMAGES, 4, 2, 1, -1) * c[..., None]
    f = smoothed_relu(u, BASE.power, BASE.linear_from).sum((2, 3, 4))
    own = f[np.arange(IMAGES), label]
    f[np.arange(IMAGES), label] = -np.inf
    right = ((own > 0) & (own > f.max(1))).mean()
    # Five standard errors (6e-7), and 16 midpoints a variable.
    assert abs(flow.accuracy(BASE, c) - right) < 5 * np.sqrt(0.25 / IMAGES) + 0.004


def test_strengths_are_looked_at_from_end_to_end():
    """What answers louder in half of the images does so in half of the nodes: Z is uniform, and an
    answer grows with it. No class answers by its second view."""
    p = replace(
        BASE, classes=2, weak_view=0.0, own_low=1.2, own_high=1.2, single_view_off_class=0.8,
        off_class=0.6,
    )  # fmt: skip
    c, pi = np.zeros((2, 2, 1)), 0.3
    c[:, 0, 0] = 2.0, 2.0 * 1.2 / 0.6
    # Z of what is not looked at lies in [0.4, 0.8]: the first class is beaten above 0.6, the second
    # one, as far from it on the other side, never.
    expected = ((1 - pi / 2) + 1.0) / 4
    assert flow.accuracy(p, c) == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.01, 0.3), st.integers(0, 100))
def test_one_view_a_class_is_the_plain_law(presence, seed):
    """Leading term: a lost view answers by its weak rest, below any learned one."""
    p = replace(BASE, classes=6, off_class=6 * presence)
    lost = np.random.default_rng(seed).integers(2, size=6)
    c = np.full((6, 2, 1), 7.0)
    c[np.arange(6), lost] = 0.05
    assert flow.accuracy(p, c) == pytest.approx(single_view_accuracy(p), abs=1e-9)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 1000))
def test_a_tenth_of_the_tolerance_changes_nothing(seed):
    p = replace(BASE, single_view=0.02, off_class=0.4)
    start = p.init_scale * np.random.default_rng(seed).standard_normal((4, 2, 3))
    drawn = flow.expected_draw(p, start)
    found = flow.at_horizon(p, drawn)
    if found is None:
        assert (start.max((1, 2)) <= 0).any()
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flow, "RELATIVE", flow.RELATIVE / 10)
        patch.setattr(flow, "ABSOLUTE", flow.ABSOLUTE / 10)
        finer = flow.at_horizon(p, drawn)
    assert np.abs(found - finer).max() < 0.01 * np.abs(finer).max()
    assert (found.max((1, 2)) >= p.linear_from).all()  # T is after coverage


def test_classes_are_equivariant_and_views_too():
    rng = np.random.default_rng(1)
    c = rng.standard_normal((4, 2, 3))
    kinds = rng.dirichlet(np.ones(12)).reshape(4, 3)
    order = rng.permutation(4)
    plain = flow.OwnViewFlow(BASE, flow.Drawn(c, kinds, np.ones((4, 2))))(0.0, c.ravel())
    other = c[order]
    moved = flow.OwnViewFlow(BASE, flow.Drawn(other, kinds[order], np.ones((4, 2))))
    np.testing.assert_allclose(
        moved(0.0, other.ravel()).reshape(c.shape), plain.reshape(c.shape)[order], rtol=1e-12
    )
    swapped, back = c[:, ::-1], kinds[:, [0, 2, 1]]
    turned = flow.OwnViewFlow(BASE, flow.Drawn(swapped, back, np.ones((4, 2))))
    np.testing.assert_allclose(
        turned(0.0, swapped.ravel()).reshape(c.shape)[:, ::-1], plain.reshape(c.shape), rtol=1e-12
    )


def test_relative_activity_of_the_law_itself_is_one():
    p = BASE
    kinds = flow.expected_draw(p, np.zeros((4, 2, 3))).kinds
    shown, weak = (power_sum(p, role(p, name), p.power) for name in ("shown", "weak"))
    by_class = (kinds[:, 0] + kinds[:, 1]) * shown + kinds[:, 2] * weak
    own = np.repeat(by_class, 2)
    np.testing.assert_allclose(flow.relative_activity(p, own, kinds), np.ones((4, 2)), rtol=1e-12)
    np.testing.assert_allclose(flow.relative_activity(p, 2 * own, kinds), 2.0, rtol=1e-12)


def test_what_the_flow_does_not_speak_of():
    start = np.full((4, 2, 3), -0.01)
    assert flow.at_horizon(BASE, flow.expected_draw(BASE, start)) is None
    with pytest.raises(ValueError, match="closed flow"):
        flow.at_horizon(replace(BASE, views=3), flow.expected_draw(BASE, -start))


@pytest.mark.parametrize("off_class", [0.0, 0.8, 4.0])
def test_far_below_varrho_every_class_is_as_likely(off_class):
    """No logit yet: a class's view gains 1 - 1/k of its own images and loses 1/k of all others.

    sReLU'(c z) = (c z/varrho)^{q-1}, so that both are sums of z^q, which the data law gives; two
    views differ in how often they are hidden. At off_class = k others' features always show.
    """
    p, k = replace(BASE, off_class=off_class), BASE.classes
    c = 1e-3 * np.random.default_rng(0).uniform(0.5, 1, (k, 2, 3))
    kinds = np.random.default_rng(1).dirichlet(np.ones(3 * k)).reshape(k, 3)
    sums = {name: power_sum(p, role(p, name), p.power)
            for name in ("shown", "weak", "off", "single_off")}  # fmt: skip
    multi, single = kinds[:, 0], kinds[:, 1:].sum(1)
    own = np.stack([
        (multi + kinds[:, 1 + view]) * sums["shown"] + kinds[:, 2 - view] * sums["weak"]
        for view in range(2)
    ], 1)  # fmt: skip
    off = off_class / k * (multi * sums["off"] + single * sums["single_off"])
    drive = own * (1 - 1 / k) - (off.sum() - off)[:, None] / k
    expected = (c / p.linear_from) ** (p.power - 1) * drive[:, :, None]
    found = flow.OwnViewFlow(p, flow.Drawn(c, kinds, np.ones((k, 2))))(0.0, c.ravel())
    np.testing.assert_allclose(found.reshape(c.shape), expected, rtol=1e-6)


@pytest.mark.parametrize(
    "changes",
    [{}, {"horizon_factor": 1.0}, {"step": 40.0}, {"init_scale": 0.3, "step": 0.001}],
)
def test_the_end_is_the_state_at_the_horizon(changes):
    """One solver of high order over the whole way: T from where it first covers, then C(T)."""
    p = replace(BASE, off_class=0.4, **changes)
    start = p.init_scale * np.abs(np.random.default_rng(3).standard_normal((4, 2, 3)))
    drawn = flow.expected_draw(p, start)
    field = flow.OwnViewFlow(p, drawn)
    way = solve_ivp(field, (0, 1e5), start.ravel(), "DOP853", dense_output=True, rtol=1e-9)

    def short(time):
        return way.sol(time).reshape(4, 2, 3).max((1, 2)).min() - p.linear_from

    covered = brentq(short, 0, 1e5)
    horizon = max(p.horizon_factor * covered, flow.LEAST_STEPS * p.step)
    expected = way.sol(horizon).reshape(4, 2, 3)
    np.testing.assert_allclose(flow.at_horizon(p, drawn), expected, rtol=0.01, atol=1e-5)


@pytest.mark.parametrize("split", ["random", "equal"])
def test_two_patches_have_the_moments_of_the_law(split):
    """s/(s + t) with s, t ~ U[0.75, 1.25] by quadrature: sum of squares, and of cubes."""
    grid, weight = np.polynomial.legendre.leggauss(20)
    s, t = np.meshgrid(1 + grid / 4, 1 + grid / 4)
    share = s / (s + t) if split == "random" else np.full_like(s, 0.5)
    chance = np.outer(weight, weight) / 4
    found = flow.patch_shares(replace(BASE, split=split))
    assert found.sum() == pytest.approx(1)
    for power in (2, 3):
        expected = (chance * (share**power + (1 - share) ** power)).sum()
        assert (found**power).sum() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_is_drawn_the_flow_is_that_of_one_image_a_class(seed):
    """Every feature always there with one strength: no closure and no quadrature is left to err."""
    p = replace(
        BASE, off_class=4.0, single_view=0.0, split="equal", own_low=1.2, own_high=1.2,
        off_low=0.4, off_high=0.4,
    )  # fmt: skip
    k, count = p.classes, p.patches_per_feature
    c = np.random.default_rng(seed).uniform(-1, 4, (k, 2, 3))
    expected = np.zeros_like(c)
    for label in range(k):
        z = np.where(np.arange(k) == label, 1.2, 0.4)[:, None, None] / count
        f = count * smoothed_relu(c * z, p.power, p.linear_from).sum((1, 2))
        pull = (np.arange(k) == label) - np.exp(f) / np.exp(f).sum()
        slope = count * z * smoothed_relu_slope(c * z, p.power, p.linear_from)
        expected += pull[:, None, None] * slope / k
    found = flow.OwnViewFlow(p, flow.expected_draw(p, c))(0.0, c.ravel())
    np.testing.assert_allclose(found.reshape(c.shape), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("split", ["random", "equal"])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_there_is_a_share_for_every_patch(split, count):
    found = flow.patch_shares(replace(BASE, split=split, patches_per_feature=count))
    assert found.shape == (count,)
    assert found.sum() == pytest.approx(1)
    if count != 2 or split == "equal":
        np.testing.assert_allclose(found, 1 / count)


@pytest.mark.parametrize("step", [0.002, 0.02, 0.5])
def test_what_is_covered_at_the_start_runs_for_the_least_number_of_steps(step):
    p = replace(BASE, step=step)
    start = p.linear_from + np.random.default_rng(5).uniform(0.1, 1, (4, 2, 3))
    drawn = flow.expected_draw(p, start)
    end = flow.LEAST_STEPS * step
    way = solve_ivp(flow.OwnViewFlow(p, drawn), (0, end), start.ravel(), "DOP853", rtol=1e-9)
    moved = way.y[:, -1].reshape(start.shape) - start
    error = np.abs(flow.at_horizon(p, drawn) - start - moved).max()
    assert error < 0.01 * np.abs(moved).max()


@pytest.mark.parametrize("kappa", [0.0, 0.3])
def test_at_an_angle_a_patch_of_one_view_moves_the_other_too(kappa) -> None:
    """w moves along the patches that are shown: dw = g_1 v_1 + g_2 v_2, and c = <w, v>."""
    rng = np.random.default_rng(0)
    start = rng.uniform(0, 0.8, (BASE.classes, 2, BASE.kernels_per_class))
    drawn = flow.expected_draw(BASE, start)
    alone = flow.OwnViewFlow(BASE, drawn)(0.0, start.ravel()).reshape(start.shape)
    views = np.array([[1.0, 0.0], [kappa, np.sqrt(1 - kappa**2)]])
    moved = np.einsum("ilr,ld->ird", alone, views)
    expected = np.einsum("ird,ld->ilr", moved, views)
    found = flow.OwnViewFlow(BASE, drawn, kappa)(0.0, start.ravel()).reshape(start.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


def test_at_an_angle_the_end_is_that_of_trained_kernels() -> None:
    """The larger correlation of every own view at T, within 15 %, and not the one at a right angle.

    Two seeds without noise, N = 2000: what is left are the closure and drawn images.
    """
    p = replace(
        BASE, off_class=0.2, single_view=0.05, images=2000, dimension=12, patch_noise=0.0,
        feature_noise=0.0, method="flow", tolerance=1e-3, max_steps=20_000,
    )  # fmt: skip
    run = pretrain(changed(p, law="imperfect", alignment=0.1), "angle", [0, 1])
    assert run.reached_horizon.all()
    for seed in range(2):
        end, start = (
            np.stack([c.reshape(4, 3, 4, 2)[i, :, i].T for i in range(4)])
            for c in (run.final_correlations[seed], run.initial_correlations[seed])
        )
        drawn = flow.expected_draw(p, start)
        np.testing.assert_allclose(
            flow.at_horizon(p, drawn, 0.1).max(-1), end.max(-1), rtol=0.15, atol=0.05
        )
        assert np.abs(flow.at_horizon(p, drawn).max(-1) / end.max(-1) - 1).max() > 0.5
