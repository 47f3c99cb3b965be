"""data2vec-style pretraining: predict the features that a teacher sees in the whole image [R].

The teacher is a moving average of the student. Its maps after every stage, each channel
standardised over the images and positions of the batch, are predicted at every position of the last
map, as in section 2. A constant map is then no solution, and the first stage ties the targets to
the patches.
"""

from __future__ import annotations

import torch
from torch import nn

from .encoder import Encoder
from .masks import hidden_patches, hide

MEMORY = 0.998
"""Weight of the old teacher in the moving average, per step."""


class Predictor(nn.Module):
    """Last map [n, channels, side, side] to targets [n, channels + first, side, side]."""

    def __init__(self, channels: int, first: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 3, 1, 1)
        self.out = nn.Conv2d(channels, channels + first, 1)

    def forward(self, feature_map: torch.Tensor) -> torch.Tensor:
        """Predicted targets."""
        out: torch.Tensor = self.out(torch.relu(self.mix(feature_map)))
        return out


def loss(
    student: Encoder,
    teacher: Encoder,
    predictor: nn.Module,
    images: torch.Tensor,
    ratio: float,
    stream: torch.Generator,
) -> torch.Tensor:
    """Smooth L1 between predicted and standardised teacher features of normalised images."""
    hidden = hidden_patches(len(images), ratio, stream).to(images.device)
    with torch.no_grad():
        target = targets(teacher, images)
    return nn.functional.smooth_l1_loss(predictor(student(hide(images, hidden))).float(), target)


def targets(teacher: Encoder, images: torch.Tensor) -> torch.Tensor:
    """Standardised maps of both stages [n, 3 width, 4, 4], the first averaged to the last grid."""
    first, last = teacher.maps(images)
    side = last.shape[-1]
    both = torch.cat([nn.functional.adaptive_avg_pool2d(first.float(), side), last.float()], 1)
    return standardised(both)


def standardised(feature_map: torch.Tensor) -> torch.Tensor:
    """Mean 0 and spread 1 of every channel over images and positions [n, channels, side, side]."""
    centred = feature_map - feature_map.mean((0, 2, 3), keepdim=True)
    return centred / (centred.square().mean((0, 2, 3), keepdim=True) + 1e-6).sqrt()


def follow(teacher: Encoder, student: Encoder) -> None:
    """One step of the moving average."""
    with torch.no_grad():
        for old, new in zip(teacher.parameters(), student.parameters(), strict=True):
            old.lerp_(new, 1 - MEMORY)
