"""Windows of a photo that suffice alone: is the class still first when all else is the mean?

A region that suffices on its own is the real counterpart of a view (section 1): the law says that
an image of its class shows two of them, and that one is enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn


@dataclass(frozen=True)
class Window:
    """A square window: top row, left column and side in pixels."""

    top: int
    left: int
    side: int

    def overlaps(self, other: Window) -> bool:
        """Whether two windows share a pixel."""
        return abs(self.top - other.top) < min(self.side, other.side) and abs(
            self.left - other.left
        ) < min(self.side, other.side)


def centred_grid(side: int, size: int) -> list[Window]:
    """The largest grid of non-overlapping windows in a square of `size`, centred in it."""
    if not 0 < side <= size:
        raise ValueError(f"side={side}: must be at least 1 and at most {size}.")
    number = size // side
    edge = (size - number * side) // 2
    starts = [edge + index * side for index in range(number)]
    return [Window(top, left, side) for top in starts for left in starts]


def sliding(side: int, stride: int, size: int) -> list[Window]:
    """Overlapping windows every `stride` pixels in a square of `size`."""
    starts = range(0, size - side + 1, stride)
    return [Window(top, left, side) for top in starts for left in starts]


def alone(prepared: torch.Tensor, windows: Sequence[Window]) -> torch.Tensor:
    """One prepared image [3, size, size] as [windows, 3, size, size], 0 (the mean) outside each."""
    shown = torch.zeros(len(windows), *prepared.shape)
    for picture, w in zip(shown, windows, strict=True):
        part = slice(w.top, w.top + w.side), slice(w.left, w.left + w.side)
        picture[:, *part] = prepared[:, *part]
    return shown


@torch.inference_mode()
def first_classes(
    net: nn.Module, prepared: torch.Tensor, windows: Sequence[Window], batch: int = 16
) -> np.ndarray:
    """The class the network ranks first for each window alone [windows]."""
    pictures = alone(prepared, windows)
    return np.concatenate([net(part).argmax(1).numpy() for part in pictures.split(batch)])  # type: ignore[no-untyped-call]


def most_disjoint(windows: Sequence[Window]) -> int:
    """Size of the largest set of pairwise disjoint windows among these (exact)."""
    if not windows:
        return 0
    first, *rest = windows
    without = most_disjoint(rest)
    apart = [w for w in rest if not w.overlaps(first)]
    if 1 + len(apart) <= without:
        return without
    return max(without, 1 + most_disjoint(apart))
