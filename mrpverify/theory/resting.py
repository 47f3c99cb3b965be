"""A captured teacher-student kernel at rest: where it stops, and what it still feels there [D].

A kernel with correlation c to `held` views of its class has u = z c on their patches, and per patch

    signal = [ (hhat - h) - lambda a ] a',   hhat - h = sum sReLU(tau u) - sum sReLU(u),

or (hhat - h) + shared h - own a under masks of fixed size (`parts.mask_law`),
so that -grad = E sum signal x_p. It rests where the feature's own part E sum signal z vanishes.
Under `hold` the gain falls geometrically from tau_1 at varrho to 1 at (1 + delta_h) varrho, so c is
between the two; as long as the teacher is below varrho as well, tau is then the growth threshold
(L3): for equal patches tau^q = K. Balance holds on average only: in single images the signal keeps
a sign, and the residual hhat - h stays positive. Both make a resting kernel leak (L6, L16).

Means are over images of the kernel's class, by Sobol points of the finite law (no randomness).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import inf
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import qmc

from ..parameters import Parameters
from .activation import smoothed_relu, smoothed_relu_slope
from .data_law import SHARE_HIGH, SHARE_LOW, Role, RoleName, role

Array = NDArray[np.float64]

LOG_POINTS = 10
"""log2 of the Sobol points; four times as many change no mean by 1e-3 of itself (tested)."""

FARTHEST = 1e6
"""Multiple of varrho beyond which a kernel that still grows diverges."""


class Rest(NamedTuple):
    """Where a kernel stops."""

    correlation: float
    """c with every held view: 0 where it decays, inf where it diverges."""
    gain: float
    """tau there."""


class Images(NamedTuple):
    """Images of one class, as far as its held views go."""

    weight: Array
    """Probability of each node [nodes], sum 1."""
    strength: Array
    """z [nodes, held, C_p]."""

    def mean(self, values: Array) -> float:
        """E over the images of values [nodes]."""
        return float(self.weight @ values)


class Signal(NamedTuple):
    """What a kernel feels in each image."""

    residual: Array
    """hhat - h, + shared h: what a patch feels that the kernel does not answer [nodes]."""
    patch: Array
    """[residual - own a] a' [nodes, held, C_p]."""


def over_patches(values: Array) -> Array:
    """Sum over views and their patches [nodes]; a product is five times as fast as a short sum."""
    flat = values.reshape(len(values), -1)
    return np.asarray(flat @ np.ones(flat.shape[1]))


@lru_cache(maxsize=8)
def own_images(parameters: Parameters, held: int) -> Images:
    """Images of a class as its first `held` views see them, single-view ones included [R].

    Raises ValueError unless 1 <= held <= views.
    """
    p = parameters
    if not 1 <= held <= p.views:
        raise ValueError(f"a kernel holds 1 to views={p.views} views of its class, got {held}")
    points = _points(held, p.patches_per_feature)
    shown, weak = role(p, "shown"), role(p, "weak")
    single = p.single_view if p.hide and p.views > 1 else 0.0
    contexts = [(1 - single, [shown] * held)]
    for view in range(p.views if single else 0):
        seen = [shown if view == other else weak for other in range(held)]
        contexts.append((single / p.views, seen))
    strength = [_strengths(p, points, seen) for _, seen in contexts]
    weight = np.repeat([share / len(points) for share, _ in contexts], len(points))
    return Images(weight, np.concatenate(strength))


@lru_cache(maxsize=64)
def images_in_role(parameters: Parameters, name: RoleName) -> Images:
    """Images that show one feature in the role of that name [R]."""
    points = _points(1, parameters.patches_per_feature)
    weight = np.full(len(points), 1 / len(points))
    return Images(weight, _strengths(parameters, points, [role(parameters, name)]))


def signal(parameters: Parameters, images: Images, at: Rest) -> Signal:
    """Residual and signal of a kernel with `at.correlation` to all views of the images [D]."""
    p, u = parameters, images.strength * at.correlation
    a = smoothed_relu(u, p.power, p.linear_from)
    taught = smoothed_relu(at.gain * u, p.power, p.linear_from)
    residual = over_patches(taught - a)
    if p.masks == "fixed":
        residual = residual + p.mask_law.shared * over_patches(a)
    slope = smoothed_relu_slope(u, p.power, p.linear_from)
    return Signal(residual, (residual[:, None, None] - p.mask_law.own * a) * slope)


@lru_cache(maxsize=256)
def rest(parameters: Parameters, held: int = 1) -> Rest:
    """Where a kernel with `held` views of its class stops (L4, continuous `hold`) [D].

    `release` has gain 1 from its crossing on: it is there at varrho, and decays (L7).
    """
    p = parameters
    images = own_images(p, held)

    def drive(at: Rest) -> float:
        return images.mean(over_patches(signal(p, images, at).patch * images.strength))

    if p.gain == "release":
        return Rest(p.linear_from, 1.0)
    if p.gain == "hold":
        return _rest_of_hold(p, drive)
    return _rest_of_constant(p, drive)


def held_at(parameters: Parameters, share: float) -> Rest:
    """The state of `hold` at the share in [0, 1] of its way from varrho to (1 + delta_h) varrho."""
    p = parameters
    c = p.linear_from * (1 + p.hold_width * share)
    return Rest(c, p.start_gain ** (1 - share))


def _rest_of_hold(p: Parameters, drive: Callable[[Rest], float]) -> Rest:
    """0 where the start gain does not make it grow; the end of the range without masks."""
    if drive(held_at(p, 0.0)) <= 0:
        return Rest(0.0, p.start_gain)
    if drive(held_at(p, 1.0)) >= 0:
        return held_at(p, 1.0)
    return held_at(p, float(brentq(lambda share: drive(held_at(p, share)), 0.0, 1.0)))


def _rest_of_constant(p: Parameters, drive: Callable[[Rest], float]) -> Rest:
    """The zero of the drive, from where both teacher and student are pure powers on."""
    low = p.linear_from / (max(p.tau, 1.0) * p.own_high)
    if drive(Rest(low, p.tau)) <= 0:
        return Rest(0.0, p.tau)
    high = 2 * low
    while drive(Rest(high, p.tau)) > 0:
        high *= 2
        if high > FARTHEST * p.linear_from:
            return Rest(inf, p.tau)
    return Rest(float(brentq(lambda c: drive(Rest(c, p.tau)), high / 2, high)), p.tau)


def _strengths(p: Parameters, points: Array, seen: list[Role]) -> Array:
    """z [nodes, features, C_p] of features in the given roles from points in the unit cube."""
    low, high = (np.array([getattr(r, end) for r in seen]) for end in ("low", "high"))
    total = low + (high - low) * points[:, :, 0]
    shares = SHARE_LOW + (SHARE_HIGH - SHARE_LOW) * points[:, :, 1:]
    if p.split == "equal":
        shares = np.ones_like(shares)
    strengths: Array = total[:, :, None] * shares / shares.sum(-1, keepdims=True)
    return strengths


@lru_cache(maxsize=64)
def _points(features: int, patches: int) -> Array:
    """Sobol points [nodes, features, 1 + patches] in the open unit cube."""
    engine = qmc.Sobol(features * (1 + patches), scramble=False)
    points = engine.random_base2(LOG_POINTS) + 0.5 / 2**LOG_POINTS
    return np.asarray(points.reshape(-1, features, 1 + patches))
