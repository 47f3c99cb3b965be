"""Patches of all images of a seed as rows, one below the other: all of them, or those that matter.

Most patches of an image move none of the kernels that are asked about: a background patch, or one
of another feature. Left out, products and passes shrink with the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch.nn import functional


@dataclass(frozen=True)
class Rows:
    """Patches of each seed in the order of their images."""

    patches: torch.Tensor
    """x_p [seeds, rows, dimension]; rows of zeros fill a seed up to the one with most."""
    totals: torch.Tensor
    """S, the sum of all patches of an image, of those too that are no row
    [seeds, images, dimension]."""
    image: torch.Tensor | None
    """Of each row, numbered through all seeds [seeds * rows]; None: all have as many, in turn."""
    first: torch.Tensor | None
    """Row at which each image begins, numbered through all seeds [seeds * images], or None."""

    @property
    def images(self) -> int:
        """N."""
        return self.totals.shape[1]

    @cached_property
    def begins(self) -> torch.Tensor:
        """`first`, also where all images have as many rows."""
        if self.first is not None:
            return self.first
        seeds, rows, _ = self.patches.shape
        return rows // self.images * torch.arange(seeds * self.images, device=self.patches.device)

    def summed(self, values: torch.Tensor) -> torch.Tensor:
        """Sum over the rows of each image of values [seeds, rows, n], [seeds, images, n]."""
        seeds, _, n = values.shape
        if self.first is None:
            return values.view(seeds, self.images, -1, n).sum(2)
        flat = values.view(-1, n)
        each = torch.arange(len(flat), device=flat.device)
        sums = functional.embedding_bag(each, flat, self.first, mode="sum")
        return sums.view(seeds, -1, n)

    def spread(self, values: torch.Tensor) -> torch.Tensor:
        """Values of images [seeds, images, n] on each of their rows [seeds, rows, n]."""
        (seeds, rows, _), n = self.patches.shape, values.shape[2]
        if self.image is None:
            each = values.unsqueeze(2).expand(-1, -1, rows // self.images, -1)
            return each.reshape(seeds, rows, n)
        return values.view(-1, n).index_select(0, self.image).view(seeds, rows, n)

    def added(self, values: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        """Values of rows [seeds, rows, n] plus others of their images [seeds, images, n].

        `values` may be overwritten: what is spread over all patches is not made where they are
        even.
        """
        if self.image is None:
            seeds, _, n = values.shape
            values.view(seeds, self.images, -1, n).add_(others.unsqueeze(2))
            return values
        return values.add_(self.spread(others))


def every_patch(patches: torch.Tensor, totals: torch.Tensor | None = None) -> Rows:
    """All patches [seeds, images, patches, dimension]; their sums, where they are known."""
    return Rows(patches.flatten(1, 2), patches.sum(2) if totals is None else totals, None, None)


def some_patches(
    patches: torch.Tensor, kept: torch.Tensor, totals: torch.Tensor | None = None
) -> Rows:
    """Those that are kept [seeds, images, patches], bool; the sums of all, where they are known."""
    seeds, images, count, dimension = patches.shape
    if seeds == 1 and bool(kept.any()):
        return _of_one_seed(patches, kept, totals)
    rows = kept.flatten(1)
    most = max(1, int(rows.sum(1).max()))
    order = torch.argsort(rows.int(), dim=1, descending=True, stable=True)[:, :most]
    chosen = patches.flatten(1, 2).gather(1, order.unsqueeze(2).expand(-1, -1, dimension))
    fills = ~rows.gather(1, order).unsqueeze(2)
    seed = torch.arange(seeds, device=patches.device).unsqueeze(1)
    own = kept.sum(2)
    return Rows(
        chosen.masked_fill(fills, 0.0),
        patches.sum(2) if totals is None else totals,
        (seed * images + order // count).flatten(),
        (seed * most + own.cumsum(1) - own).flatten(),
    )


def _of_one_seed(patches: torch.Tensor, kept: torch.Tensor, totals: torch.Tensor | None) -> Rows:
    """The same of one seed, which is filled up to no other; some patch must be kept."""
    order, own = kept.flatten().nonzero().squeeze(1), kept[0].sum(1)
    return Rows(
        patches.flatten(0, 2).index_select(0, order).unsqueeze(0),
        patches.sum(2) if totals is None else totals,
        order // patches.shape[2],
        own.cumsum(0) - own,
    )
