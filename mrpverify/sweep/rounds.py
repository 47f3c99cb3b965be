"""Carrying a sweep out: rounds of training what the cells still miss.

A cell is asked for its verdicts again and again. As long as a run it needs is not stored it says
which, and has no verdicts yet; what all cells miss is then trained in one go, whichever cell it
belongs to. This serves claims whose runs depend on other runs (controls share the horizon of their
claim, fine-tuning goes on from pretraining), and a run that two cells need is done once.
Nothing but the store connects the rounds, so a sweep that was cut off anywhere goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial

import xarray as xr

from ..claims.concluded import ClaimResult
from ..claims.driver import answered_or_missing
from ..claims.evaluate import judging
from ..records.collect import Machine, Progress, Trainers, train_missing
from ..records.labelled import Request
from ..records.store import Store
from .plan import Cell, Sweep


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
            if index not in results:
                verdicts, lacking = _verdicts(sweep, cell, store)
                missing.update(dict.fromkeys(lacking))
                if verdicts is not None:
                    results[index] = verdicts
        again = trained & missing.keys()
        if again:
            raise EndlessSweepError(
                f"{len(again)} stored runs cannot be read back from {store.folder}; is the disk "
                f"sound, and does nobody delete records?"
            )
        _train(list(missing), machine, store, trainers, progress)
        trained |= missing.keys()
    return [results[index] for index in range(len(sweep.cells))]


def _verdicts(
    sweep: Sweep, cell: Cell, store: Store
) -> tuple[list[ClaimResult] | None, Sequence[Request]]:
    """The verdicts of one cell from stored runs; or None, and the runs that it misses."""
    asking = judging(sweep.claims, cell.regimes, range(sweep.seeds), sweep.salt)
    return answered_or_missing(asking, partial(_stored, store))


def _stored(
    store: Store, requests: Sequence[Request]
) -> tuple[Mapping[Request, xr.Dataset], Sequence[Request]]:
    """The stored runs, and the requests without one; nothing is read where a file is missing."""
    wanted = dict.fromkeys(requests)
    missing = [request for request in wanted if not store.path(request).exists()]
    found = {} if missing else {request: store.load(request) for request in wanted}
    missing += [request for request, run in found.items() if run is None]
    return {request: run for request, run in found.items() if run is not None}, missing


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
