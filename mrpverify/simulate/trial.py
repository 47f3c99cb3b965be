"""A pass of `fused` on a small example, held against what a CPU says of it, before it is believed.

A compiler for a GPU that nobody has tried yet may compile, and compute something else.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch

from . import passes
from .rows import Rows, every_patch, some_patches

ROUNDING = {torch.float32: 1e-5, torch.float64: 1e-13}
"""Of the largest number there is: ten times what the tests hold passes to."""
SHAPE = (2, 3, 5, 20)
"""Seeds, images, patches, kernels: tiles that are not full, and several of them."""
VARRHO, POWER = 0.7, 3


class DisagreementError(RuntimeError):
    """A pass says something else than a CPU does."""


@cache
def tried(name: str, dtype: torch.dtype, device: torch.device) -> None:
    """Raise DisagreementError where a pass on a device is more than rounding off the CPU's.

    Once for every kind of numbers and device; raises what the compiler raises.
    """
    from . import fused

    for given in _examples(name, dtype):
        with passes.without(triton=True):
            here = getattr(passes, name)(*_copies(given, "cpu"))
        if here is None:  # the CPU has none of its own
            continue
        # A pass that does not depend on q does not ask for it.
        asked = given[:-1] if name == "driven" else given
        there = getattr(fused, name)(*_copies(asked, device))
        pairs = [(there, here)] if isinstance(here, torch.Tensor) else zip(there, here, strict=True)
        for mine, expected in pairs:
            apart = float((mine.cpu() - expected).abs().max())
            if not apart <= ROUNDING[dtype] * float(expected.abs().max()):
                raise DisagreementError(f"{name} on {device} is {apart:.1e} off what a CPU says")


def _examples(name: str, dtype: torch.dtype) -> list[tuple[Any, ...]]:
    """Arguments of the pass, as `passes` takes them, with numbers on both sides of the bends."""
    seeds, images, count, kernels = SHAPE
    u, pull, x = _drawn(SHAPE, dtype), _drawn((seeds, images, kernels), dtype), _drawn(SHAPE, dtype)
    seen = _drawn(SHAPE[:3], dtype)
    flat, slope = u.flatten(1, 2), _drawn((seeds, images * count, kernels), dtype)
    every, some = every_patch(x), some_patches(x, seen > 0)
    few = some.patches.shape[1]
    rows = ((flat, slope, every), (flat[:, :few].contiguous(), slope[:, :few].contiguous(), some))
    gain = _drawn((seeds, kernels), dtype).abs() + 0.5
    match = passes.Match(gain, gain + 1, _drawn((seeds,), dtype), _drawn((seeds,), dtype))
    found: dict[str, list[tuple[Any, ...]]] = {
        "outputs": [(u, POWER, VARRHO, weights) for weights in (None, seen)],
        "pulled": [(u, pull, POWER, VARRHO, weights) for weights in (None, seen)],
        "activated": [(u, POWER, VARRHO)],
        "encoded": [(values, own, POWER, VARRHO) for values, _, own in rows],
        "driven": [(values, pull, its, own, POWER) for values, its, own in rows],
        "matched": [(u, match, POWER)],
    }
    return found[name]


def _drawn(shape: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
    """Normal numbers, the same ones for a shape."""
    stream = torch.Generator().manual_seed(len(shape))
    return torch.randn(shape, generator=stream, dtype=torch.float64).to(dtype)


def _copies(given: tuple[Any, ...], device: str | torch.device) -> list[Any]:
    """The arguments on a device, all of their own: a pass may overwrite them."""
    return [_copy(one, device) for one in given]


def _copy(one: Any, device: str | torch.device) -> Any:
    """A tensor, or what holds tensors, on a device."""
    if isinstance(one, torch.Tensor):
        return one.clone().to(device)
    if isinstance(one, Rows):
        return Rows(
            *(_copy(own, device) for own in (one.patches, one.totals, one.image, one.first))
        )
    if isinstance(one, passes.Match):
        return passes.Match(*(_copy(own, device) for own in vars(one).values()))
    return one
