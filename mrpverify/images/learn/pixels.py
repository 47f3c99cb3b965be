"""MAE-style pretraining: predict the pixels of hidden patches, each patch normalised [R].

The decoder is one 3x3 convolution and a linear map per position of the last map (four patches
each): light, but not so light that the last stage has to be the decoder itself.
"""

from __future__ import annotations

import torch
from torch import nn

from .encoder import GRID, PATCH, Encoder
from .masks import hidden_patches, hide

_VALUES = 3 * PATCH**2


class PixelDecoder(nn.Module):
    """Last map [n, channels, GRID/2, GRID/2] to patches [n, GRID, GRID, 48]."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 3, 1, 1)
        self.out = nn.Conv2d(channels, 4 * _VALUES, 1)

    def forward(self, feature_map: torch.Tensor) -> torch.Tensor:
        """Predicted patches."""
        values = self.out(torch.relu(self.mix(feature_map)))
        return nn.functional.pixel_shuffle(values, 2).permute(0, 2, 3, 1)


def patch_targets(images: torch.Tensor) -> torch.Tensor:
    """Patches [n, GRID, GRID, 48], each with mean 0 and spread 1 over its own values."""
    n = len(images)
    parts = images.reshape(n, 3, GRID, PATCH, GRID, PATCH).permute(0, 2, 4, 3, 5, 1)
    values = parts.reshape(n, GRID, GRID, _VALUES)
    return (values - values.mean(-1, keepdim=True)) / (values.std(-1, keepdim=True) + 0.1)


def loss(
    encoder: Encoder,
    decoder: PixelDecoder,
    images: torch.Tensor,
    ratio: float,
    stream: torch.Generator,
) -> torch.Tensor:
    """Mean squared error on the hidden patches of normalised images."""
    hidden = hidden_patches(len(images), ratio, stream).to(images.device)
    predicted = decoder(encoder(hide(images, hidden))).float()
    error = (predicted - patch_targets(images)).square().mean(-1)
    mean: torch.Tensor = error[hidden].mean()
    return mean
