"""Where two matched networks look in the same CIFAR-10 images: occlusion maps and Eigen-CAM."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from .cifar10 import CLASS_NAMES
from .cifar_runs import collect_trainings
from .cifar_study import studies
from .comparison import PRETRAINED, SUPERVISED
from .eigen_cam import EigenCam, eigen_cam
from .folder import manifest
from .learn.encoder import GRID, PATCH, Classifier
from .networks import at_equal_accuracy, kept_states, looked_at, matched_on, predictor
from .occlusion import Fill, places, scan
from .setup import Setup

FILL: Fill = "mean"
SEED = 0
"""The training seed whose networks are shown."""


@dataclass(frozen=True, eq=False)
class Gaze:
    """Where one network looks in one image."""

    chance: float
    """Probability of the image's class, in [0, 1]."""
    lost: np.ndarray
    """Probability lost when a patch is hidden, mean over the windows that hide it [8, 8]."""
    cam: EigenCam
    """Of the last map [4, 4]."""


@dataclass(frozen=True, eq=False)
class Seen:
    """One image [32, 32, 3] of bytes: its class, and where each network looks, by network."""

    image: np.ndarray
    label: str
    gazes: dict[str, Gaze]


def look_in_images(setup: Setup) -> list[Seen]:
    """The first test image of each class that both networks recognise, of those looked at.

    The networks are the supervised one and the MAE-style one (pretrained on all images, fine-tuned
    with few labels) of the first seed, at equal accuracy. A class without such an image is left
    out. Raises MissingDataError.
    """
    nets = _matched(setup)
    own = looked_at(setup.settings.looked_at)
    images = own.normalised(own.images)
    right = [predictor(net)(images).argmax(1) == own.labels for net in nets.values()]
    chosen = first_of_each(own.labels.numpy(), torch.stack(right).all(0).numpy())
    gazes = {name: _gazes(net, images[chosen], own.labels[chosen]) for name, net in nets.items()}
    return [
        Seen(
            own.images[index].numpy(),
            CLASS_NAMES[int(own.labels[index])],
            {name: found[place] for name, found in gazes.items()},
        )
        for place, index in enumerate(chosen)
    ]


def first_of_each(labels: np.ndarray, right: np.ndarray) -> list[int]:
    """Index of the first image of every class that is `right` [n], classes in their order."""
    found = (np.flatnonzero(right & (labels == number)) for number in range(len(CLASS_NAMES)))
    return [int(indices[0]) for indices in found if len(indices)]


def lost_by_patch(chances: np.ndarray, clean: np.ndarray) -> np.ndarray:
    """Mean probability lost over the hidden windows that cover a patch [n, 8, 8].

    `chances` [n, places] are those with each window of the scan hidden, `clean` [n] without any.
    """
    total = np.zeros((len(clean), GRID, GRID))
    times = np.zeros((GRID, GRID))
    for window, chance in zip(places(), chances.T, strict=True):
        rows, columns = (
            slice(start // PATCH, (start + window.side) // PATCH)
            for start in (window.top, window.left)
        )
        total[:, rows, columns] += (clean - chance)[:, None, None]
        times[rows, columns] += 1
    return total / times


def _matched(setup: Setup) -> dict[str, Classifier]:
    """The two networks at equal accuracy, by name."""
    study = studies(setup, manifest("cifar10")["digest"])[SEED]
    pretrained, supervised = study.compared()
    found = collect_trainings([pretrained, supervised], setup)
    first, second = (kept_states(t, found[t]) for t in (pretrained, supervised))
    nets = at_equal_accuracy(first, second, matched_on())
    return dict(zip((PRETRAINED, SUPERVISED), nets, strict=True))


def _gazes(net: Classifier, images: torch.Tensor, labels: torch.Tensor) -> list[Gaze]:
    """Where a network looks in each of some normalised images."""
    predict = predictor(net)
    clean = predict(images).softmax(1).gather(1, labels[:, None])[:, 0].numpy()
    lost = lost_by_patch(scan(predict, images, labels, FILL)[0], clean)
    with torch.no_grad():
        maps = net.encoder(images).numpy()
    return [
        Gaze(float(chance), gone, eigen_cam(feature_map))
        for chance, gone, feature_map in zip(clean, lost, maps, strict=True)
    ]
