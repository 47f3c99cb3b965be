"""Joint moments of two features of one image (section 1 [R]; the moments [D]).

Given the label, and whether the image is single-view and which view it shows, features are present
and sized independently. The joint law is therefore a mixture over these contexts: k (1 + views) of
them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..parameters import Parameters
from .data_law import (
    ROLES,
    RoleName,
    hiding_share,
    of_view,
    off_class_probability,
    over_views,
    power_sum,
    power_sum_product,
)

Array = NDArray[np.float64]


def joint_moments(parameters: Parameters, left: int, right: int) -> Array:
    """E[1_u (sum z_u^left) 1_v (sum z_v^right)] as [u, v], both of views k features [D]."""
    probability, _ = _contexts(parameters)
    rows = _conditional_means(parameters, left)
    columns = _conditional_means(parameters, right)
    joint: Array = (rows * probability[:, None]).T @ columns
    own = over_views(parameters, lambda r: power_sum_product(parameters, r, left, right))
    np.fill_diagonal(joint, own)
    return joint


def covariances(parameters: Parameters, left: int, right: int) -> Array:
    """Cov(1_u sum z_u^left, 1_v sum z_v^right) as [u, v], [D]."""
    probability, _ = _contexts(parameters)
    means = [probability @ _conditional_means(parameters, power) for power in (left, right)]
    return joint_moments(parameters, left, right) - np.outer(means[0], means[1])


def expected_patch_count(parameters: Parameters) -> float:
    """E of the P a data set ends up with: at least C_p times its largest |V(X)| (section 1 [R])."""
    p = parameters
    if not p.signal:
        return float(p.patches)
    strangers = np.arange(p.features - p.views + 1)
    chance = off_class_probability(p)
    below = binom.cdf(strangers, len(strangers) - 1, chance) ** p.images
    widths = np.maximum(p.patches, p.patches_per_feature * (p.views + strangers))
    return float(widths @ np.diff(below, prepend=0.0))


def _contexts(parameters: Parameters) -> tuple[Array, list[tuple[int, int | None]]]:
    """Probability of every context, and the contexts (label, shown view or None for multi-view)."""
    p = parameters
    views: list[int | None] = [None, *range(p.views)]
    contexts = [(label, view) for label in range(p.classes) for view in views]
    mu = hiding_share(p)
    chance = [1 - mu if view is None else mu / p.views for _, view in contexts]
    return np.array(chance) / p.classes, contexts


def _conditional_means(parameters: Parameters, power: int) -> Array:
    """E[1_v sum z_v^power | context] as [contexts, features]."""
    p = parameters
    if not p.signal:
        return np.zeros((p.classes * (1 + p.views), p.features))
    by_view = [_mean_of_kinds(p, view, power) for view in range(p.views)]
    mean = {name: np.array([means[name] for means in by_view]) for name in ROLES}
    chance = off_class_probability(p)
    _, contexts = _contexts(p)
    table = np.empty((len(contexts), p.classes, p.views))
    for row, (label, shown) in zip(table, contexts, strict=True):
        row[:] = chance * mean["off" if shown is None else "single_off"]
        row[label] = mean["shown" if shown is None else "weak"]
        if shown is not None:
            row[label, shown] = mean["shown"][shown]
    return table.reshape(len(contexts), p.features)


def _mean_of_kinds(parameters: Parameters, view: int, power: int) -> dict[RoleName, float]:
    """E sum z^power of a view by what it is in an image: "shown", "weak", "off", "single_off"."""
    return {r.kind: power_sum(parameters, r, power) for r in of_view(parameters, view)}
