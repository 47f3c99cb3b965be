"""When every feature has been crossed: of a typical start, and of a given one (L2, L6 [D]).

Teacher-student kernels go alone (L10): each crosses first for the feature with the shortest hitting
time, then leaks into the siblings of that feature. Kernels of the masked autoencoder compete for
what is left to reconstruct, which is neglected here: a feature counts by its largest initial
correlation. Supervised learning is covered once a view of every class is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr

from ..parameters import Parameters
from . import supervised
from .gaussian import median_maximum
from .growth import drawn_growth_rates, growth_rate, hitting_time, hitting_times
from .hitting import crossing_time
from .leak import leak_times, sibling_drive

Array = NDArray[np.float64]

FAR_OUT = 12.0
"""Standard deviations beyond which no initial correlation lies."""


def slowest_start(parameters: Parameters) -> float:
    """Median over inits of the start that covers the slowest of all features, >= 0 [D].

    A kernel covers v where v is its largest positive correlation, above x with probability
    (1 - Phi(x)^F)/F, F = views k; none of km does with the power km of the rest, and the slowest of
    F features is the one whose best start is least. 0 where more often than not some feature has no
    kernel of its own (L1).
    """
    p, count = parameters, parameters.features

    def more_often(x: float) -> float:
        none = (1 - (1 - ndtr(x) ** count) / count) ** p.kernels
        return float((1 - none) ** count - 0.5)

    if more_often(0.0) <= 0:
        return 0.0
    return p.init_scale * float(brentq(more_often, 0.0, FAR_OUT))


def covering_start(parameters: Parameters) -> float:
    """Median initial correlation of the kernel that covers a feature, > 0 [D].

    About km/2k kernels prefer it, each with the largest of 2k correlations there: a maximum of km.
    """
    return parameters.init_scale * median_maximum(parameters.kernels)


def typical(parameters: Parameters) -> float:
    """Physical time of full coverage of a teacher-student regime, inf for never (L2 [D])."""
    p, start = parameters, slowest_start(parameters)
    return hitting_time(start, growth_rate(p), p.power, p.linear_from) if start > 0 else np.inf


def of_seed(
    parameters: Parameters,
    initial_correlations: Array,
    squared_activity: Array,
    patch_activity: Array,
    own_activity: Array,
) -> float:
    """Physical time of full coverage of one run, inf for never, from what was drawn [D].

    Shapes and raised errors as in `feature_times`. Features that no image shows do not count; where
    nothing is shown nothing is ever covered.
    """
    p = parameters
    drawn = (initial_correlations, squared_activity, patch_activity, own_activity)
    times = feature_times(p, *drawn)
    shown = np.asarray(squared_activity) > 0
    if p.framework == "supervised":
        by_class = np.where(shown, times, np.inf).reshape(p.classes, p.views)
        return float(by_class.min(1).max())
    return float(times[shown].max()) if shown.any() else np.inf


def feature_times(
    parameters: Parameters,
    initial_correlations: Array,
    squared_activity: Array,
    patch_activity: Array,
    own_activity: Array,
) -> Array:
    """Physical time at which each feature of one run is first crossed, inf for never [features].

    From C(0) [kernels, features] and E[1_v A^2], E[1_v B], E[1_y A] of the drawn images [features];
    the last counts in supervised learning alone, none in the masked autoencoder, where the law's
    drive stands for the drawn one. Of another objective the time that comes with it, NaN where that
    is open. Raises ValueError for another shape.
    """
    p, c = parameters, np.asarray(initial_correlations, dtype=np.float64)
    if c.shape != (p.kernels, p.features):
        raise ValueError(
            f"initial correlations must be {(p.kernels, p.features)}, got {c.shape}: one run only"
        )
    if p.framework == "supervised":
        return _supervised_times(p, c, np.asarray(own_activity, dtype=np.float64))
    if p.framework != "teacher-student":
        return np.array([_alone(p, start) for start in c.max(0)])
    rates = drawn_growth_rates(p, np.asarray(squared_activity), np.asarray(patch_activity))
    fastest: Array = kernel_times(p, c, rates).min(0)
    return fastest


def kernel_times(parameters: Parameters, initial_correlations: Array, rates: Array) -> Array:
    """First crossing of every pair of a teacher-student run, inf for never [kernels, features].

    Each kernel crosses for its first feature (L2, `rates` [features]); then the views of the same
    class with a positive start follow by leaking (L6).
    """
    p, c = parameters, np.asarray(initial_correlations, dtype=np.float64)
    alone = hitting_times(c, np.broadcast_to(rates, c.shape), p.power, p.linear_from)
    lead = alone.argmin(-1)[..., None]
    first = np.take_along_axis(alone, lead, -1)
    feature = np.arange(p.features)
    sibling = (feature // p.views == lead // p.views) & (feature != lead)
    drive = sibling_drive(p) if p.views > 1 else 0.0
    leaking = first + leak_times(p, c, drive, p.linear_from)
    return np.where(feature == lead, first, np.where(sibling, leaking, np.inf))


def _alone(p: Parameters, start: float) -> float:
    """Crossing time of the largest correlation with a feature, as if its kernel were alone."""
    return crossing_time(p, start) if start > 0 else np.inf


def _supervised_times(p: Parameters, c: Array, own_activity: Array) -> Array:
    """Crossing of every view by the kernels of its class's block, without its rivals (L2)."""
    distance = supervised.potential(p, supervised.initial_largest(p, c)).ravel()
    rate = (1 - 1 / p.classes) * own_activity / p.linear_from ** (p.power - 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        times = distance / rate
    return np.where(rate > 0, times, np.inf)
