"""What the images of a run show, drawn again from its salt and seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from ..parameters import Parameters
from ..simulate.sample import feature_moments, sample_images, sample_weights
from .labelled import AXES

MOMENTS = ("own_activity", "squared_activity", "patch_activity")
"""Moments of drawn images that a labelled run has too."""


def training_kinds(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Share of a seed's training images by class and kind [seeds, classes, 1 + views].

    Kind 0 shows all views, kind 1 + l view l alone. `runs` are those of this regime.
    """
    p, seeds = parameters, [int(seed) for seed in runs["seed"].values]
    images = sample_images(p, str(runs.attrs["salt"]), seeds)
    cell = images.labels * (1 + p.views) + images.shown_view + 1
    cells = p.classes * (1 + p.views)
    counts = np.stack([np.bincount(row, minlength=cells) for row in cell.numpy()])
    return counts.reshape(len(seeds), p.classes, 1 + p.views) / p.images


def starts(parameters: Parameters, salt: str, seeds: Sequence[int]) -> xr.Dataset:
    """What runs of the seeds start from: C(0) and the moments of their images, nothing trained.

    ``initial_correlations`` [seed, kernel, feature]; ``own_activity``, ``squared_activity`` and
    ``patch_activity`` [seed, feature], as in a labelled run.
    """
    p, numbers = parameters, [int(seed) for seed in seeds]
    images = sample_images(p, salt, numbers)
    moments = feature_moments(p, images)
    weights = sample_weights(p, salt, numbers)
    features = images.features.to(weights.dtype)
    found = {"initial_correlations": torch.bmm(weights, features.transpose(1, 2))}
    found |= {name: getattr(moments, name) for name in MOMENTS}
    return xr.Dataset(
        {name: (AXES[name], value.numpy()) for name, value in found.items()},
        coords={"seed": numbers},
    )
