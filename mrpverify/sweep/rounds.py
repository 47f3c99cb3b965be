"""Carrying a sweep out: rounds of training what the cells still miss.

A cell is asked for its verdicts again and again. As long as a run it needs is not stored it says
which, and has no verdicts yet; what all cells miss is then trained in one go, whichever cell it
belongs to. This serves claims whose runs depend on other runs (controls share the horizon of their
claim, fine-tuning goes on from pretraining), and a run that two cells need is done once.
Nothing but the store connects the rounds, so a sweep that was cut off anywhere goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager

import xarray as xr

from ..claims.evaluate import ClaimResult, evaluate
from ..records.collect import Machine, Progress, Trainers, train_missing
from ..records.labelled import Request
from ..records.store import Store
from .plan import Cell, Sweep


class _MissingRunsError(Exception):
    """Raised inside a cell that cannot be judged yet."""

    def __init__(self, requests: Sequence[Request]) -> None:
        super().__init__(f"{len(requests)} runs are missing")
        self.requests = requests


class EndlessSweepError(RuntimeError):
    """A run that is missing again after it was stored."""


def carry_out(
    sweep: Sweep,
    machine: Machine,
    store: Store,
    trainers: Trainers,
    progress: Progress | None = None,
) -> list[list[ClaimResult]]:
    """The verdicts of every cell, in the order of the cells; every run is stored when finished."""
    results: dict[int, list[ClaimResult]] = {}
    trained: set[Request] = set()
    while len(results) < len(sweep.cells):
        missing: dict[Request, None] = {}
        for index, cell in enumerate(sweep.cells):
            if index in results:
                continue
            with _noting(missing):
                results[index] = _verdicts(sweep, cell, store)
        again = trained & missing.keys()
        if again:
            raise EndlessSweepError(
                f"{len(again)} stored runs cannot be read back from {store.folder}; is the disk "
                f"sound, and does nobody delete records?"
            )
        _train(list(missing), machine, store, trainers, progress)
        trained |= missing.keys()
    return [results[index] for index in range(len(sweep.cells))]


@contextmanager
def _noting(missing: dict[Request, None]) -> Iterator[None]:
    """Note what a cell misses instead of failing."""
    try:
        yield
    except _MissingRunsError as error:
        missing.update(dict.fromkeys(error.requests))


def _verdicts(sweep: Sweep, cell: Cell, store: Store) -> list[ClaimResult]:
    """The verdicts of one cell from stored runs; raises _MissingRunsError."""

    def stored(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
        wanted = dict.fromkeys(requests)
        missing = [request for request in wanted if not store.path(request).exists()]
        found = {} if missing else {request: store.load(request) for request in wanted}
        missing += [request for request, run in found.items() if run is None]
        if missing:
            raise _MissingRunsError(missing)
        return {request: run for request, run in found.items() if run is not None}

    return evaluate(sweep.claims, cell.regimes, range(sweep.seeds), sweep.salt, stored)


def _train(
    missing: Sequence[Request],
    machine: Machine,
    store: Store,
    trainers: Trainers,
    progress: Progress | None,
) -> None:
    """Train and store; the runs themselves are let go of."""
    with closing(train_missing(missing, machine, store, progress, trainers)) as finished:
        for _ in finished:
            pass
