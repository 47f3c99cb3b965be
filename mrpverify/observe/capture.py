"""Which features a set of kernels holds, class-purely or purely (section 3).

Axes: [..., kernels, features]; feature f is view f % views of class f // views. A kernel HOLDS a
feature it has crossed for while the correlation stays at or above a level. The plain maximum is not
enough: one kernel aligned with the mean image can reach the level on every feature at once, and is
useless downstream, so CAPTURED asks for a class-pure holder.
"""

from __future__ import annotations

import numpy as np

from ..parameters import STAND_INS

PURE_RATIO = STAND_INS["pure_ratio"].value


def held(correlations: np.ndarray, crossed: np.ndarray, level: float) -> np.ndarray:
    """Pairs (kernel, feature) that have crossed and are still at `level` or above, bool."""
    return crossed & (correlations >= level)


def largest_elsewhere(correlations: np.ndarray, views: int, same_class: bool) -> np.ndarray:
    """Largest correlation of the kernel outside each feature's class [..., kernels, features].

    With `same_class` the sibling views count as elsewhere too (all features but this one).
    """
    count = correlations.shape[-1]
    index = np.arange(count)
    if same_class:
        foreign = index[:, None] != index[None, :]
    else:
        foreign = (index // views)[:, None] != (index // views)[None, :]
    spread = np.where(foreign, correlations[..., None, :], -np.inf)
    return np.asarray(spread.max(-1))


def is_apart(
    correlations: np.ndarray,
    views: int,
    *,
    same_class: bool = False,
    absolute: float | None = None,
) -> np.ndarray:
    """Whether a kernel has little of the features other than this one [..., kernels, features].

    Little means below PURE_RATIO times the kernel's own largest correlation, or below `absolute`.
    `same_class=False` looks at other classes (class-pure), True at every other feature (pure).
    """
    elsewhere = largest_elsewhere(correlations, views, same_class)
    relative = PURE_RATIO * correlations.max(-1, keepdims=True)
    return np.asarray(elsewhere < (relative if absolute is None else absolute))


def captured(correlations: np.ndarray, crossed: np.ndarray, views: int, level: float) -> np.ndarray:
    """Features held class-purely by some kernel [..., features], bool."""
    holds = held(correlations, crossed, level) & is_apart(correlations, views)
    return np.asarray(holds.any(-2))


def active(correlations: np.ndarray, crossed: np.ndarray, level: float) -> np.ndarray:
    """Kernels that hold at least one feature [..., kernels], bool."""
    return np.asarray(held(correlations, crossed, level).any(-1))


def separate_kernels(
    correlations: np.ndarray, views: int, *, same_class: bool = False
) -> np.ndarray:
    """Kernels whose leading feature stands apart from the others [..., kernels], bool."""
    apart = is_apart(correlations, views, same_class=same_class)
    lead = correlations.argmax(-1)[..., None]
    return np.asarray(np.take_along_axis(apart, lead, -1)[..., 0])


def counts(
    correlations: np.ndarray, crossed: np.ndarray, views: int, level: float, limit: float
) -> dict[str, np.ndarray]:
    """Features held at `level` at all, class-purely, purely [...], int.

    The last two also in the absolute form: below `limit` elsewhere instead of the ratio.
    """
    holds = held(correlations, crossed, level)
    forms: dict[str, np.ndarray] = {"held": holds}
    for name, same_class in (("class_pure", False), ("pure", True)):
        for suffix, absolute in (("", None), ("_absolute", limit)):
            apart = is_apart(correlations, views, same_class=same_class, absolute=absolute)
            forms[name + suffix] = holds & apart
    return {name: pairs.any(-2).sum(-1) for name, pairs in forms.items()}
