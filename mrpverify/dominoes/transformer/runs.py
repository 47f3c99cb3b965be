"""Getting comparisons: from the store where they are, by training them where they are not.

On a GPU the seeds are trained together, on a CPU each by itself, in as many processes of one
thread as the machine is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...parameters import Parameters
from ...records.collect import Machine
from ...records.provenance import Addressed, provenance, versions
from ...records.source import source_digest
from ...records.store import Store
from ...records.workers import InThisProcess, Processes, Workers, carried_out
from ...simulate.threads import one_thread
from .arms import ARMS, MULTI, SINGLE, TRAINING, Found, compared
from .size import SIZES

TOGETHER = 16
"""Seeds that a GPU trains at once: what an interruption can lose."""
PARTS = 1000
"""Of a comparison, in which progress is counted."""

Progress = Callable[[int, int], None]
"""Hears (parts done, parts in all)."""


@dataclass(frozen=True, kw_only=True)
class Comparison(Addressed):
    """All arms of one seed."""

    parameters: Parameters
    """The law, with `encoding=pixels`."""
    size: str
    """small or full."""
    salt: str
    seed: int
    device: str = "cpu"
    precision: str = "float32"

    def __post_init__(self) -> None:
        """Raise ValueError for bfloat16 on a CPU, whose numbers follow its instruction set."""
        if self.precision == "bfloat16" and self.device == "cpu":
            raise ValueError(
                "images.precision=bfloat16: allowed is float32 on a CPU, where bfloat16 depends on "
                "the instruction set. Use --device cuda or --set images.precision=float32."
            )

    def identity(self) -> dict[str, Any]:
        """Everything that determines the numbers but the kind of device."""
        return {
            "law": asdict(self.parameters),
            "size": asdict(SIZES[self.size]),
            "draw": [self.salt, self.seed],
            "precision": self.precision,
            "source": _source(),
            "torch": versions()["torch"],
        }


@cache
def _source() -> str:
    """Digest of what draws, trains and counts."""
    here = Path(__file__).parent
    return source_digest([*here.glob("*.py"), *here.parent.glob("*.py")])


def collect(
    asked: Sequence[Comparison], machine: Machine, store: Store | None, progress: Progress
) -> list[xr.Dataset]:
    """The comparisons in the order asked; every finished one is stored at once."""
    found: dict[Comparison, xr.Dataset] = {}
    for one in asked:
        kept = store.load(one) if store is not None else None
        if kept is not None:
            found[one] = kept
    missing = [one for one in asked if one not in found]
    heard = _Parts(progress, len(found), len(asked))
    jobs = _chunks(missing, machine)
    with closing(carried_out(jobs, _workers(len(jobs), machine, heard))) as finished:
        for job, runs in finished:
            for one, run in zip(job, runs, strict=True):
                found[one] = run
                if store is not None:
                    store.save(one, run)
            heard.finished(len(job))
    return [found[one] for one in asked]


Job = tuple[Comparison, ...]


class _Parts:
    """Progress in parts of the comparisons asked for."""

    def __init__(self, progress: Progress, done: int, total: int) -> None:
        self._progress, self._done, self._total = progress, done, total
        self.within(0, 0.0)

    def within(self, number: int, share: float) -> None:
        """So much of `number` comparisons that are trained together is done."""
        done = PARTS * self._done + round(PARTS * number * share)
        self._progress(done, PARTS * self._total)

    def finished(self, number: int) -> None:
        self._done += number
        self.within(0, 0.0)


def _chunks(missing: Sequence[Comparison], machine: Machine) -> list[Job]:
    """What is trained together."""
    each = TOGETHER if machine.device == "cuda" else 1
    return [tuple(missing[i : i + each]) for i in range(0, len(missing), each)]


def _workers(jobs: int, machine: Machine, heard: _Parts) -> Workers[Job, list[xr.Dataset]]:
    """This process where one is enough, which tells how far a job is; else several processes."""
    if machine.workers == 1 or jobs < 2:
        return InThisProcess(partial(carry_out, machine=machine, heard=heard.within))
    return Processes(partial(carry_out, machine=machine), min(machine.workers, jobs))


def carry_out(
    job: Job, machine: Machine, heard: Callable[[int, float], None] = lambda number, share: None
) -> list[xr.Dataset]:
    """Train all arms of some seeds and label their arrays, seed by seed."""
    first, seeds = job[0], [one.seed for one in job]
    with one_thread():
        found = compared(
            first.parameters, SIZES[first.size], first.salt, seeds, machine.device,
            first.precision, partial(heard, len(job)),
        )  # fmt: skip
    return [_labelled(one, found, row, machine) for row, one in enumerate(job)]


def _labelled(one: Comparison, found: Found, row: int, machine: Machine) -> xr.Dataset:
    """One seed's arrays: ``accuracy`` [arm, images], and ``loss`` of each arm that was trained."""
    curves = {
        f"loss {arm}": (f"point {arm}", np.asarray(curve[row], dtype=np.float64))
        for arm, curve in found.loss.items()
    }
    return xr.Dataset(
        {"accuracy": (("arm", "images"), found.accuracy[row]), **curves},
        coords={"arm": list(ARMS), "images": [MULTI, SINGLE, TRAINING]},
        attrs={
            **provenance(one, machine.device, one.precision),
            "salt": one.salt,
            "device": machine.name,
        },
    )
