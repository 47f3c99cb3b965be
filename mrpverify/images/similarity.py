"""Overlap of two networks' features: linear CKA, which no rotation and no scale changes.

Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019.
"""

from __future__ import annotations

import numpy as np


def linear_cka(first: np.ndarray, second: np.ndarray) -> float:
    """Centred kernel alignment in [0, 1] of features [n, a] and [n, b] of the same images.

    Raises ValueError where the numbers of images differ or one network's features do not vary.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} images; the same ones are needed.")
    a, b = (x - x.mean(0) for x in (first.astype(np.float64), second.astype(np.float64)))
    scale = np.linalg.norm(a.T @ a) * np.linalg.norm(b.T @ b)
    if scale == 0:
        raise ValueError("features that do not vary have no overlap.")
    return float(np.linalg.norm(a.T @ b) ** 2 / scale)
