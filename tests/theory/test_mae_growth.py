"""L15: rise of a kernel beyond varrho against its flow, its loss, and numbers found before."""

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import minimize_scalar

from mrpverify.parameters import Parameters
from mrpverify.theory import mae_growth, notation
from mrpverify.theory.resting import Images, images_in_role

LAW = Parameters(
    framework="mae", classes=2, views=1, off_class=0.0, single_view=0.0, linear_from=0.7, bias=False
)
SPREAD = tuple(np.linspace(1.0, 1.3, 7))
"""Sums of z with mean 1.15 and variance 0.01."""
DECADES = np.array([1e3, 1e4, 1e5, 1e6, 1e7])


def _images(shares: tuple[float, ...], sums: tuple[float, ...] = SPREAD) -> Images:
    total = np.array(sums)
    strength = total[:, None, None] * np.array(shares)[None, None, :]
    return Images(np.full(len(total), 1 / len(total)), strength)


UNEQUAL, EQUAL, FIXED = _images((0.6, 0.4)), _images((0.5, 0.5)), _images((0.5, 0.5), (1.15,))


def _course(p: Parameters, times: np.ndarray, images: Images | None) -> np.ndarray:
    """Time counts images with the feature: p t of the law is `times`."""
    return mae_growth.course(p, times / mae_growth.presence(p), 0.3, images)


@pytest.mark.parametrize(
    ("images", "ends", "exponents"),
    [
        (UNEQUAL, (4.23, 15.4, 66.7), (0.267, 0.294, 0.313, 0.323)),
        (EQUAL, (2.79, 7.26, 21.2), (0.199, 0.215, 0.228, 0.237)),
    ],
)
def test_the_flow_gives_the_numbers_of_the_derivation(images, ends, exponents) -> None:
    """Reference values of an earlier, separate integration."""
    c = _course(LAW, DECADES, images)
    np.testing.assert_allclose(c[::2], ends, rtol=3e-3)
    np.testing.assert_allclose(np.diff(np.log10(c)), exponents, atol=2e-3)
    last = 1e7 / mae_growth.presence(LAW)
    assert mae_growth.local_exponent(LAW, last, 0.3, images) == pytest.approx(
        exponents[-1], abs=2e-3
    )


def test_amplitudes() -> None:
    """65.3 and 20.5 at 1e7; the flow is there up to what the onset leaves, from its side."""
    time = 1e7 / mae_growth.presence(LAW)
    fixed = mae_growth.rise(LAW, _images((0.6, 0.4), (1.15,)))
    assert (fixed.exponent, fixed.end) == (1 / 3, inf)
    assert fixed.amplitude * time ** (1 / 3) == pytest.approx(65.3, abs=0.1)
    equal = mae_growth.rise(LAW, EQUAL)
    assert (equal.exponent, equal.end) == (1 / 4, inf)
    assert equal.amplitude * time ** (1 / 4) == pytest.approx(20.5, abs=0.1)
    late = np.array([1e11, 1e12])
    for images in (UNEQUAL, EQUAL):
        rise = mae_growth.rise(LAW, images)
        c = _course(LAW, late, images)
        expected = rise.amplitude * (late / mae_growth.presence(LAW)) ** rise.exponent
        np.testing.assert_allclose(c, expected, rtol=0.02)
        assert np.log10(c[1] / c[0]) == pytest.approx(rise.exponent, abs=2e-3)


def test_without_a_mask_the_spread_alone_lets_it_grow() -> None:
    bare = replace(LAW, visible=1.0)
    assert mae_growth.rise(bare, UNEQUAL).exponent == 1 / 4
    assert _course(bare, DECADES, EQUAL)[-1] == pytest.approx(23.4, abs=0.05)
    assert isnan(mae_growth.rise(bare, FIXED).end)
    assert _course(bare, DECADES, _images((0.5, 0.5), (1.15,)))[-1] == pytest.approx(
        1.719, abs=0.01
    )


@pytest.mark.parametrize(
    ("changes", "images", "still"),
    [
        ({}, FIXED, 1.519),
        ({"decoder": "tied"}, UNEQUAL, 1.277),
        ({"decoder": "tied"}, EQUAL, 1.310),
        ({"linear_from": 1e-9}, UNEQUAL, 0.811),
    ],
)
def test_controls_without_growth(changes, images, still) -> None:
    c = _course(replace(LAW, **changes), DECADES, images)
    np.testing.assert_allclose(c, still, atol=2e-3)
    rise = mae_growth.rise(replace(LAW, **changes), images)
    assert rise.exponent == 0 or rise.amplitude < 1e-3


@pytest.mark.parametrize(("classes", "end"), [(2, 3.25), (4, 8.12), (8, 17.86)])
def test_a_bias_ends_equal_patches(classes: int, end: float) -> None:
    p = replace(LAW, classes=classes, bias=True, split="equal")
    rise = mae_growth.rise(p)
    assert rise.exponent == 0
    assert rise.end == pytest.approx(end, abs=0.03)
    assert _course(p, np.array([1e9]), None)[0] == pytest.approx(rise.end, rel=5e-3)


@pytest.mark.parametrize(
    ("classes", "half", "ends"),
    [
        (4, 0.03, (12.7, 12.7)),
        (4, 0.07, (56, 245)),
        (2, 0.05, (4.87, 4.87)),
        (2, 0.07, (9.35, 9.35)),
        (2, 0.10, (51, 221)),
    ],
)
def test_a_bias_against_unequal_patches(classes: int, half: float, ends) -> None:
    """Shares (1 +- d)/2: without end iff (1 - p) D > p V; at 1e8 and 1e10."""
    p, images = replace(LAW, classes=classes, bias=True), _images(((1 + half) / 2, (1 - half) / 2))
    c = _course(p, np.array([1e8, 1e10]), images)
    np.testing.assert_allclose(c, ends, rtol=0.01)
    total, presence = images.strength.sum((1, 2)), mae_growth.presence(p)
    D = half**2 * (total**2).mean()
    rise = mae_growth.rise(p, images)
    assert (rise.end == inf) == ((1 - presence) * D > presence * total.var())
    if rise.end < inf:
        assert c[1] == pytest.approx(rise.end, rel=1e-3)


def test_the_split_of_the_law_grows_with_and_without_a_bias() -> None:
    """3.3 10.3 41 184 at 1e3 .. 1e9 and exponent 0.327 in the earlier integration (p = 1/8),
    which had two shares for all images: 8 %."""
    times = np.array([1e3, 1e5, 1e7, 1e9])
    for bias in (True, False):
        p = replace(LAW, classes=8, bias=bias)
        assert mae_growth.rise(p).exponent == 1 / 3
        c = _course(p, times, None)
        np.testing.assert_allclose(c, (3.3, 10.3, 41, 184), rtol=0.08)
    assert np.log10(c[3] / c[2]) / 2 == pytest.approx(0.327, abs=3e-3)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("patches", [2, 3])
def test_the_valley_is_the_loss_at_its_best_decoder(bias: bool, patches: int) -> None:
    """Minimised over b and bias numerically, at a delta in the linear part."""
    p = replace(LAW, classes=4, bias=bias, patches_per_feature=patches)
    images, v, c = images_in_role(p, "shown"), mae_growth.valley(p), 4.0
    z, lam, q = images.strength, p.mask_penalty, mae_growth.presence(p)
    a = z * c - v.offset
    assert a.min() > 0.7 / 3
    total, h = z.sum((1, 2)), a.sum((1, 2))

    def loss(b: float) -> float:
        gap = total - b * h
        constant = q * images.mean(gap) if bias else 0.0
        seen = images.mean((gap - constant) ** 2 + lam * b**2 * (a**2).sum((1, 2)))
        return (q * seen + (1 - q) * constant**2) / 2

    found = minimize_scalar(loss, bounds=(0, 2), method="bounded", options={"xatol": 1e-10})
    delta = v.offset / c
    below = (v.S - v.e * delta) ** 2 / (v.n - 2 * v.f * delta + v.g * delta**2)
    assert found.fun == pytest.approx(v.presence / 2 * (v.S - below), rel=1e-8)


def test_both_terms_of_the_valley_from_its_expression() -> None:
    """sympy: the slope at delta = 0 is lambda E Z S G/n^2; where G = 0 the curvature is left."""
    n, delta = notation, sp.Symbol("delta")
    first, second, patches = sp.symbols("M_1 M_2 Q", positive=True)
    loss = mae_growth.valley_expression(delta, (first, second, patches))
    advantage = n.C_p * patches - second
    slope = n.lambda_ * first * second * advantage / (second + n.lambda_ * patches) ** 2
    assert sp.simplify(sp.diff(loss, delta).subs(delta, 0) - slope) == 0
    equal = loss.subs(patches, second / n.C_p)
    spread, floor = second - first**2, 1 + n.lambda_ / n.C_p
    curvature = sp.diff(equal, delta, 2).subs(delta, 0) / 2
    assert sp.simplify(curvature - spread * n.C_p**2 / (2 * floor * second)) == 0


def test_input_that_has_no_course() -> None:
    with pytest.raises(ValueError, match="target all, got 'masked'"):
        mae_growth.rise(replace(LAW, target="masked"))
    for times, start in ((np.array([1.0, 1.0]), 0.3), (np.array([0.0]), 0.3), (DECADES, 0.0)):
        with pytest.raises(ValueError, match="increasing from 0"):
            mae_growth.course(LAW, times, start)
