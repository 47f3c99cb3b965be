"""The passes of `passes` as kernels that Triton compiles, over numbers in the memory of a GPU.

The formulas are those of `compiled`. One program takes the patches of one image and a block of
kernels, as one tile in registers, so that what a pass reads and writes goes through memory once.
The largest pre-activations are those of images first, which torch then compares: no program waits
for another, and none asks the host, so that a pass can be part of a CUDA graph.

Constants are an array c = (varrho, 1/varrho, 1 - 1/q), for Triton takes a float of Python for one
of 32 bits. What a kernel is compiled anew for is written in capitals; numbers of kernels are not
among it beyond their common divisor with FOUR, by which a row is read in words of 16 bytes.
Cuts are comparisons and not minima, which drop nan on a GPU.
"""

from __future__ import annotations

import os
from functools import cache
from math import gcd
from typing import Any

import torch
import triton
import triton.language as tl

from .rows import Rows

MOST_PATCHES = 256
"""Patches of an image up to which it is one tile; beyond them it is left to torch."""
TILE = 2048
"""Activations of a program: sixteen of a thread, beside what is computed of them. With fewer
kernels it is no smaller: it would be compiled anew, and were it smaller than its threads, several
would read a number that one of them overwrites."""
LEAST_COLUMNS, MOST_ROWS, FOUR, IN_A_ROW = 16, 64, 4, 1024
POSSIBLE = os.environ.get("TRITON_INTERPRET") != "1"
"""Not where Triton is told to interpret, many thousand times as slowly."""
_SIZES = ["patches", "units", "images", "size"]
"""Arguments that a kernel is not compiled anew for."""
Pair = tuple[torch.Tensor, torch.Tensor]


@triton.jit
def _bent(u, bend, inverse, share, MORE: tl.constexpr):
    """A straightened power of u and its slope; nan stays nan."""
    cut = tl.where(u < 0.0, 0.0, u)
    cut = tl.where(cut > bend, bend, cut)
    first = cut * inverse
    slope = first
    for _ in tl.static_range(MORE):
        slope = slope * first
    return slope * (u - share * cut), slope


@triton.jit
def _place(kernels, COLUMNS: tl.constexpr):
    """Image and kernels of this program; those of an image are neighbours."""
    blocks = tl.cdiv(kernels, COLUMNS)
    program = tl.program_id(0)
    image = (program // blocks).to(tl.int64)
    return image, program % blocks * COLUMNS + tl.arange(0, COLUMNS)


@triton.jit
def _tile(u, image, r, patches, kernels, ROWS: tl.constexpr):
    """Where the activations of an image are, which of them there are, and its patches."""
    p = tl.arange(0, ROWS)
    there = (p < patches)[:, None] & (r < kernels)[None, :]
    return u + image * patches * kernels + (p[:, None] * kernels + r[None, :]), there, p


@triton.jit
def _largest(x, there, sums):
    """Largest of each column of x; nan where a sum of what it feeds is."""
    most = tl.max(tl.where(there, x, float("-inf")), 0)
    return tl.where(sums != sums, sums, most)


@triton.jit(do_not_specialize=_SIZES)
def _outputs(
    c, u, seen, h, reach, patches, units,
    UNIT: tl.constexpr, WEIGHTED: tl.constexpr, MORE: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    kernels = units * UNIT
    image, r = _place(kernels, COLUMNS)
    at, there, p = _tile(u, image, r, patches, kernels, ROWS)
    x = tl.load(at, mask=there, other=0.0)
    a, _ = _bent(x, tl.load(c), tl.load(c + 1), tl.load(c + 2), MORE)
    if WEIGHTED:
        a = a * tl.load(seen + image * patches + p, mask=p < patches, other=0.0)[:, None]
    sums = tl.sum(a, 0)
    tl.store(h + image * kernels + r, sums, mask=r < kernels)
    tl.store(reach + image * kernels + r, _largest(x, there, sums), mask=r < kernels)


@triton.jit(do_not_specialize=_SIZES)
def _pulled(
    c, u, seen, pull, patches, units,
    UNIT: tl.constexpr, WEIGHTED: tl.constexpr, MORE: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    kernels = units * UNIT
    image, r = _place(kernels, COLUMNS)
    at, there, p = _tile(u, image, r, patches, kernels, ROWS)
    x = tl.load(at, mask=there, other=0.0)
    _, slope = _bent(x, tl.load(c), tl.load(c + 1), tl.load(c + 2), MORE)
    if WEIGHTED:
        slope = slope * tl.load(seen + image * patches + p, mask=p < patches, other=0.0)[:, None]
    by = tl.load(pull + image * kernels + r, mask=r < kernels, other=0.0)
    tl.store(at, slope * by[None, :], mask=there)


@triton.jit(do_not_specialize=_SIZES)
def _matched(
    c, u, bend, gain, own, shared, reach, images, patches, units,
    UNIT: tl.constexpr, MORE: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    kernels = units * UNIT
    image, r = _place(kernels, COLUMNS)
    at, there, _ = _tile(u, image, r, patches, kernels, ROWS)
    seed = image // images
    x = tl.load(at, mask=there, other=0.0)
    bent_at = tl.load(bend + seed * kernels + r, mask=r < kernels, other=1.0)
    amplified = tl.load(gain + seed * kernels + r, mask=r < kernels, other=0.0)
    varrho, inverse, share = tl.load(c), tl.load(c + 1), tl.load(c + 2)
    a, slope = _bent(x, varrho, inverse, share, MORE)
    taught, _ = _bent(x, bent_at[None, :], inverse, share, MORE)
    h = tl.sum(a, 0)
    gap = amplified * tl.sum(taught, 0) - h + tl.load(shared + seed) * h
    tl.store(at, (gap[None, :] - tl.load(own + seed) * a) * slope, mask=there)
    tl.store(reach + image * kernels + r, _largest(x, there, h), mask=r < kernels)


@triton.jit(do_not_specialize=_SIZES)
def _activated(c, u, a, slope, size, MORE: tl.constexpr, COLUMNS: tl.constexpr):
    i = tl.program_id(0).to(tl.int64) * COLUMNS + tl.arange(0, COLUMNS)
    x = tl.load(u + i, mask=i < size, other=0.0)
    value, first = _bent(x, tl.load(c), tl.load(c + 1), tl.load(c + 2), MORE)
    tl.store(a + i, value, mask=i < size)
    tl.store(slope + i, first, mask=i < size)


@triton.jit
def _rows_of(begins, image, images, size, patches, EQUAL: tl.constexpr):
    """First row of an image and how many it has; all have as many where they are EQUAL."""
    if EQUAL:
        begin = image * patches
        number = patches
    else:
        begin = tl.load(begins + image)
        end = tl.load(begins + image + 1, mask=image + 1 < images, other=0)
        number = (tl.where(image + 1 < images, end, size) - begin).to(tl.int32)
    return begin, number


@triton.jit(do_not_specialize=_SIZES)
def _encoded(
    c, u, begins, a, h, reach, images, size, patches, units,
    UNIT: tl.constexpr, EQUAL: tl.constexpr, MORE: tl.constexpr,
    ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    kernels = units * UNIT
    image, r = _place(kernels, COLUMNS)
    varrho, inverse, share = tl.load(c), tl.load(c + 1), tl.load(c + 2)
    begin, number = _rows_of(begins, image, images, size, patches, EQUAL)
    u += begin * kernels
    a += begin * kernels
    sums = tl.zeros((COLUMNS,), dtype=u.dtype.element_ty)
    most = tl.full((COLUMNS,), float("-inf"), dtype=u.dtype.element_ty)
    for start in range(0, number, ROWS):
        row = start + tl.arange(0, ROWS)
        there = (row < number)[:, None] & (r < kernels)[None, :]
        at = row[:, None] * kernels + r[None, :]
        x = tl.load(u + at, mask=there, other=0.0)
        value, slope = _bent(x, varrho, inverse, share, MORE)
        tl.store(a + at, value, mask=there)
        tl.store(u + at, slope, mask=there)
        sums += tl.sum(value, 0)
        here = tl.max(tl.where(there, x, float("-inf")), 0)
        most = tl.where(here > most, here, most)
    most = tl.where(sums != sums, sums, most)
    tl.store(h + image * kernels + r, sums, mask=r < kernels)
    tl.store(reach + image * kernels + r, most, mask=r < kernels)


@triton.jit(do_not_specialize=_SIZES)
def _driven(
    signal, begins, drive, slope, images, size, patches, units,
    UNIT: tl.constexpr, EQUAL: tl.constexpr, ROWS: tl.constexpr, COLUMNS: tl.constexpr,
):  # fmt: skip
    kernels = units * UNIT
    image, r = _place(kernels, COLUMNS)
    begin, number = _rows_of(begins, image, images, size, patches, EQUAL)
    signal += begin * kernels
    slope += begin * kernels
    by = tl.load(drive + image * kernels + r, mask=r < kernels, other=0.0)
    for start in range(0, number, ROWS):
        row = start + tl.arange(0, ROWS)
        there = (row < number)[:, None] & (r < kernels)[None, :]
        at = row[:, None] * kernels + r[None, :]
        x = tl.load(signal + at, mask=there, other=0.0)
        by_row = tl.load(slope + at, mask=there, other=0.0)
        tl.store(signal + at, (x + by[None, :]) * by_row, mask=there)


def outputs(
    u: torch.Tensor, power: int, linear_from: float, seen: torch.Tensor | None
) -> Pair | None:
    """`passes.outputs` of u [seeds, images, patches, kernels]; None with too many patches."""
    seeds, images, patches, kernels = u.shape
    if patches > MOST_PATCHES:
        return None
    h, reach = u.new_empty(seeds, images, kernels), u.new_empty(seeds, images, kernels)
    weights = u if seen is None else seen.to(u.dtype).contiguous()
    shape = _shape(patches)
    with torch.cuda.device_of(u):
        _outputs[_grid(seeds * images, kernels, shape)](
            _constants(power, linear_from, u.dtype, u.device), u, weights, h, reach, patches,
            **_units(kernels), WEIGHTED=seen is not None, MORE=power - 2, **shape,
        )  # fmt: skip
    return h, reach.amax(1)


def pulled(
    u: torch.Tensor,
    pull: torch.Tensor,
    power: int,
    linear_from: float,
    seen: torch.Tensor | None,
) -> torch.Tensor | None:
    """`passes.pulled`, in place of u; None with too many patches."""
    seeds, images, patches, kernels = u.shape
    if patches > MOST_PATCHES:
        return None
    weights = u if seen is None else seen.to(u.dtype).contiguous()
    by, shape = pull.to(u.dtype).contiguous(), _shape(patches)
    with torch.cuda.device_of(u):
        _pulled[_grid(seeds * images, kernels, shape)](
            _constants(power, linear_from, u.dtype, u.device), u, weights, by, patches,
            **_units(kernels), WEIGHTED=seen is not None, MORE=power - 2, **shape,
        )  # fmt: skip
    return u


def matched(u: torch.Tensor, match: Any, power: int) -> Pair | None:
    """`passes.matched`, in place of u; None with too many patches."""
    seeds, images, patches, kernels = u.shape
    if patches > MOST_PATCHES:
        return None
    reach, shape = u.new_empty(seeds, images, kernels), _shape(patches)
    given = (match.bend, match.gain, match.own, match.shared)
    with torch.cuda.device_of(u):
        _matched[_grid(seeds * images, kernels, shape)](
            _constants(power, 1.0, u.dtype, u.device), u, *given, reach, images, patches,
            **_units(kernels), MORE=power - 2, **shape,
        )  # fmt: skip
    return u, reach.amax(1)


def activated(u: torch.Tensor, power: int, linear_from: float) -> Pair:
    """`passes.activated` of u of any shape."""
    a, slope = torch.empty_like(u), torch.empty_like(u)
    with torch.cuda.device_of(u):
        _activated[(triton.cdiv(u.numel(), IN_A_ROW),)](
            _constants(power, linear_from, u.dtype, u.device), u, a, slope, u.numel(),
            MORE=power - 2, COLUMNS=IN_A_ROW,
        )  # fmt: skip
    return a, slope


def encoded(
    u: torch.Tensor, rows: Rows, power: int, linear_from: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """`passes.encoded` of u [seeds, rows, kernels], the slope in place of u."""
    seeds, _, kernels = u.shape
    a = torch.empty_like(u)
    h, reach = u.new_empty(seeds, rows.images, kernels), u.new_empty(seeds, rows.images, kernels)
    sizes, shape = _sizes(u, rows)
    with torch.cuda.device_of(u):
        _encoded[_grid(seeds * rows.images, kernels, shape)](
            _constants(power, linear_from, u.dtype, u.device), u, _begins(u, rows), a, h, reach,
            **sizes, MORE=power - 2, **shape,
        )  # fmt: skip
    return a, u, h, reach.amax(1)


def driven(
    signal: torch.Tensor, drive: torch.Tensor, slope: torch.Tensor, rows: Rows
) -> torch.Tensor:
    """`passes.driven`, in place of the signal."""
    seeds, _, kernels = signal.shape
    sizes, shape = _sizes(signal, rows)
    with torch.cuda.device_of(signal):
        _driven[_grid(seeds * rows.images, kernels, shape)](
            signal, _begins(signal, rows), drive.contiguous(), slope.contiguous(), **sizes, **shape
        )
    return signal


def _shape(patches: int) -> dict[str, int]:
    """Patches and kernels of a tile, powers of two."""
    rows = triton.next_power_of_2(patches)
    return {"ROWS": rows, "COLUMNS": max(LEAST_COLUMNS, TILE // rows)}


def _grid(images: int, kernels: int, shape: dict[str, int]) -> tuple[int]:
    """Programs of images of all seeds together."""
    return (images * triton.cdiv(kernels, shape["COLUMNS"]),)


def _units(kernels: int) -> dict[str, int]:
    """A number of kernels with what is known of its divisors."""
    unit = gcd(kernels, FOUR)
    return {"units": kernels // unit, "UNIT": unit}


def _sizes(u: torch.Tensor, rows: Rows) -> tuple[dict[str, int], dict[str, int]]:
    """What a kernel has to know of rows, and its tile: all patches of an image, or usually so."""
    seeds, number, kernels = u.shape
    patches = -(-number // rows.images)
    sizes = {
        "images": seeds * rows.images, "size": seeds * number, "patches": patches,
        "EQUAL": rows.first is None, **_units(kernels),
    }  # fmt: skip
    return sizes, _shape(min(max(patches, 1), MOST_ROWS))


def _begins(u: torch.Tensor, rows: Rows) -> torch.Tensor:
    """Rows at which images begin; what stands in for them where it is not read."""
    return u if rows.first is None else rows.begins.contiguous()


@cache
def _constants(
    power: int, linear_from: float, dtype: torch.dtype, device: torch.device
) -> torch.Tensor:
    """varrho, 1/varrho and 1 - 1/q, kept: they are copied from the host, which no graph can."""
    return torch.tensor([linear_from, 1 / linear_from, 1 - 1 / power], dtype=dtype, device=device)
