"""Eigen-CAM: the direction in which a network's last map varies most, as a picture.

M. B. Muhammad, M. Yeasin, Eigen-CAM, IJCNN 2020; centred over positions, as in package grad-cam.
The sign of a singular vector is arbitrary. Ours is the one in which the map is correlated with
the activation energy (the norm of the features at each position): where there is more activation
there is more object, while the package leaves the sign to the solver. Eigen-CAM does not know
the class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class EigenCam:
    """`signed` is the projection [h, w]; `share` the part of the variance that it explains."""

    signed: np.ndarray
    share: float

    @property
    def picture(self) -> np.ndarray:
        """The positive part, its largest value 1 (all 0 where nothing is positive) [h, w]."""
        positive = np.maximum(self.signed, 0)
        top = positive.max()
        return np.asarray(positive / top if top > 0 else positive)


def eigen_cam(feature_map: np.ndarray) -> EigenCam:
    """First principal component over positions of a map [channels, h, w]."""
    channels, height, width = feature_map.shape
    features = feature_map.reshape(channels, -1).T.astype(np.float64)
    centred = features - features.mean(0)
    left, sizes, _ = np.linalg.svd(centred, full_matrices=False)
    energy = np.linalg.norm(features, axis=1)
    projection = left[:, 0] * sizes[0]
    sign = -1.0 if projection @ (energy - energy.mean()) < 0 else 1.0
    total = float((sizes**2).sum())
    share = float(sizes[0] ** 2) / total if total > 0 else 0.0
    return EigenCam((sign * projection).reshape(height, width), share)
