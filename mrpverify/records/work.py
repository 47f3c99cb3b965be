"""How long runs take, before they have run: the longest are started first, and the time is told.

Beside it what they take of memory: one that cannot be held is refused before any run.

With two processes and jobs of seconds, one long run that starts last keeps one of them waiting.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

import torch

from ..simulate import batches
from ..simulate.encoder import back_project, project
from ..simulate.execution import GIB, LIVE
from ..simulate.threads import one_thread
from ..theory import cost
from .cores import memory_here
from .labelled import Request

SAMPLES = 5
"""Of which the fastest counts: others may be at work beside."""


def activations(request: Request) -> int:
    """Of one seed, images x patches x kernels (patches after a typical raise)."""
    return batches.activations(request.parameters)


def memory(request: Request) -> float:
    """Bytes that a gradient of one seed may take, with the patches that its images will have."""
    needed = cost.gradient(request.parameters)
    return LIVE * max(needed.activations, needed.images)


class TooLargeError(ValueError):
    """A run that the memory here does not hold."""


def check_fits(requests: Sequence[Request]) -> None:
    """Raise TooLargeError where patches and kernels of one run take more memory than there is.

    They are drawn whole, and a system that is asked for all of its memory kills without a word.
    """
    there = memory_here()
    for p in dict.fromkeys(request.parameters for request in requests):
        kernels = p.kernels * p.dimension * cost.BYTES[p.precision]
        needed = cost.gradient(p).images + kernels
        if needed > there:
            raise TooLargeError(
                f"N={p.images}, P={cost.patches(p)}, km={p.kernels}, d={p.dimension}: patches and "
                f"kernels of one run take {needed / GIB:.3g} GiB, and {there / GIB:.3g} GiB are "
                f"here; lower one of them."
            )


def work(request: Request, seeds: int = 1) -> float:
    """What a run computes on paper, in operations of its products; to be compared, or timed.

    So many seeds of it are trained together.
    """
    return cost.operations(request.parameters, seeds)


@cache
@one_thread()
def operations_a_second() -> float:
    """Of a gradient's two products on one core of this machine; measured once a process."""
    images, patches, dimension, kernels = cost.SAMPLE
    x, w = torch.ones(1, images, patches, dimension), torch.ones(1, kernels, dimension)
    taken = []
    for _ in range(SAMPLES):
        begin = time.perf_counter()
        back_project(project(w, x), x)
        taken.append(time.perf_counter() - begin)
    return cost.REFERENCE / min(taken)


class TimeLeft:
    """Seconds left of some runs: foretold before the first one is finished, then by what was done.

    What was done counts by its work, not by its number: runs differ a hundredfold.
    """

    def __init__(self, requests: Sequence[Request], device: str, workers: int) -> None:
        """Nothing is foretold of a GPU, whose speed no short look tells."""
        self._of = {request: work(request) for request in requests}
        self._left = self._all = sum(self._of.values())
        self._at_once = max(1, min(workers, len(self._of)))
        self._foretells = device == "cpu"
        self._begin = time.monotonic()

    def finished(self, request: Request) -> None:
        """One more is done."""
        self._left -= self._of.pop(request, 0.0)

    @property
    def seconds(self) -> float | None:
        """As far as can be said now; None where nothing can."""
        done = self._all - self._left
        if done > 0:
            return (time.monotonic() - self._begin) * self._left / done
        if not self._foretells or not self._all:
            return None
        return self._left / operations_a_second() / self._at_once
