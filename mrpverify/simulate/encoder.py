"""The two-layer encoder h_r(X) = sum_p sReLU(<w_r, x_p>) (section 2 [R])."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch

ACTIVATIONS_IN_CACHE = 2**18
"""Activations of one group of images on the CPU. Where torch makes all passes, groups of half this
size took 5.2 ms and one piece 8.4 ms (400 images, 14 patches, 160 kernels, d = 60). Compiled passes
hardly miss a cache, and every group costs a few calls: teacher-student of presets quick and paper
took 1.30 and 1.09 times their products with half of this, 1.24 and 1.06 with it, 1.19 and 1.05 with
twice as many."""

SIDE, TILES, LEAST_ROWS = 128, 4 * 132, 512
"""Of a tile that a GPU's multiprocessor makes of a product; tiles that keep 132 of them busy; rows
of a piece of a sum, below which the sum of pieces is work of its own."""

# glibc returns freed memory to the system once it is twice the largest block ever freed, and every
# step then maps its temporaries anew: up to 280 page faults a step, 12 after one large block. From
# blocks of more than 32 MiB, header and all, it learns nothing.
torch.empty(2**25 - 2**16, dtype=torch.uint8)


def smoothed_relu(
    u: torch.Tensor, power: int, linear_from: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """sReLU(u) and its derivative: u^q/(q varrho^{q-1}) on [0, varrho], then a line of slope 1.

    With c = u cut to [0, varrho] both pieces are one product, (c/varrho)^{q-1} (u - (1 - 1/q) c):
    half the passes over memory, which is what this costs.
    """
    cut = u.clamp(0.0, linear_from)
    value = torch.sub(u, cut, alpha=1 - 1 / power)
    slope = cut.div_(linear_from).pow_(power - 1)
    return value.mul_(slope), slope


def project(weights: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """<w_r, x_p> as [seeds, images, patches, kernels]."""
    seeds, images, count, dimension = patches.shape
    flat = _of_few(patches.reshape(seeds, images * count, dimension), weights.transpose(1, 2))
    return flat.view(seeds, images, count, -1)


def _of_few(rows: torch.Tensor, columns: torch.Tensor) -> torch.Tensor:
    """Product of [seeds, rows, d] and [seeds, d, n]; on a CPU by numpy's library.

    Kernels with a clock of their own come in all numbers, and torch's library is slow at columns
    that fill no register: for 6000 patches, d = 40, ten kernels took it 250 us and numpy's 106, 31
    of them 348 and 240, 16 or 160 the same (one core with 512-bit registers). So it is with sums
    over rows: of 2400 patches, d = 48, for five kernels 30 and 17 us, for 64 177 and 167.
    """
    if not _plain(rows) or not _plain(columns):
        return torch.bmm(rows, columns)
    product = rows.new_empty(*rows.shape[:2], columns.shape[2])
    np.matmul(rows.numpy(), columns.numpy(), out=product.numpy())
    return product


def _plain(values: torch.Tensor) -> bool:
    """Whether numpy may read them, and nobody (autograd, a compiler) has to see what it does."""
    if torch.compiler.is_compiling() or not values.is_cpu or values.requires_grad:
        return False
    return values.dtype in (torch.float32, torch.float64)


def back_project(signal: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """Sum over images and patches of signal_{r,p} x_p as [seeds, kernels, dimension]."""
    seeds, images, count, dimension = patches.shape
    flat = signal.reshape(seeds, images * count, signal.shape[-1])
    return over_rows(flat, patches.reshape(seeds, images * count, dimension))


def over_rows(left: torch.Tensor, right: torch.Tensor, pieces: int | None = None) -> torch.Tensor:
    """Sum over rows of left_i right_j [seeds, m, n], from [seeds, rows, m] and [seeds, rows, n].

    A GPU shares a product out by tiles of what comes out, of which here are fewer than it has
    multiprocessors. So rows are summed in pieces side by side, where that copies nothing.
    """
    (seeds, rows, m), n = left.shape, right.shape[2]
    plain = not left.is_cuda or not left.is_contiguous() or not right.is_contiguous()
    number = pieces or (1 if plain else _pieces(rows, seeds * -(-m // SIDE) * -(-n // SIDE)))
    if number == 1:
        return _of_few(left.transpose(1, 2), right)
    pieced = seeds * number, rows // number
    parts = torch.bmm(left.reshape(*pieced, m).transpose(1, 2), right.reshape(*pieced, n))
    return parts.view(seeds, number, m, n).sum(1)


@lru_cache
def _pieces(rows: int, tiles: int) -> int:
    """Pieces of equal length that give a GPU enough to do, or what comes closest."""
    possible = [c for c in range(1, max(1, rows // LEAST_ROWS) + 1) if rows % c == 0]
    return next((c for c in possible if c * tiles >= TILES), possible[-1])


def cache_sized(patches: torch.Tensor, kernels: int) -> tuple[torch.Tensor, ...]:
    """The patches in groups of images whose activations fit a core's cache; whole on a GPU."""
    seeds, images, count, _ = patches.shape
    size = max(1, ACTIVATIONS_IN_CACHE // (seeds * count * kernels))
    if patches.is_cuda or size >= images:
        return (patches,)
    return torch.split(patches, size, dim=1)
