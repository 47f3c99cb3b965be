"""Kernels outside the set near the largest initial correlation, along a trajectory.

Axes: correlations [..., kernels, features], feature f is view f % views of class f // views.
"""

from __future__ import annotations

import numpy as np

from . import accuracy


def by_class(correlations: np.ndarray, views: int) -> np.ndarray:
    """Largest correlation of a kernel with a view of each class [..., kernels, classes]."""
    return np.asarray(accuracy.by_class(correlations, views).max(-1))


def outside(initial: np.ndarray, views: int, share: float) -> np.ndarray:
    """Kernels below `share` of the largest initial correlation [..., kernels, classes], bool."""
    own = by_class(initial, views)
    return np.asarray(own < share * own.max(-2, keepdims=True))


def scale(correlations: np.ndarray, initial: np.ndarray, views: int) -> np.ndarray:
    """Largest correlation with a class over the largest initial one, NaN where that is not > 0.

    Correlations [seeds, steps, kernels, features], initial ones [seeds, kernels, features]; the
    result is [seeds, steps, kernels, classes].
    """
    largest = by_class(initial, views).max(-2)[:, None, None]
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(largest > 0, by_class(correlations, views) / largest, np.nan))


def learned_at(crossing_time: np.ndarray, views: int) -> np.ndarray:
    """First crossing of any kernel for a view of each class [..., classes], inf where none."""
    return np.asarray(accuracy.by_class(crossing_time.min(-2), views).min(-1))


def learned_by(crossing_time: np.ndarray, views: int) -> np.ndarray:
    """The kernel that crosses first for each class [..., classes], -1 where none does."""
    earliest = accuracy.by_class(crossing_time, views).min(-1)
    none = np.isinf(earliest).all(-2)
    return np.where(none, -1, earliest.argmin(-2))


def largest_until(
    values: np.ndarray, time: np.ndarray, until: np.ndarray, which: np.ndarray
) -> np.ndarray:
    """Largest value of `which` kernels up to each class's time [seeds], -inf where there is none.

    `values` [seeds, steps, kernels, classes], `time` [seeds, steps], `until` [seeds, classes],
    `which` [seeds, kernels, classes], bool. Snapshots after a seed's end (NaN) do not count.
    """
    with np.errstate(invalid="ignore"):
        before = time[:, :, None] <= until[:, None]
    counted = before[:, :, None, :] & which[:, None] & np.isfinite(values)
    return np.asarray(np.where(counted, values, -np.inf).max((1, 2, 3)))


def first_break(
    values: np.ndarray, time: np.ndarray, which: np.ndarray, limit: float
) -> np.ndarray:
    """When `which` kernels first exceed `limit`, of each class [seeds, classes], inf if never."""
    with np.errstate(invalid="ignore"):
        over = ((values > limit) & which[:, None]).any(2)  # [seeds, steps, classes]
    known = np.where(np.isfinite(time), time, np.inf)[:, :, None]
    return np.asarray(np.where(over, known, np.inf).min(1))
