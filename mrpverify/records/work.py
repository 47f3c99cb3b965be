"""How long runs take, before they have run: the longest are started first, and the time is told.

With two processes and jobs of seconds, one long run that starts last keeps one of them waiting.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache

import torch

from ..simulate.encoder import back_project, project
from ..simulate.execution import LIVE
from ..simulate.threads import one_thread
from ..theory import cost
from .labelled import Request

SAMPLES = 5
"""Of which the fastest counts: others may be at work beside."""


def activations(request: Request) -> int:
    """Of one seed, images x patches x kernels (patches after a typical raise)."""
    p = request.parameters
    shown = p.patches_per_feature * (p.views + 3 * max(1.0, p.off_class))
    return p.images * max(p.patches, int(shown)) * max(p.kernels, p.dimension)


def memory(request: Request) -> float:
    """Bytes that a gradient of one seed may take, with the patches that its images will have."""
    needed = cost.gradient(request.parameters)
    return LIVE * max(needed.activations, needed.images)


def work(request: Request) -> float:
    """What a run computes on paper, in operations of its products; to be compared, or timed."""
    return cost.operations(request.parameters)


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
