"""Correlations of kernels with directions, and what a kernel learned outside the feature span."""

from __future__ import annotations

import numpy as np


def correlate(weights: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """C = <w_r, v_f> from [..., kernels, d] and [..., features, d]: [..., kernels, features]."""
    return np.asarray(weights @ np.swapaxes(directions, -1, -2))


def random_orthonormal(count: int, dimension: int, random: np.random.Generator) -> np.ndarray:
    """Orthonormal directions [count, dimension], uniformly random (a control's stand-in for V)."""
    gaussian = random.standard_normal((dimension, count))
    return np.asarray(np.linalg.qr(gaussian)[0].T)


def learned_parts(
    final: np.ndarray, initial: np.ndarray, features: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Norms of w(T) - w(0) inside and outside the feature span, both [..., kernels].

    `final` and `initial` are [..., kernels, d], `features` orthonormal [..., features, d].
    """
    learned = final - initial
    inside = correlate(learned, features)
    outside = learned - inside @ features
    return np.linalg.norm(inside, axis=-1), np.linalg.norm(outside, axis=-1)


def first_crossed(crossing_time: np.ndarray, at_crossing: np.ndarray) -> np.ndarray:
    """Feature each kernel crosses for first [..., kernels], -1 where it never crosses.

    Of features crossed in the same step the one with the larger correlation then, `at_crossing`.
    """
    never = ~np.isfinite(crossing_time).any(-1)
    earliest = crossing_time == crossing_time.min(-1, keepdims=True)
    return np.where(never, -1, np.where(earliest, at_crossing, -np.inf).argmax(-1))
