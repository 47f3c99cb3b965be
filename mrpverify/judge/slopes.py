"""Exponents: one regression per seed, so that seeds stay the replicates (section 6)."""

from __future__ import annotations

import numpy as np

FEWEST_SIZES = 4
"""Sizes that an exponent is fitted over, at least."""


def log_slopes(size: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Slope of log(value) against log(size) by least squares, one per seed [seeds].

    `value` is [seeds, sizes], `size` [sizes] or [seeds, sizes]; NaN where a value is not positive
    and finite. Raises ValueError for fewer than four sizes.
    """
    positive = np.isfinite(value) & (value > 0)
    return slopes_in_log(size, np.log(np.where(positive, value, np.nan)))


def slopes_in_log(size: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Slope of a value itself against log(size) by least squares, one per seed [seeds].

    Shapes and errors as in `log_slopes`; NaN where a value is not finite.
    """
    if value.shape[-1] < FEWEST_SIZES:
        raise ValueError(f"an exponent needs {FEWEST_SIZES} sizes, got {value.shape[-1]}")
    good = np.isfinite(value).all(-1)
    y = np.where(good[:, None], value, 0.0)
    x = np.log(np.broadcast_to(size, value.shape))
    x = x - x.mean(-1, keepdims=True)
    slope = (x * (y - y.mean(-1, keepdims=True))).sum(-1) / np.square(x).sum(-1)
    return np.asarray(np.where(good, slope, np.nan))
