"""What a run sees: draws of images and labels, normalisation, augmentation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from ...simulate.seeding import generator
from .encoder import CLASSES, SIDE
from .training import Training

_PAD = 4


@dataclass(frozen=True)
class Labelled:
    """Images [n, 32, 32, 3] of bytes with labels [n].

    Mean and spread are those of the training set per channel [3], on the scale of bytes.
    """

    images: torch.Tensor
    labels: torch.Tensor
    mean: torch.Tensor
    spread: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def part(self, chosen: torch.Tensor) -> Labelled:
        """The chosen images, in this order."""
        return Labelled(self.images[chosen], self.labels[chosen], self.mean, self.spread)

    def to(self, device: str) -> Labelled:
        """The same on a device."""
        parts = (self.images, self.labels, self.mean, self.spread)
        return Labelled(*(part.to(device) for part in parts))

    def normalised(self, images: torch.Tensor) -> torch.Tensor:
        """[n, h, w, 3] bytes as [n, 3, h, w] with mean 0 and spread 1 over the training set."""
        return ((images.float() - self.mean) / self.spread).permute(0, 3, 1, 2).contiguous()


def labelled(images: np.ndarray, labels: np.ndarray, like: Labelled | None = None) -> Labelled:
    """From arrays; mean and spread are those of `images`, or those of `like`."""
    if like is not None:
        mean, spread = like.mean, like.spread
    else:
        values = images.reshape(-1, 3).astype(np.float64)
        mean, spread = (torch.tensor(f(0), dtype=torch.float32) for f in (values.mean, values.std))
    return Labelled(torch.from_numpy(images), torch.from_numpy(labels).long(), mean, spread)


def pool(training: Training, data: Labelled) -> Labelled:
    """The run's images, its labelled ones first; equally many of each class in every prefix."""
    stream = generator(training.salt, training.seed, "cifar images")
    by_class = []
    for number in range(CLASSES):
        members = torch.nonzero(data.labels == number)[:, 0]
        by_class.append(members[torch.randperm(len(members), generator=stream)])
    each = training.pool // CLASSES
    return data.part(torch.stack([members[:each] for members in by_class], 1).reshape(-1))


def shown(training: Training, data: Labelled) -> Labelled:
    """The images of a run, with permuted labels or as noise where it is a control."""
    own = pool(training, data)
    if training.pictures == "labelled":
        own = own.part(torch.arange(training.labels))
    if training.shuffled:
        stream = generator(training.salt, training.seed, "cifar shuffled labels")
        order = torch.randperm(len(own), generator=stream)
        own = Labelled(own.images, own.labels[order], own.mean, own.spread)
    if training.pictures == "noise":
        stream = generator(training.salt, training.seed, "cifar noise")
        noise = torch.randn(own.images.shape, generator=stream) * own.spread + own.mean
        own = Labelled(noise.clamp(0, 255).to(torch.uint8), own.labels, own.mean, own.spread)
    return own


def augmented(images: torch.Tensor, stream: torch.Generator) -> torch.Tensor:
    """Random crops after padding by 4 (reflected), mirrored at random; [n, 32, 32, 3] bytes."""
    n = len(images)
    inside = torch.arange(SIDE)
    corner = torch.randint(0, 2 * _PAD + 1, (2, n), generator=stream)
    rows, columns = (_reflected(c[:, None] + inside - _PAD) for c in corner)
    mirrored = torch.rand(n, generator=stream) < 0.5
    columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    index = torch.arange(n)[:, None, None], rows[:, :, None], columns[:, None, :]
    return images[tuple(part.to(images.device) for part in index)]


def _reflected(index: torch.Tensor) -> torch.Tensor:
    """Indices beyond the image, reflected back into it."""
    return (SIDE - 1) - ((SIDE - 1) - index.abs()).abs()


def batches(n: int, batch: int, steps: int, stream: torch.Generator) -> torch.Tensor:
    """Indices [steps, batch]: every image once before any comes again."""
    needed = steps * batch
    rounds = [torch.randperm(n, generator=stream) for _ in range(-(-needed // n))]
    return torch.cat(rounds)[:needed].reshape(steps, batch)
