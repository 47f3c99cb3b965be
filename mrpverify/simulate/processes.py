"""Several processes that train one run, each on its share of the images (torch.distributed).

Every process has the whole run: it draws the same data, takes the same steps and ends with the same
numbers, for what it adds up over all of them is the same in each. Processes must run the same code
on equal machines; `torchrun` starts them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist

BACKENDS = {"cpu": "gloo", "cuda": "nccl"}
"""Device -> what the processes talk through."""


@dataclass(frozen=True)
class Group:
    """The processes of a run, and which of them this one is."""

    rank: int = 0
    world: int = 1

    def share(self, number: int) -> tuple[int, int]:
        """Begin and end of this process's images, of `number`; the shares differ by one at most.

        Raises ValueError where there are fewer images than processes.
        """
        if number < self.world:
            raise ValueError(f"{self.world} processes for {number} images: take fewer, or raise N.")
        return self.rank * number // self.world, (self.rank + 1) * number // self.world

    def sum(self, part: torch.Tensor) -> torch.Tensor:
        """Sum of a tensor over the processes, in each of them."""
        return self._reduced(part, dist.ReduceOp.SUM)

    def largest(self, part: torch.Tensor) -> torch.Tensor:
        """Largest value over the processes, elementwise."""
        return self._reduced(part, dist.ReduceOp.MAX)

    def _reduced(self, part: torch.Tensor, how: dist.ReduceOp.RedOpType) -> torch.Tensor:
        """One tensor of all processes."""
        if self.world == 1:
            return part
        whole = part.contiguous().clone()
        dist.all_reduce(whole, how)
        return whole


ALONE = Group()


@contextmanager
def started_by_torchrun(device: str) -> Iterator[Group]:
    """The group that `torchrun` has started, left again at the end; one alone without it.

    Raises ValueError for an unknown device, and where a launcher left out what it has to say.
    """
    if device not in BACKENDS:
        raise ValueError(f"device must be one of {', '.join(BACKENDS)}, got {device!r}")
    if "WORLD_SIZE" not in os.environ:
        yield ALONE
        return
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK"):
        if not os.environ.get(name, "").isdecimal():
            raise ValueError(f"{name}={os.environ.get(name)!r}: start processes with torchrun.")
    if device == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group(BACKENDS[device])
    try:
        yield Group(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
