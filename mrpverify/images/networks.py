"""Stored CIFAR-10 networks as they are looked at: kept states, accuracy, features, matching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from .cifar_runs import data
from .learn.encoder import Classifier
from .learn.images import Labelled
from .learn.train import network
from .learn.training import Training
from .matching import matched
from .occlusion import Predict

MATCHED_ON = 2000
"""Test images on which two networks are matched; they are looked at on others."""
_BATCH = 500


def matched_on() -> Labelled:
    """The test images on which networks are matched."""
    return data()[1].part(torch.arange(MATCHED_ON))


def looked_at(number: int) -> Labelled:
    """The test images on which matched networks are looked at, `number` of them.

    Raises ValueError where there are not so many.
    """
    there = len(data()[1]) - MATCHED_ON
    if number > there:
        raise ValueError(f"images.looked_at={number}: allowed are at most {there} here.")
    return data()[1].part(torch.arange(MATCHED_ON, MATCHED_ON + number))


def kept_states(training: Training, run: xr.Dataset) -> list[Classifier]:
    """Networks of the kept snapshots, or of the final state alone."""
    kept = run["snapshots"].values if "snapshots" in run else run["weights"].values[None]
    return [network(training, weights) for weights in kept]


def at_equal_accuracy(
    first: Sequence[Classifier], second: Sequence[Classifier], test: Labelled
) -> tuple[Classifier, Classifier]:
    """One state of each of two networks, picked by the matching rule on `test`."""
    one, other = matched(accuracies(first, test), accuracies(second, test))
    return first[one], second[other]


def accuracies(nets: Sequence[Classifier], test: Labelled) -> np.ndarray:
    """Share of images that each network classifies correctly [networks]."""
    images = test.normalised(test.images)
    return np.array(
        [float((predictor(net)(images).argmax(1) == test.labels).float().mean()) for net in nets]
    )


def predictor(net: Classifier) -> Predict:
    """The network as a function of normalised images."""

    @torch.no_grad()
    def predict(images: torch.Tensor) -> torch.Tensor:
        return torch.cat([net(part) for part in torch.split(images, _BATCH)])

    return predict


@torch.no_grad()
def pooled_features(net: Classifier, images: torch.Tensor) -> np.ndarray:
    """Pooled last features [n, channels] of normalised images."""
    return np.asarray(net.encoder(images).mean((2, 3)).numpy())
