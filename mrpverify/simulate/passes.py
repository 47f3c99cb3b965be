"""What lies between the products of a gradient, each in one pass over the activations (section 2).

The products are a library's; what is left is elementwise, and where every operation is a pass of
its own it costs as much as they do. `compiled` does it in one on a CPU, and `fused` on a GPU. In
numbers other than float32 and float64, and where torch must see what is computed (autograd, its
compiler), the same is written with torch; all agree to rounding (`tests/simulate/test_passes.py`,
`test_fused.py`), so that MRPVERIFY_NUMBA=0 and MRPVERIFY_TRITON=0, which leave it to torch, belong
to no regime and to no address.

Pre-activations u_{r,p} = <w_r, x_p> are [seeds, images, patches, kernels].
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from typing import Any

import torch

from ..parts.mask_law import MaskLaw
from .classifier import blocks, pull
from .encoder import smoothed_relu
from .objective import Walk
from .rows import Rows

NUMBA = "MRPVERIFY_NUMBA"
"""Variable of the environment: 0 for passes of torch alone."""
TRITON = "MRPVERIFY_TRITON"
"""The same, of passes on a GPU."""
ALLOWED = os.environ.get(NUMBA) != "0"
FUSED = os.environ.get(TRITON) != "0"
INTERPRETED = False
"""Whether Triton's passes take what lies in a CPU's memory, too: for tests of them."""
COMPILED = (torch.float32, torch.float64)
COMPILATIONS = 8
"""Functions that a pass consists of at most, each of which is kept when it is compiled."""
FIRST = 0
"""Stands for numbers of rows, kernels or stages, among numbers of axes; a tuple for float64."""
_LOG = logging.getLogger(__name__)


@contextmanager
def without(numba: bool = False, triton: bool = False) -> Iterator[None]:
    """In the block passes of these compilers are left to whoever is next: numba, then torch."""
    global ALLOWED, FUSED
    before = ALLOWED, FUSED
    ALLOWED, FUSED = ALLOWED and not numba, FUSED and not triton
    try:
        yield
    finally:
        ALLOWED, FUSED = before


def outputs(
    u: torch.Tensor, power: int, linear_from: float, seen: torch.Tensor | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """h_r = sum_p sReLU(u) [seeds, images, kernels]; largest u of a kernel [seeds, kernels].

    Patches count as much as they are `seen` [seeds, images, patches], all alike where it is None.
    """
    done = fused("outputs", u, power, linear_from, seen)
    if done is not None:
        h, reach = done
        return h, reach
    run = compiled("outputs", u, power)
    if run is None:
        a, _ = smoothed_relu(u, power, linear_from)
        return (a if seen is None else a.mul_(seen.unsqueeze(3))).sum(2), largest(u)
    seeds, images, _, kernels = u.shape
    h, reach = u.new_empty(seeds, images, kernels), u.new_empty(seeds, kernels)
    run(_constants(power, linear_from, u.dtype), *_plain(u, _weights(u, seen), h, reach))
    return h, reach


def pulled(
    u: torch.Tensor,
    pull: torch.Tensor,
    power: int,
    linear_from: float,
    seen: torch.Tensor | None = None,
) -> torch.Tensor:
    """a'_{r,p} times what pulls at h_r [seeds, images, kernels]; `u` may be overwritten by it.

    `seen` as in `outputs`.
    """
    done: torch.Tensor | None = fused("pulled", u, pull, power, linear_from, seen)
    if done is not None:
        return done
    run = compiled("pulled", u, power)
    if run is None:
        _, slope = smoothed_relu(u, power, linear_from)
        return (slope if seen is None else slope.mul_(seen.unsqueeze(3))).mul_(pull.unsqueeze(2))
    run(_constants(power, linear_from, u.dtype), *_plain(u, _weights(u, seen), pull))
    return u


def by_class(
    u: torch.Tensor,
    by: Callable[[torch.Tensor], torch.Tensor],
    classes: int,
    power: int,
    linear_from: float,
    seen: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """a'_{r,p} times what pulls at the class of r; largest u of a kernel [seeds, kernels].

    `by` gives what pulls at every class from h summed over its kernels, both [seeds, images,
    classes]. `u` may be overwritten, and `seen` is as in `outputs`.
    """
    h, reach = outputs(u, power, linear_from, seen)
    per_kernel = by(blocks(h, classes)).repeat_interleave(u.shape[3] // classes, 2)
    return pulled(u, per_kernel, power, linear_from, seen), reach


def labelled(
    u: torch.Tensor,
    labels: torch.Tensor,
    classes: int,
    power: int,
    linear_from: float,
    seen: torch.Tensor | None = None,
) -> tuple[torch.Tensor, torch.Tensor]:
    """a'_{r,p} times 1[y = i] - p_i, i the class of r; largest u of a kernel [seeds, kernels].

    p is the softmax of h summed over the kernels of each class. `u` may be overwritten; labels are
    [seeds, images], and `seen` as in `outputs`.
    """
    run = None if _fusible(u) else compiled("labelled", u, power)
    if run is None:
        by_labels = partial(pull, labels=labels)
        return by_class(u, by_labels, classes, power, linear_from, seen)
    seeds, images, _, kernels = u.shape
    per_class, reach = u.new_empty(seeds, images, classes), u.new_empty(seeds, kernels)
    given = (u, _weights(u, seen), labels.flatten(), per_class, reach)
    run(_constants(power, linear_from, u.dtype), *_plain(*given))
    return u, reach


def encoded(
    u: torch.Tensor, rows: Rows, power: int, linear_from: float
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """a and a' of rows [seeds, rows, kernels]; h [seeds, images, kernels]; largest u of a kernel.

    That is [seeds, kernels]. `u` may be overwritten, by a', so that no third of its size is held.
    """
    done: tuple[torch.Tensor, ...] | None = fused("encoded", u, rows, power, linear_from)
    if done is not None:
        a, slope, h, reach = done
        return a, slope, h, reach
    run = compiled("encoded", u, power)
    if run is None:
        a, slope = smoothed_relu(u, power, linear_from)
        return a, slope, rows.summed(a), u.amax(1)
    kernels = u.shape[2]
    a = torch.empty_like(u)
    h, reach = u.new_empty(len(u), rows.images, kernels), u.new_empty(len(u), kernels)
    flat = (u.flatten(0, 1), rows.begins, a.flatten(0, 1), h.flatten(0, 1))
    run(_constants(power, linear_from, u.dtype), *_plain(*flat, reach))
    return a, u, h, reach


def driven(
    signal: torch.Tensor, drive: torch.Tensor, slope: torch.Tensor, rows: Rows, power: int
) -> torch.Tensor:
    """(signal of a row + drive of its image) a', all [seeds, rows or images, kernels].

    `signal` may be overwritten by it.
    """
    done: torch.Tensor | None = fused("driven", signal, drive, slope, rows)
    if done is not None:
        return done
    run = compiled("driven", signal, power)
    if run is None:
        return rows.added(signal, drive).mul_(slope)
    flat = (signal.flatten(0, 1), rows.begins, drive.flatten(0, 1), slope.flatten(0, 1))
    run(_constants(power, 1.0, signal.dtype), *_plain(*flat))
    return signal


def activated(u: torch.Tensor, power: int, linear_from: float) -> tuple[torch.Tensor, torch.Tensor]:
    """sReLU(u) and its derivative, both of the shape of `u`, which may be any."""
    done: tuple[torch.Tensor, torch.Tensor] | None = fused("activated", u, power, linear_from)
    if done is not None:
        return done
    run = compiled("activated", u, power)
    if run is None:
        return smoothed_relu(u, power, linear_from)
    a, slope = torch.empty_like(u), torch.empty_like(u)
    flat = (one.view(-1) for one in (u, a, slope))
    run(_constants(power, linear_from, u.dtype), *_plain(*flat))
    return a, slope


def matched(u: torch.Tensor, match: Match, power: int) -> tuple[torch.Tensor, torch.Tensor] | None:
    """[hhat - h + shared h - own a] a' for varrho = 1, largest u; None where it is not compiled.

    `u` is overwritten.
    """
    done: tuple[torch.Tensor, torch.Tensor] | None = fused("matched", u, match, power)
    if done is not None:
        return done
    run = compiled("matched", u, power)
    if run is None:
        return None
    reach = torch.empty_like(match.gain)
    given = (u, match.bend, match.gain, match.own, match.shared, reach)
    run(_constants(power, 1.0, u.dtype), *_plain(*given))
    return u, reach


def steps(
    law: torch.Tensor,
    rows: Rows,
    tables: torch.Tensor,
    control: Sequence[float],
    y: torch.Tensor,
    f: torch.Tensor,
    most: int,
    power: int,
    linear_from: float,
) -> Walk | None:
    """At most so many steps of a masked autoencoder; None: not compiled.

    y and its flow f are one seed's [1, kernels, width], kernels and decoder side by side; `tables`
    [stages, stages, 5], `law` and `control` as in `compiled.steps`.
    """
    run = compiled("steps", rows.patches, power)
    if run is None:
        return None
    ends, flows = (y.new_empty(most, *y.shape[1:]) for _ in range(2))
    lengths, told = (torch.zeros(n, dtype=torch.float64) for n in (most, 2))
    stages = torch.zeros(most, dtype=torch.int64)
    asked = torch.tensor(control, dtype=torch.float64)
    given = (law, rows.patches[0], rows.totals[0], rows.begins, tables, asked, y[0], f[0])
    into = (ends, flows, lengths, stages, told)
    run(_constants(power, linear_from, y.dtype), *_plain(*given, *into))
    n = int((stages > 0).sum())
    step, error = told.tolist()
    return Walk(ends[:n], flows[:n], lengths[:n], stages[:n], step, error)


def taught(
    law: torch.Tensor,
    x: torch.Tensor,
    features: torch.Tensor,
    counts: list[int],
    table: torch.Tensor,
    y: torch.Tensor,
    f: torch.Tensor,
    power: int,
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """What a step of one seed's kernels with clocks of their own leads to, and their flow there.

    y and its flow f are [1, kernels, dimension], x is [images, patches, dimension]; the rest as in
    `compiled.taught`. None: not compiled.
    """
    run = compiled("taught", x, power)
    if run is None:
        return None
    z, flow = torch.empty_like(y), torch.empty_like(y)
    given = (law, x, features, torch.tensor(counts, dtype=torch.int64), table)
    run(_constants(power, 1.0, y.dtype), *_plain(*given, y[0], f[0], z[0], flow[0]))
    return z, flow


@dataclass(frozen=True)
class Match:
    """What kernels are to match: hhat = sum_p sReLU(tau u), and the penalty of the masks.

    sReLU(tau u) = tau^q f(u) with f the same function, bent at 1/tau instead of 1.
    """

    bend: torch.Tensor
    """1/tau [seeds, kernels]."""
    gain: torch.Tensor
    """tau^q [seeds, kernels]."""
    own: torch.Tensor
    """[seeds]; `parts.mask_law`."""
    shared: torch.Tensor
    """[seeds]."""

    @classmethod
    def of(cls, tau: torch.Tensor, masks: MaskLaw, power: int) -> Match:
        """Of kernels with gains tau [seeds, kernels]."""
        own, shared = _of_seeds(masks.own, tau), _of_seeds(masks.shared, tau)
        return cls(tau.reciprocal().contiguous(), (tau**power).contiguous(), own, shared)


def _of_seeds(weight: Any, tau: torch.Tensor) -> torch.Tensor:
    """A number for every seed, or a tensor that has the seeds first, as [seeds]."""
    if isinstance(weight, torch.Tensor):
        return weight.to(tau.dtype).flatten().contiguous()
    return tau.new_full((len(tau),), weight)


def largest(u: torch.Tensor) -> torch.Tensor:
    """Largest pre-activation of every kernel [seeds, kernels]."""
    return u.amax(1).amax(1)  # over both at once torch takes up to twenty times as long


def _plain(*tensors: torch.Tensor) -> list[Any]:
    """As numpy sees them, without a copy where their numbers lie side by side."""
    return [tensor.contiguous().numpy() for tensor in tensors]


def _weights(u: torch.Tensor, seen: torch.Tensor | None) -> torch.Tensor:
    """Weights of patches [seeds, images, patches]."""
    return u.new_ones(u.shape[:3]) if seen is None else seen


def possible(name: str, like: torch.Tensor, power: int) -> bool:
    """Whether a pass over numbers of the kind and place of a tensor may not be torch's."""
    return _fusible(like) or compiled(name, like, power) is not None


def fused(name: str, u: torch.Tensor, *arguments: Any) -> Any:
    """What a pass of Triton answers; None, and said once, where there is none for such numbers."""
    if not _fusible(u):
        return None
    try:
        from . import fused as source
        from .trial import tried

        if not (source.POSSIBLE or INTERPRETED):
            return None
        tried(name, u.dtype, u.device)
        return getattr(source, name)(u, *arguments)
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # before anything is overwritten: a kernel that did not start
        _FAILED.append(error)
        _LOG.warning("Triton is not used here, so that gradients take longer: %s", error)
        return None


_FAILED: list[Exception] = []
"""What Triton raised, once it did: it is not asked again."""


def _fusible(u: torch.Tensor) -> bool:
    """Whether Triton may be asked: for plain numbers in a GPU's memory, side by side."""
    if not (u.is_cuda or INTERPRETED):  # first, for every pass on a CPU asks
        return False
    if torch.compiler.is_compiling() or not FUSED or _FAILED:
        return False
    plain = u.dtype in COMPILED and u.is_contiguous() and u.numel() > 0
    return plain and not u.requires_grad


def compiled(name: str, u: torch.Tensor, power: int) -> Callable[..., None] | None:
    """A pass, where it can be compiled: for plain numbers in a CPU's memory, side by side."""
    if torch.compiler.is_compiling() or not ALLOWED or not u.is_cpu or u.requires_grad:
        return None
    if u.dtype not in COMPILED or not u.is_contiguous():
        return None
    return _compiled(name, power, u.dtype)


@lru_cache
def _constants(power: int, linear_from: float, dtype: torch.dtype) -> Any:
    """varrho, 1/varrho and 1 - 1/q in an array."""
    return torch.tensor([linear_from, 1 / linear_from, 1 - 1 / power], dtype=dtype).numpy()


@cache
def _compiled(name: str, power: int, dtype: torch.dtype) -> Callable[..., None] | None:
    """A pass that was tried; None, and said, where that fails."""
    try:
        from . import compiled as source

        if not source.POSSIBLE:
            return None
        found: Callable[..., None] = getattr(source, name)(power)
        arguments = _constants(power, 1.0, dtype), *_ones(name, dtype)
        for _ in range(COMPILATIONS):
            with suppress(OSError):  # it is compiled, but cannot be kept on this disk
                found(*arguments)
        found(*arguments)
    except Exception as error:  # whatever a compiler may raise: torch knows the way, too
        _LOG.warning("numba cannot compile here, so that gradients take longer: %s", error)
        return None
    return found


def _ones(name: str, dtype: torch.dtype) -> list[Any]:
    """Arguments of a pass with one activation, after the constants."""
    axes: tuple[int | tuple[int], ...] = {
        "outputs": (4, 3, 3, 2),
        "pulled": (4, 3, 3),
        "labelled": (4, 3, FIRST, 3, 2),
        "activated": (1, 1, 1),
        "encoded": (2, FIRST, 2, 2, 2),
        "driven": (2, FIRST, 2, 2),
        "matched": (4, 2, 2, 1, 1, 2),
        "steps": (1, 2, 2, FIRST, (3,), (1,), 2, 2, 3, 3, (1,), FIRST, (1,)),
        "taught": (1, 3, 2, FIRST, 3, 2, 2, 2, 2),
    }[name]
    first = torch.zeros(1, dtype=torch.int64)
    size = 16 if name in ("steps", "taught") else 1

    def ones(n: int | tuple[int]) -> torch.Tensor:
        if n == FIRST:
            return first
        if isinstance(n, tuple):
            return torch.ones([size] * n[0], dtype=torch.float64)
        return torch.ones([size] * n, dtype=dtype)

    return _plain(*map(ones, axes))
