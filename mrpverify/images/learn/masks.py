"""Masks on the grid of 4 px patches: a fixed number of patches hidden in every image."""

from __future__ import annotations

import torch

from .encoder import GRID, PATCH


def hidden_patches(images: int, ratio: float, stream: torch.Generator) -> torch.Tensor:
    """Which patches are hidden [images, GRID, GRID], round(ratio GRID^2) in each image."""
    number = round(ratio * GRID**2)
    order = torch.rand(images, GRID**2, generator=stream).argsort(1)
    return (order < number).reshape(images, GRID, GRID)


def hide(images: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
    """Normalised images [n, 3, 32, 32] with hidden patches at 0, the training mean."""
    pixels = hidden.repeat_interleave(PATCH, 1).repeat_interleave(PATCH, 2)
    return images.masked_fill(pixels[:, None], 0.0)
