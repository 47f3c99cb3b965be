"""The pictures of the dominoes law on one canvas, cut into small square patches.

Nothing is drawn here but where on the canvas a picture stands, anew in every image: a place says
nothing about a view. Pictures, contrasts, labels and the pairing are those of the law with
`encoding=pixels`, which are the pixels times one common scale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ...simulate.images import Images
from ...simulate.seeding import generator, uniform
from ..draw import draw
from ..options import SIDE


@dataclass(frozen=True)
class Canvas:
    """The images of one data set and one seed."""

    pixels: torch.Tensor
    """[images, rows 28, columns 28], float32, the law's own scale."""
    labels: torch.Tensor
    """[images]."""
    places: torch.Tensor
    """Which place of the grid shows picture p of an image [images, pictures], row by row."""


def grid(pictures: int) -> tuple[int, int]:
    """Rows and columns of the squarest full grid of so many pictures, rows <= columns."""
    rows = max(n for n in range(1, int(pictures**0.5) + 1) if pictures % n == 0)
    return rows, pictures // rows


def canvas(parameters: Any, salt: str, seed: int, purpose: str) -> Canvas:
    """One data set of the law on its canvases; raises MissingDataError where nothing is fetched."""
    images = draw(parameters, salt, seed, purpose)
    number, pictures = images.patches.shape[:2]
    stream = generator(salt, seed, f"{purpose}, places")
    places = torch.argsort(uniform(0, 1, (number, pictures), stream), dim=1)
    return Canvas(laid_out(images, places), images.labels, places)


def laid_out(images: Images, places: torch.Tensor) -> torch.Tensor:
    """Every picture at its place of the grid [images, rows 28, columns 28], float32."""
    number, pictures, _ = images.patches.shape
    rows, columns = grid(pictures)
    cells = torch.empty_like(images.patches, dtype=torch.float32)
    cells.scatter_(1, places.unsqueeze(-1).expand_as(cells), images.patches.float())
    cells = cells.reshape(number, rows, columns, SIDE, SIDE).permute(0, 1, 3, 2, 4)
    return cells.reshape(number, rows * SIDE, columns * SIDE)


def patches(pixels: torch.Tensor, side: int) -> torch.Tensor:
    """Images [n, height, width] as patches [n, tokens, side^2], row by row."""
    n, height, width = pixels.shape
    parts = pixels.reshape(n, height // side, side, width // side, side)
    return parts.permute(0, 1, 3, 2, 4).reshape(n, -1, side**2)


def whole(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """What `patches` cut, put together again [n, height, width]."""
    side = round(tokens.shape[-1] ** 0.5)
    parts = tokens.reshape(len(tokens), height // side, width // side, side, side)
    return parts.permute(0, 1, 3, 2, 4).reshape(len(tokens), height, width)


def positions(rows: int, columns: int, width: int) -> torch.Tensor:
    """Fixed sines and cosines of a token's row and column [rows columns, width], float32.

    Half of them say the row, half the column, at frequencies from 1 down to 10^-4; `width` is a
    multiple of 4.
    """
    frequency = 10_000.0 ** -(np.arange(width // 4) / (width / 4))
    row, column = np.divmod(np.arange(rows * columns), columns)
    angles = [place[:, None] * frequency for place in (row, column)]
    values = np.concatenate([f(a) for a in angles for f in (np.sin, np.cos)], 1)
    return torch.from_numpy(values).float()
