"""What the images of a run show, drawn again from its salt and seeds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from ..parameters import Parameters
from ..simulate.sample import MULTI_VIEW, sample_features, sample_images, sample_weights
from ..simulate.threads import one_thread


def labelled_views(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Views that some labelled image of their class shows [seeds, classes, views], bool.

    The weak rest of a hidden view does not count. `runs` are those of this regime.
    """
    p, seeds = parameters, [int(seed) for seed in runs["seed"].values]
    images = sample_images(p, str(runs.attrs["salt"]), seeds)
    if p.labels:
        images = images.first_per_class(p.labels, p.classes)
    labels, shown = images.labels.numpy(), images.shown_view.numpy()
    of_class = labels[..., None] == np.arange(p.classes)  # [seeds, images, classes]
    shows = (shown[..., None] == np.arange(p.views)) | (shown[..., None] == MULTI_VIEW)
    return np.asarray((of_class[..., None] & shows[:, :, None, :]).any(1))


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


@one_thread()
def initial_correlations(parameters: Parameters, salt: str, seeds: Sequence[int]) -> np.ndarray:
    """C(0) of runs that start from drawn kernels, nothing trained [seeds, kernels, features]."""
    p, numbers = parameters, [int(seed) for seed in seeds]
    features = torch.stack([sample_features(p, salt, seed) for seed in numbers])
    weights = sample_weights(p, salt, numbers)
    return torch.bmm(weights, features.to(weights.dtype).transpose(1, 2)).numpy()
