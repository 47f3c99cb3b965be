"""The race of leaks against coverage: which kernels are still class-pure at T (L16 [D]).

A teacher-student kernel that has crossed takes the other views of its class soon (L6) and rests.
From then on it drifts towards other classes in two ways.

Co-occurrence (L6): dd/dt = D (d/varrho)^{q-1} with D ~ lambda (s/k^2) A A_off varrho/q, hence

    T_leak / T_coverage ~ Delta sigma_0^q k / (lambda s A_off).

Memory of noise: a resting kernel is balanced on average, not in every image, so that the noise xi
of its own patches does not average out over N images. Along any direction w drifts at a constant
speed g, normal over data sets,

    dd/dt = g,   Var g = (sigma_p^2 + Var a) E[sum_p signal_p^2] / N,   E g = E[a] E[sum_p signal_p]

with a ~ U[0, gamma] the feature noise (and E[a]^2 Var[sum_p signal_p] / N, next to nothing). Its
time c/(2 g) does not depend on sigma_0 at all:

    T_leak / T_coverage ~ Delta sigma_0^{2q-2} sqrt(N/k) / (lambda sigma_p),

for one image in k shows the kernel's class: g ~ lambda sigma_p/sqrt(k N), and T_coverage ~ k/Delta.

Either way a smaller init is worse at fixed Delta. All kernels of a class share their images, hence
g; and a foreign view is held back while its sibling stays behind, so that what counts is the mean
of g over the views of a foreign class. Late crossers are still pure, so that the share of impure
kernels (T1.specialise) fails before capture does, and "held at all" never fails.
"""

from __future__ import annotations

from math import inf, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..parameters import STAND_INS, Parameters
from . import coverage_time
from .growth import flows, hitting_times
from .leak import foreign_drive, leak_times
from .resting import over_patches, own_images, rest, signal

Array = NDArray[np.float64]


class Drift(NamedTuple):
    """Speed g of a resting kernel along any one foreign feature, over data sets."""

    mean: float
    """E g, correlation per unit of physical time."""
    spread: float
    """Standard deviation of g."""


def drift(parameters: Parameters) -> Drift:
    """What noise makes of a kernel that holds every view of its class (L16 [D]).

    0 where no kernel rests. Noise off the feature span reaches no feature.
    """
    p, at = parameters, rest(parameters, parameters.views)
    if not 0 < at.correlation < inf:
        return Drift(0.0, 0.0)
    images = own_images(p, p.views)
    felt = signal(p, images, at).patch
    sums = over_patches(felt)
    square = images.mean(over_patches(felt**2)) / p.classes
    pull, pull_square = (images.mean(s) / p.classes for s in (sums, sums**2))
    patch = p.patch_noise**2 if p.noise == "isotropic" else 0.0
    drawn = (patch + p.feature_noise**2 / 12) * square
    common = (p.feature_noise / 2) ** 2 * (pull_square - pull**2)
    return Drift(p.feature_noise / 2 * pull, sqrt((drawn + common) / p.images))


def typical_drift(parameters: Parameters) -> float:
    """g towards a foreign class that only one class in ten exceeds (its kernels go together) [D].

    The largest over the other classes of a mean over views; one in ten as T1.specialise allows.
    """
    p, g = parameters, drift(parameters)
    return g.mean + _largest_of(p.classes - 1) * g.spread / sqrt(p.views)


def noise_leak_time(parameters: Parameters) -> float:
    """Time after which that drift makes a kernel impure, inf where there is none (L16 [D])."""
    g = typical_drift(parameters)
    return impure_from(parameters) / g if g > 0 else inf


def co_occurrence_leak_time(parameters: Parameters) -> float:
    """Time after which L6 makes one kernel in ten impure, inf for never (L16 [D]).

    From its largest foreign initial correlation, up to the level at which it counts as impure.
    """
    return float(_leak_times(parameters, np.array(largest_foreign_start(parameters))))


def impurity_times(parameters: Parameters, initial_correlations: Array, rates: Array) -> Array:
    """Time from which on each kernel of a run is not class-pure, inf for never [kernels] (L16 [D]).

    From C(0) [kernels, features] and R_v of the drawn images [features]: a kernel crosses for its
    first feature (L2), then views of other classes leak in (L6), from where their own growth has
    brought them by then. Noise is left out: its drift is not in C(0).
    """
    p, c = parameters, np.asarray(initial_correlations, dtype=np.float64)
    every = np.broadcast_to(rates, c.shape)
    alone = hitting_times(c, every, p.power, p.linear_from)
    lead = alone.argmin(-1)[:, None]
    crossing = np.take_along_axis(alone, lead, -1)
    foreign = np.arange(p.features) // p.views != lead // p.views
    there = flows(c, every, p.power, crossing)
    leaks = np.where(foreign, crossing + _leak_times(p, there), inf)
    return np.asarray(leaks.min(-1))


def _leak_times(p: Parameters, starts: Array) -> Array:
    """From foreign correlations to the impure level, by co-occurrence."""
    return leak_times(p, starts, foreign_drive(p), impure_from(p))


def largest_foreign_start(parameters: Parameters) -> float:
    """Initial correlation with another class's feature that one kernel in ten exceeds, > 0 [D]."""
    p = parameters
    return p.init_scale * _largest_of(p.features - p.views)


def impure_from(parameters: Parameters) -> float:
    """Foreign correlation from which a resting kernel is not class-pure, >= 0 (section 3)."""
    return STAND_INS["pure_ratio"].value * rest(parameters, parameters.views).correlation


def typical_leak_time(parameters: Parameters) -> float:
    """The earlier of the two (L16 [D]); 0 where kernels diverge, and at q = 2 (no winner, L5)."""
    p = parameters
    if p.power < 3 or rest(p, p.views).correlation == inf:
        return 0.0
    return min(noise_leak_time(p), co_occurrence_leak_time(p))


def typical_horizon(parameters: Parameters) -> float:
    """T of a typical init: the given horizon, else the rule of section 3 [D]."""
    p = parameters
    return p.horizon or p.horizon_factor * coverage_time.typical(p)


def _largest_of(count: int) -> float:
    """What the largest of `count` standard normals exceeds with the allowed impure share."""
    share = STAND_INS["impure_share"].value
    return float(norm.ppf((1 - share) ** (1 / count)))
