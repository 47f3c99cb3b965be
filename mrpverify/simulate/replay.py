"""A gradient of a small run on a GPU, replayed as a CUDA graph: one launch where it has fifty.

On a GPU a small gradient takes as long as its launches. Recorded once for every shape of its
arguments, it is launched as a whole. What is recorded is what ran: a decision on numbers
(`decided`) cannot be taken inside and stands open, so that nothing is left out.

MRPVERIFY_GRAPHS=0 turns it off. A function that cannot be recorded is called as ever, and says so.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass

import torch

GRAPHS = "MRPVERIFY_GRAPHS"
"""Variable of the environment: 0 for no graphs."""
ACTIVATIONS = 2**25
"""Of all seeds together, up to which a gradient is replayed: above, arithmetic takes longer than
launches (24 seeds of `quick` have 11 million)."""
WARM_UP = 2
"""Calls before a recording, in which libraries take what memory they need."""
_LOG = logging.getLogger(__name__)

Function = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def replayable(patches: torch.Tensor, kernels: int) -> bool:
    """Whether the gradient of so many kernels on patches [seeds, images, patches, d] is small.

    On a GPU alone, and unless MRPVERIFY_GRAPHS=0.
    """
    if not patches.is_cuda or os.environ.get(GRAPHS) == "0":
        return False
    seeds, images, count, _ = patches.shape
    return seeds * images * count * kernels <= ACTIVATIONS


def decided(condition: torch.Tensor) -> bool:
    """Whether a condition holds; True while a graph is recorded, where nobody may ask."""
    if condition.is_cuda and torch.cuda.is_current_stream_capturing():
        return True
    return bool(condition)


@dataclass(frozen=True)
class _Recording:
    """One graph with the tensors that it reads and writes."""

    graph: torch.cuda.CUDAGraph
    arguments: tuple[torch.Tensor, torch.Tensor]
    answer: torch.Tensor

    def __call__(self, *arguments: torch.Tensor) -> torch.Tensor:
        for mine, given in zip(self.arguments, arguments, strict=True):
            mine.copy_(given)
        self.graph.replay()
        return self.answer.clone()


class Replayed:
    """A function of two tensors whose answer depends on them alone."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._recordings: dict[tuple[torch.Size, torch.Size], _Recording | None] = {}

    def __call__(self, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        """The function's answer, by the recording for these shapes."""
        shapes = first.shape, second.shape
        if shapes not in self._recordings:
            self._recordings[shapes] = self._recorded(first, second)
        replay = self._recordings[shapes]
        return self._function(first, second) if replay is None else replay(first, second)

    def _recorded(self, first: torch.Tensor, second: torch.Tensor) -> _Recording | None:
        """The recording, None where there can be none."""
        arguments = first.clone(), second.clone()
        beside = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(WARM_UP):
                self._function(*arguments)
        torch.cuda.current_stream().wait_stream(beside)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                answer = self._function(*arguments)
        except RuntimeError as error:
            _LOG.warning("a gradient is not replayed: %s", str(error).splitlines()[0])
            return None
        return _Recording(graph, arguments, answer)
