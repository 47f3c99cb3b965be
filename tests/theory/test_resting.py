"""Where a captured kernel rests: balance in drawn images, ends of its range, quadrature."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from mrpverify.parameters import Parameters
from mrpverify.theory import resting
from mrpverify.theory.activation import smoothed_relu, smoothed_relu_slope
from mrpverify.theory.growth import gain_threshold
from mrpverify.theory.plateau import plateau

LAW = Parameters(amplification=40.0, hold_width=0.1, single_view=0.1)
ONE = {"split": "equal", "own_low": 1.2, "own_high": 1.2, "single_view": 0.0}


@pytest.mark.parametrize("held", [1, 2])
@pytest.mark.parametrize(
    "changes", [{}, {"patches_per_feature": 1}, {"gain": "constant", "tau": 1.2}]
)
def test_the_gradient_along_held_views_vanishes(draw, held: int, changes) -> None:
    """Over 20 batches of images of the class, written out from section 2; |t| <= 6."""
    p = replace(LAW, classes=2, off_class=0.0, **changes)
    at = resting.rest(p, held)
    drives, sizes = [], []
    for seed in range(20):
        z = draw(p, 800, seed)[:, :held]
        u = z * at.correlation
        a = smoothed_relu(u, p.power, p.linear_from)
        gap = (smoothed_relu(at.gain * u, p.power, p.linear_from) - a).sum((1, 2))
        felt = gap[:, None, None] - p.mask_penalty * a
        felt *= smoothed_relu_slope(u, p.power, p.linear_from)
        drives.append((felt * z).sum((1, 2)).mean())
        sizes.append((p.mask_penalty * a * z).sum((1, 2)).mean())
    error = np.std(drives, ddof=1) / np.sqrt(20)
    assert abs(np.mean(drives)) < 6 * error
    assert error < 0.02 * np.mean(sizes), "the sample tells rest from a gain 2 % off"


def test_the_gain_at_rest_is_the_threshold_of_growth() -> None:
    """L3: below varrho both are the balance of the same moments; siblings share the penalty."""
    p = replace(LAW, **ONE)
    at = resting.rest(p)
    assert at.gain**3 == pytest.approx(p.gain_floor)
    assert at.gain**3 == pytest.approx(gain_threshold(p), rel=1e-3)
    share = 1 - np.log(at.gain) / np.log(p.start_gain)
    assert at.correlation == pytest.approx(p.linear_from * (1 + p.hold_width * share))
    both = resting.rest(p, 2)
    assert both.gain**3 == pytest.approx(1 + (p.gain_floor - 1) / 2)
    assert at.correlation < both.correlation < 1.1 * p.linear_from


def test_a_constant_gain_rests_at_its_plateau() -> None:
    p = replace(LAW, gain="constant", tau=1.3, **ONE)
    u = plateau(1.3, p.gain_floor, 3, p.linear_from)
    assert resting.rest(p).correlation == pytest.approx(u / 0.6)
    assert resting.rest(replace(p, tau=1.05)) == (0.0, 1.05)
    assert resting.rest(replace(p, tau=1.6)) == (inf, 1.6)
    assert resting.rest(p, 2).correlation == inf, "two features diverge from 1 + (K-1)/2 on (L4)"


def test_ends_of_hold_and_release() -> None:
    assert resting.rest(replace(LAW, visible=1.0)) == (0.55, 1.0)
    assert resting.rest(replace(LAW, amplification=0.0)).correlation == 0
    assert resting.rest(replace(LAW, hold_width=0.0)).correlation == 0.5
    assert resting.rest(replace(LAW, gain="release")) == (0.5, 1.0)
    with pytest.raises(ValueError, match="views=2 views of its class, got 3"):
        resting.own_images(LAW, 3)


def test_four_times_the_points_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def square() -> float:
        images = resting.own_images.__wrapped__(LAW, 2)
        at = resting.Rest(0.53, 1.1)
        return images.mean((resting.signal(LAW, images, at).patch ** 2).sum((1, 2)))

    few = square()
    monkeypatch.setattr(resting, "LOG_POINTS", 12)
    resting._points.cache_clear()
    many = square()
    resting._points.cache_clear()
    assert many == pytest.approx(few, rel=1e-3)
    assert many != few


@pytest.mark.parametrize(("views", "held"), [(2, 1), (2, 2), (3, 1), (3, 2), (3, 3), (4, 2)])
def test_a_single_view_image_shows_one_view_and_hides_all_others(views: int, held: int) -> None:
    """The mean of sum z of every held view, and of the product of two, by the words of the law."""
    p = replace(LAW, views=views, single_view=0.3)
    images = resting.own_images(p, held)
    z = images.strength.sum(2)  # [nodes, held]
    shown, weak = (p.own_low + p.own_high) / 2, 1.5 * p.weak_view
    seen, hidden = 1 - 0.3 * (views - 1) / views, 0.3 * (views - 1) / views
    for view in range(held):
        expected = seen * shown + hidden * weak
        assert images.mean(z[:, view]) == pytest.approx(expected, rel=1e-3)
    if held > 1:
        one, none = 2 * 0.3 / views, 0.3 * (views - 2) / views
        both = 0.7 * shown**2 + one * shown * weak + none * weak**2
        assert images.mean(z[:, 0] * z[:, 1]) == pytest.approx(both, rel=1e-3)
