"""What a network still recognises when a window is hidden, or when a window is all there is.

Hidden windows are filled in two ways: with the training mean, which mask reconstruction has met in
training, and with the window's own pixels in random order, which neither network has met.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch

from .learn.encoder import SIDE
from .windows import Window, alone, centred_grid, sliding

Fill = Literal["mean", "shuffled"]
FILLS: tuple[Fill, ...] = ("mean", "shuffled")
HIDDEN, STRIDE = 12, 4
"""Side of the hidden window and step of the scan: 36 places that hide 1/7 of the image each."""
CENTRE = Window((SIDE - HIDDEN) // 2, (SIDE - HIDDEN) // 2, HIDDEN)
"""The window that is hidden from both networks alike."""
ALONE = 16
"""Side of the windows that are shown alone, a 2x2 grid."""

Predict = Callable[[torch.Tensor], torch.Tensor]
"""Normalised images [n, 3, 32, 32] to logits [n, classes]."""


def places() -> list[Window]:
    """The windows of the scan."""
    return sliding(HIDDEN, STRIDE, SIDE)


def without(images: torch.Tensor, window: Window, fill: Fill, seed: int = 0) -> torch.Tensor:
    """Normalised images [n, 3, 32, 32] with one window filled."""
    rows = slice(window.top, window.top + window.side)
    columns = slice(window.left, window.left + window.side)
    hidden = images.clone()
    if fill == "mean":
        hidden[:, :, rows, columns] = 0
        return hidden
    stream = torch.Generator().manual_seed(seed)
    pixels = images[:, :, rows, columns].flatten(2)
    order = torch.rand(len(images), pixels.shape[2], generator=stream).argsort(1)
    mixed = pixels.gather(2, order[:, None].expand_as(pixels))
    hidden[:, :, rows, columns] = mixed.reshape(len(images), 3, window.side, window.side)
    return hidden


def scan(
    predict: Predict, images: torch.Tensor, labels: torch.Tensor, fill: Fill
) -> tuple[np.ndarray, np.ndarray]:
    """Probability of the label, and whether it is first, for every hidden place [n, places]."""
    chances, right = [], []
    for number, window in enumerate(places()):
        scores = predict(without(images, window, fill, number))
        own = scores.softmax(1).gather(1, labels[:, None])[:, 0]
        chances.append(own.numpy())
        right.append((scores.argmax(1) == labels).numpy())
    return np.stack(chances, 1), np.stack(right, 1)


def right_without_decisive(chances: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether an image is still right without its own most decisive window [n]."""
    worst = chances.argmin(1)
    return np.asarray(right[np.arange(len(right)), worst])


def sufficient_regions(predict: Predict, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Number of disjoint 16 px windows that each suffice alone for the label [n]."""
    grid: Sequence[Window] = centred_grid(ALONE, SIDE)
    shown = torch.stack([alone(image, grid) for image in images])
    first = predict(shown.flatten(0, 1)).argmax(1).reshape(len(images), len(grid))
    return np.asarray((first == labels[:, None]).sum(1).numpy())
