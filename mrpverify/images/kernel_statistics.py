"""What the kernels of the last convolution do for the classes, from pooled features."""

from __future__ import annotations

import numpy as np


def classes_per_kernel(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Effective number of classes that each kernel serves [kernels], between 1 and the classes.

    Features [n, kernels] are non-negative. A kernel's mean over each class, above that of its
    smallest class, is read as a distribution over classes; its exponential entropy is returned, NaN
    for a kernel that tells no class apart.
    """
    means = np.stack([features[labels == c].mean(0) for c in np.unique(labels)])
    above = means - means.min(0)
    total = above.sum(0)
    share = np.divide(above, total, out=np.full_like(above, np.nan), where=total > 0)
    logs = np.log(share, out=np.zeros_like(share), where=share > 0)
    return np.asarray(np.exp(-(share * logs).sum(0)))


def directions_per_class(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Effective number of directions in which the images of each class vary [classes].

    The participation ratio (sum of eigenvalues)^2 / (sum of their squares) of the covariance.
    """
    return np.array([_participation(features[labels == c]) for c in np.unique(labels)])


def _participation(features: np.ndarray) -> float:
    """Participation ratio of the covariance of features [n, kernels]; 0 where nothing varies."""
    covariance = np.cov(features.T)
    squares = float((covariance**2).sum())
    return float(np.trace(covariance)) ** 2 / squares if squares > 0 else 0.0
