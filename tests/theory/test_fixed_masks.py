"""Theory under masks of fixed size: every mask of a small image, and the table of laws2."""

from dataclasses import replace
from functools import cache
from itertools import combinations
from math import log

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.objectives.mae.theory import decoded
from mrpverify.objectives.masked_supervised import theory as masked_supervised
from mrpverify.parameters import Parameters
from mrpverify.parts.mask_law import MaskLaw
from mrpverify.theory import mae_growth, mae_plateau, masking, plateau, resting
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope
from mrpverify.theory.growth import gain_threshold, growth_rate
from mrpverify.theory.mae_masks import fusion_threshold, remaining_share
from mrpverify.theory.reduced_dynamics import law_moments, velocity
from mrpverify.theory.separatrix import leader_advantage, sibling_advantage
from mrpverify.theory.theorem1 import one_feature_at_horizon

# (P, n, C_p), K, and what is left of the drive for the sibling view (laws2, FIX).
TABLE = [
    ((8, 4, 2), 1.42857, 0.40),
    ((8, 2, 2), 2.28571, 0.75),
    ((12, 6, 3), 1.27273, 0.2857),
    ((4, 2, 2), 1.33333, None),
    ((6, 3, 6), 1.0, None),
]


def regime(patches, shown, count, **changes):
    """Equal patches of one strength, both views of a class in each of its images, nothing else."""
    plain = {
        "classes": 2, "views": 2, "split": "equal", "own_low": 1.0, "own_high": 1.0,
        "off_class": 0.0, "single_view": 0.0, "patch_noise": 0.0, "feature_noise": 0.0,
        "linear_from": 0.7, "patches_per_feature": count, "patches": patches,
        "visible": shown / patches, "masks": "fixed",
    }  # fmt: skip
    return Parameters(**{**plain, **changes})


def masks_of(p):
    """All masks of an image, each as likely [masks, patches]."""
    return every_mask(p.patches, round(p.visible * p.patches))


@cache
def every_mask(patches, shown):
    chosen = np.array(list(combinations(range(patches), shown)))
    masks = np.zeros((len(chosen), patches))
    np.put_along_axis(masks, chosen, 1.0, 1)
    return masks


def strengths(p, views=2):
    """z [patches, views] of an image: C_p equal patches of every view, then background."""
    z = np.zeros((p.patches, views))
    for view in range(views):
        z[view * p.patches_per_feature : (view + 1) * p.patches_per_feature, view] = (
            1 / p.patches_per_feature
        )
    return z


def student_drift(p, c, views=2):
    """-grad [views] of E 1/2 (hhat - h(eps X)/theta)^2 in the correlations c, mask by mask.

    One image; the teacher at the start gain.
    """
    z = strengths(p, views)
    u = z @ np.asarray(c)
    a = smoothed_relu(u, p.power, p.linear_from)
    slope = smoothed_relu_slope(u, p.power, p.linear_from)
    taught = smoothed_relu(p.start_gain * u, p.power, p.linear_from).sum()
    moves = [
        (taught - (mask * a).sum() / p.visible) * (mask * slope) @ z / p.visible
        for mask in masks_of(p)
    ]
    return np.mean(moves, 0)


@pytest.mark.parametrize(("numbers", "floor", "left"), TABLE)
def test_the_table_of_laws2(numbers, floor, left):
    views = 1 if numbers == (6, 3, 6) or numbers == (4, 2, 2) else 2
    p = regime(*numbers, views=views)
    assert p.gain_floor == pytest.approx(floor, abs=5e-6)
    assert gain_threshold(p) == pytest.approx(p.gain_floor, rel=1e-12)
    if left is not None:
        assert remaining_share(p) == pytest.approx(left, abs=5e-5)
    bernoulli = replace(p, masks="bernoulli")
    assert bernoulli.gain_floor > p.gain_floor


@pytest.mark.parametrize("patches", [1, 2, 3, 4])
def test_symbolic_identities(patches):
    a, x = (sp.symbols(f"{letter}:{patches}") for letter in "ax")
    hhat = sp.Symbol("hhat")
    for shown in range(1, patches + 1):
        theta = sp.Rational(shown, patches)

        def seen(mask, theta=theta):
            return sum(eps * part for eps, part in zip(mask, a, strict=True)) / theta

        def hidden(mask):
            return sum((1 - eps) * part for eps, part in zip(mask, x, strict=True))

        def mean(loss, shown=shown):
            return masking.fixed_size_expectation(loss, patches, shown)

        student = (hhat - sum(a)) ** 2 + masking.fixed_size_variance(a, shown)
        cross = masking.fixed_size_cross(x, a, shown)
        target = masking.fixed_size_target(x, shown)
        assert sp.expand(mean(lambda mask: (hhat - seen(mask)) ** 2) - student) == 0
        assert sp.expand(mean(lambda mask: hidden(mask) * seen(mask)) - cross) == 0
        assert sp.expand(mean(lambda mask: hidden(mask) ** 2) - target) == 0


@given(st.integers(1, 8), st.data())
def test_moments_are_those_of_all_masks(patches, data):
    shown = data.draw(st.integers(1, patches))
    count = data.draw(st.integers(1, patches))
    law = MaskLaw(shown / patches, patches)
    masks = every_mask(patches, shown)
    a = np.random.default_rng(0).normal(size=patches)
    variance = (masks @ a / law.visible).var()
    assert law.own * (a**2).sum() - law.shared * a.sum() ** 2 == pytest.approx(variance, abs=1e-12)
    assert 0 <= law.shared <= 1 + 1e-12
    assert law.hidden(count) == pytest.approx((masks[:, :count] == 0).all(1).mean())
    if patches > 1:
        across = ((1 - masks[:, 0]) * masks[:, 1]).mean() / law.visible
        assert law.across == pytest.approx(across)
        assert law.both_hidden == pytest.approx((masks[:, :2] == 0).all(1).mean(), abs=1e-12)
    beside = ((masks[:, :count] == 0).all(1) & (masks[:, -1] == 1)).mean()
    assert law.one_beside(count) == pytest.approx(beside if count < patches else 0.0)


def test_many_patches_are_drawn_one_by_one():
    few, many = MaskLaw(0.3), MaskLaw(0.3, 10**6)
    for name in ("own", "across", "both_hidden"):
        assert getattr(many, name) == pytest.approx(getattr(few, name), rel=1e-5)
    assert many.shared < 1e-5
    assert MaskLaw(0.3, 10_000).one_beside(3) == pytest.approx(few.one_beside(3), rel=1e-3)


@pytest.mark.parametrize("numbers", [row[0] for row in TABLE[:3]])
@pytest.mark.parametrize("power", [3, 4])
def test_growth_is_that_of_all_masks(numbers, power):
    p = regime(*numbers, power=power)
    c = 0.05
    expected = student_drift(p, [c, 0.0])[0] / p.classes
    assert growth_rate(p) * c ** (2 * power - 1) == pytest.approx(expected, rel=1e-10)
    still = replace(p, amplification=0.0)
    assert abs(student_drift(still, [c, 0.0])[0]) < 1e-12 * abs(student_drift(p, [c, 0.0])[0])
    assert still.start_gain**power == pytest.approx(gain_threshold(p))


@pytest.mark.parametrize("numbers", [(8, 4, 2), (8, 2, 2), (10, 3, 3)])
def test_two_features_in_one_kernel_follow_all_masks(numbers):
    """L5's ODE and the reduced dynamics, and alpha/beta from them: off K - 1 by `shared`."""
    p = regime(*numbers)
    c = np.array([0.06, 0.03])
    expected = student_drift(p, c) / p.classes
    alone = np.array([student_drift(p, [c[0], 0.0])[0], student_drift(p, [0.0, c[1]])[1]])
    found = velocity(p, law_moments(p), np.append(c, [0.0, 0.0]))
    np.testing.assert_allclose(found[:2], expected, rtol=1e-10)
    alpha = alone / (c ** (2 * p.power - 1)) / p.classes
    beta = (expected - alone / p.classes) / (c ** (p.power - 1) * c[::-1] ** p.power)
    np.testing.assert_allclose(alpha / beta, sibling_advantage(p), rtol=1e-9)
    own = leader_advantage(p.sibling_floor, p.amplification)
    assert own == pytest.approx(sibling_advantage(p))
    assert own != pytest.approx(leader_advantage(p.gain_floor, p.amplification), rel=1e-2)


@pytest.mark.parametrize("features", [1, 2])
@pytest.mark.parametrize("numbers", [(8, 4, 2), (10, 4, 2)])
def test_the_plateau_is_where_all_masks_leave_a_kernel(numbers, features):
    base = regime(*numbers, views=features, gain="constant")
    law = base.mask_law
    floor = plateau.shared_floor(base.gain_floor, features, law.shared)
    tau = (plateau.saturation_gain(floor, base.power) + floor) / 2
    p = replace(base, tau=tau)
    u = plateau.plateau(tau, floor, p.power, p.linear_from)
    c = [u * p.patches_per_feature] * features
    assert plateau.fate(tau, floor, p.power) == "saturates"
    at, near = student_drift(p, c, features), student_drift(p, [0.9 * v for v in c], features)
    assert np.abs(at).max() < 1e-12 < 1e-4 < near.min()


@pytest.mark.parametrize("gain", ["constant", "hold"])
def test_what_a_resting_kernel_feels_is_that_of_all_masks(gain):
    p = regime(8, 4, 2, gain=gain, tau=1.3, hold_width=0.1)
    c = 1.1 * p.linear_from * p.patches_per_feature
    images = resting.images_in_role(p, "shown")
    felt = resting.signal(p, images, resting.Rest(c, p.start_gain))
    own = images.mean((felt.patch * images.strength).sum((1, 2)))
    assert own == pytest.approx(student_drift(p, [c, 0.0])[0], rel=1e-9)
    d = 1e-3
    other = student_drift(p, [c, d])[1] / (d / p.patches_per_feature / p.linear_from) ** 2
    assert images.mean(felt.residual) == pytest.approx(other, rel=1e-3)


def masked_loss(p, w, b, x):
    """E 1/2 |S_target - bias - B h(eps X)/theta|^2 over images and masks, the bias at its best."""
    masks = masks_of(p)
    h = smoothed_relu(x @ w, p.power, p.linear_from) @ masks.T / p.visible  # [images, masks]
    aimed = np.ones_like(masks) if p.target == "all" else 1 - masks
    rest = np.einsum("mp,npd->mnd", aimed, x) - h.T[:, :, None] * b
    if p.bias:
        rest = rest - rest.mean((0, 1))
    return (rest**2).sum(-1).mean() / 2


def slope_of(loss, point, size=1e-5):
    """Central differences [numbers]."""
    steps = size * np.eye(len(point))
    return np.array([(loss(point + step) - loss(point - step)) / (2 * size) for step in steps])


def both_classes(p):
    """One image of each class [2, P, d], features along the axes."""
    z, d = strengths(p, p.views), p.views * p.classes
    x = np.zeros((p.classes, p.patches, d))
    for label in range(p.classes):
        x[label, :, label * p.views : (label + 1) * p.views] = z
    return x


@pytest.mark.parametrize("target", ["all", "masked"])
@pytest.mark.parametrize("bias", [False, True])
def test_the_plateau_of_the_masked_autoencoder_is_that_of_all_masks(target, bias):
    """Terms linear in B h: from a decoder so small that its square is nothing."""
    p = regime(8, 2, 2, framework="mae", target=target, bias=bias)
    rng, small = np.random.default_rng(1), 1e-7
    c, e = rng.uniform(0.1, 0.3, 4), rng.normal(size=4)
    x = both_classes(p)
    to_e = -slope_of(lambda b: masked_loss(p, c, small * b, x), e, 1.0) / small
    c_dot, e_dot = mae_plateau.velocity(p, mae_plateau.drive_matrix(p), c[None], e[None])
    np.testing.assert_allclose(e_dot[0], to_e, rtol=1e-5)
    to_c = -slope_of(lambda w: masked_loss(p, w, 1e-4 * e, x), c, 1e-4) / 1e-4
    np.testing.assert_allclose(c_dot[0], to_c, rtol=2e-2)


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("numbers", [(8, 4, 2), (6, 2, 2)])
def test_growth_beyond_varrho_is_that_of_all_masks(numbers, bias):
    p = regime(*numbers, views=1, framework="mae", bias=bias)
    x = both_classes(p)[:, :, :1]  # one kernel on the feature of class 0
    state = np.array([1.9, 0.6])
    expected = -slope_of(lambda s: masked_loss(p, s[:1], s[1:], x), state)
    images = mae_growth.images_in_role(p, "shown")
    np.testing.assert_allclose(mae_growth._velocity(p, images)(0.0, state), expected, rtol=1e-6)
    v, delta = mae_growth.valley(p), mae_growth.valley(p).offset / state[0]
    best = _best_decoder(p, state[:1], x)
    least = masked_loss(p, state[:1], best, x)
    valley = v.S - (v.S - v.e * delta) ** 2 / (v.n - 2 * v.f * delta + v.g * delta**2)
    assert v.presence / 2 * valley == pytest.approx(least, rel=1e-5)


@pytest.mark.parametrize("numbers", [(8, 4, 2), (12, 5, 3)])
@pytest.mark.parametrize("target", ["all", "masked"])
def test_the_decoder_is_least_squares_over_all_masks(numbers, target):
    p = regime(*numbers, framework="mae", target=target, bias=False)
    end = 2.0 * p.patches_per_feature * p.linear_from
    x = both_classes(p)[:1]
    w = np.array([end, 0.0, 0.0, 0.0])
    assert decoded(p, end, 1) == pytest.approx(_best_decoder(p, w, x)[0], rel=1e-6)


@pytest.mark.parametrize("count", [2, 3])
@pytest.mark.parametrize("patches", [8, 13])
def test_siblings_fuse_below_the_threshold(count, patches):
    """The sign of the drive of the second view, the decoder at its best, on both sides."""
    signs = {}
    for shown in range(1, patches):
        p = regime(patches, shown, count, framework="mae", target="masked", bias=False)
        x = both_classes(p)[:1, :, :2]
        w = np.array([2.0 * count * p.linear_from, 0.0])
        b = _best_decoder(p, w, x)
        d = 1e-2
        drive = -slope_of(lambda v, p=p, x=x, w=w, b=b: masked_loss(p, w + v * [0, 1], b, x),
                          np.array([d]), 1e-4)[0]  # fmt: skip
        signs[shown / patches] = drive
    theta_c = fusion_threshold(p)
    assert {theta: drive > 0 for theta, drive in signs.items()} == {
        theta: theta < theta_c for theta in signs
    }
    assert len({theta < theta_c for theta in signs}) == 2


def _best_decoder(p, w, x):
    """argmin_b of the loss, which is quadratic in it."""
    zero = np.zeros(len(w))
    gradient = slope_of(lambda b: masked_loss(p, w, b, x), zero, 1.0)
    h = [masked_loss(p, w, unit, x) for unit in np.eye(len(w))]
    at_zero = masked_loss(p, w, zero, x)
    return -gradient / np.array(
        [2 * (one - at_zero - g) for one, g in zip(h, gradient, strict=True)]
    )


@pytest.mark.parametrize("numbers", [(6, 2, 1), (8, 4, 2), (9, 3, 3), (8, 7, 2)])
def test_the_second_view_of_masked_supervision_follows_all_masks(numbers):
    p = regime(*numbers, framework="masked-supervised", classes=5)
    z, c, first = strengths(p), 0.01 * p.linear_from, 40.0
    u = z @ np.array([first, c])
    a, slope = (f(u, p.power, p.linear_from) for f in (smoothed_relu, smoothed_relu_slope))
    rates = []
    for mask in masks_of(p):
        residual = (p.classes - 1) / (p.classes - 1 + np.exp((mask * a).sum()))
        rates.append(residual * (mask * slope) @ z[:, 1] / p.classes)
    assert masked_supervised.second_view_rate(p, c) == pytest.approx(
        np.mean(rates), rel=2e-3, abs=1e-9
    )


@settings(max_examples=30)
@given(st.integers(3, 12), st.integers(1, 2))
def test_no_number_of_patches_is_better_than_the_best(patches, count):
    p = regime(patches, 1, count, framework="masked-supervised", views=1)
    best = masked_supervised.best_visible_share(p)
    shares = [MaskLaw(n / patches, patches).one_beside(count) for n in range(1, patches + 1)]
    assert MaskLaw(best, patches).one_beside(count) == max(shares)


def test_where_every_patch_shows_the_feature_masks_leave_no_residual():
    p = regime(6, 3, 6, views=1, gain="hold")
    assert p.gain_floor == 1.0
    assert one_feature_at_horizon(p)
    assert not one_feature_at_horizon(replace(p, masks="bernoulli"))


def test_a_step_is_bounded_by_the_curvature_that_masks_of_fixed_size_have():
    """Hessian of the loss at gain 1 in c, by differences, below the bound of `curvature`."""
    from mrpverify.objectives.teacher_student.theory import curvature as teacher_student

    p = regime(8, 2, 2, gain="constant", tau=1.0, amplification=0.0, views=1)
    c = p.linear_from * p.patches_per_feature

    def pull(value):
        u = strengths(p, 1)[:, 0] * value
        a = smoothed_relu(u, p.power, p.linear_from)
        law, slope = p.mask_law, smoothed_relu_slope(u, p.power, p.linear_from)
        return ((law.own * a - law.shared * a.sum()) * slope * strengths(p, 1)[:, 0]).sum()

    met = (pull(c * (1 - 1e-9)) - pull(c * (1 - 1e-6))) / (c * (1e-6 - 1e-9)) / p.classes
    assert 0 < met <= teacher_student(p)
    assert log(met) < log(teacher_student(p)) + 1e-6


@pytest.mark.parametrize(("patches", "count"), [(2, 1), (4, 1), (4, 2), (6, 3), (8, 2)])
def test_the_best_visible_share_is_the_best_of_all_masks(patches, count):
    """Of every number of visible patches: masks that show the first and hide the `count` next."""

    def alone(shown):
        masks = every_mask(patches, shown)
        return (masks[:, 0] * (1 - masks[:, 1 : count + 1]).prod(1)).mean()

    chances = {shown / patches: alone(shown) for shown in range(1, patches + 1)}
    best = masked_supervised.best_visible_share(regime(patches, 1, count))
    assert chances[best] == pytest.approx(max(chances.values()))
