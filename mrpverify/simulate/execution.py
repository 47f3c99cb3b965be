"""How a gradient is computed, which changes a run by rounding alone: blocks, processes, compiled.

Losses that are means over images have a gradient that is a mean over images, so that it may be put
together from parts of them: from blocks whose activations fit a budget of memory, one after the
other, and from the shares of several processes (`processes`), which then all have the whole of it.
What an objective needs of all images beforehand (`Objective.means`) is put together likewise.

Nothing of this belongs to a regime or to the address of a run. It holds for a context, and for
processes that are started in it by the environment: MRPVERIFY_MEMORY (GiB), MRPVERIFY_COMPILE=1.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from functools import cache, partial
from math import inf
from typing import Any

import torch

from .images import Images
from .objective import Direction, Objective, State
from .processes import ALONE, Group

MEMORY, COMPILE = "MRPVERIFY_MEMORY", "MRPVERIFY_COMPILE"
"""Variables of the environment: GiB that activations may take, and whether to compile."""
GIB = 2**30
LIVE = 8
"""Tensors of the size of the activations that live at once; 7.2 were measured on a GPU."""
_LOG = logging.getLogger(__name__)

Compute = Callable[[Images], Any]
"""Something of a part of the images."""


class MemoryBudgetError(ValueError):
    """A budget that is no number of GiB above 0."""


@dataclass(eq=False)
class Execution:
    """How the gradients of a context are computed."""

    budget: float = inf
    """Bytes that the activations of a block may take."""
    group: Group = ALONE
    compiled: bool = False
    """Whether torch.compile makes one pass of the elementwise ones between the products."""
    smaller: float = field(default=1.0, init=False)
    """What running out of memory has left of the size of a block."""

    @property
    def plain(self) -> bool:
        """Whether all images are seen at once, in this process, as written."""
        return self.budget == inf and self.group is ALONE and not self.compiled

    def block(self, images: Images, kernels: int) -> int:
        """Images of a block, at least 1."""
        seeds, number, patches, dimension = images.patches.shape
        one = LIVE * seeds * patches * max(kernels, dimension) * images.patches.element_size()
        fitting = number if self.budget == inf else min(number, self.budget / one)
        return max(1, int(fitting * self.smaller))

    def over(
        self, images: Images, kernels: int, compute: Compute, everywhere: bool = False
    ) -> list[tuple[float, Any]]:
        """(share of all images, what was computed of them) of every block of this process.

        Of all images where it is to be known `everywhere`. Out of memory, blocks are halved from
        then on; what one image alone raises is raised.
        """
        group = ALONE if everywhere else self.group
        begin, end = group.share(images.patches.shape[1])
        found: list[tuple[float, Any]] = []
        while begin < end:
            block = self.block(images, kernels)
            here = min(begin + block, end)
            try:
                part = compute(images.part(begin, here))
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error) or here - begin == 1:
                    raise
                self.smaller /= 2
                _LOG.warning("out of memory with %d images at once: half as many now", here - begin)
                continue
            found.append(((here - begin) / images.patches.shape[1], part))
            begin = here
        return found


def out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, of a GPU or of this machine."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return "allocate memory" in str(error) or "not enough memory" in str(error)


def budget_of(text: str | None, given_as: str = f"{MEMORY}=") -> float:
    """Bytes of a budget given in GiB, no bound where none is given; raises MemoryBudgetError."""
    if not text:
        return inf
    try:
        gib = float(text)
    except ValueError:
        gib = 0.0
    if not 0 < gib < inf:
        raise MemoryBudgetError(
            f"{given_as}{text}: give the GiB that activations may take, a number above 0."
        )
    return gib * GIB


_CURRENT: ContextVar[Execution | None] = ContextVar("execution", default=None)


def current() -> Execution:
    """The execution of this context, else that of the environment.

    Raises MemoryBudgetError for a budget that is none.
    """
    return _CURRENT.get() or _of_environment(os.environ.get(MEMORY), os.environ.get(COMPILE))


@cache
def _of_environment(memory: str | None, compiled: str | None) -> Execution:
    """One for every setting, so that what it has learned of memory stays."""
    return Execution(budget_of(memory), compiled=compiled == "1")


def alone() -> bool:
    """Whether this process computes all images at once, compiled or not."""
    how = current()
    return how.budget == inf and how.group is ALONE


@contextmanager
def executing(execution: Execution) -> Iterator[None]:
    """Gradients of the block are computed so."""
    before = _CURRENT.set(execution)
    try:
        yield
    finally:
        _CURRENT.reset(before)


def executed(objective: Objective) -> Objective:
    """The objective as the current execution computes it; the same where that is the plain one.

    Raises ValueError for one whose gradient is not a mean over images.
    """
    how = current()
    if how.plain:
        return objective
    if not objective.over_images:
        raise ValueError(
            f"{objective.name}: its gradient is no mean over images, so that it cannot be computed "
            f"in blocks, by several processes or compiled; unset {MEMORY} and {COMPILE}, and train "
            "in one process."
        )
    step = _compiled(objective.direction) if how.compiled else objective.direction
    return replace(
        objective,
        direction=partial(_direction, objective, how, step),
        loss=partial(_loss, objective, how),
        logits=None if objective.logits is None else partial(_logits, objective, how),
        inner=None,
        course=None,
        known=None,
    )


@cache
def _compiled(direction: Direction) -> Direction:
    """The direction with its elementwise passes fused; once for every function."""
    made: Direction = torch.compile(direction)
    return made


def _kernels(state: State) -> int:
    """Kernels of a state, of which the flow takes a part at times."""
    return state["weights"].shape[1]


def _with_means(
    objective: Objective, how: Execution, parameters: Any, state: State, images: Images
) -> State:
    """A copy of the state with what the objective needs of all images."""
    if objective.means is None:
        return dict(state)
    means, found = objective.means, dict(state)
    parts = how.over(images, _kernels(state), lambda some: means(parameters, state, some))
    return found | {name: how.group.sum(_sum(parts, name)) for name in parts[0][1]}


def _sum(parts: list[tuple[float, Any]], name: str) -> torch.Tensor:
    """Mean over the images of one tensor of every part."""
    total: torch.Tensor = sum(share * part[name] for share, part in parts)
    return total


def _direction(
    objective: Objective,
    how: Execution,
    step: Direction,
    parameters: Any,
    state: State,
    images: Images,
    largest: torch.Tensor,
) -> tuple[State, torch.Tensor]:
    """The direction from its parts."""
    known = _with_means(objective, how, parameters, state, images)

    def of(some: Images) -> dict[str, torch.Tensor]:
        found, reach = step(parameters, dict(known), some, largest)
        return {**found, _REACH: reach}

    parts = how.over(images, _kernels(state), of)
    names = [name for name in parts[0][1] if name != _REACH]
    reach = torch.stack([part[_REACH] for _, part in parts]).amax(0)
    return {name: how.group.sum(_sum(parts, name)) for name in names}, how.group.largest(reach)


_REACH = "largest pre-activation"


def _loss(
    objective: Objective,
    how: Execution,
    parameters: Any,
    state: State,
    images: Images,
    largest: torch.Tensor,
) -> torch.Tensor:
    """The loss from its parts [seeds]."""
    known = _with_means(objective, how, parameters, state, images)

    def of(some: Images) -> dict[str, torch.Tensor]:
        return {"loss": objective.loss(parameters, dict(known), some, largest)}

    return how.group.sum(_sum(how.over(images, _kernels(state), of), "loss"))


def _logits(
    objective: Objective, how: Execution, parameters: Any, state: State, patches: torch.Tensor
) -> torch.Tensor:
    """F of all images, in every process, in blocks [seeds, images, classes]."""
    of = objective.logits
    if of is None:
        raise ValueError(f"{objective.name} has no classifier")
    images = Images.of_patches(patches)
    parts = how.over(
        images, _kernels(state), lambda some: of(parameters, state, some.patches), everywhere=True
    )
    return torch.cat([part for _, part in parts], 1)
