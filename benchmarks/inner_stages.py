"""``python benchmarks/inner_stages.py``: what it saves that inner stages see less than everything.

Masked autoencoder of preset quick to T, one seed after the other: all kernels in every stage
(`chebyshev`), the loud ones (`partitioned`), these on the patches that pull one of them
(``apart``), and several such steps at once in one compiled loop (``answered``: `walking`, what runs
do). `ratio_...` are CPU times over that of the last. Crossing times are held against those of the
flow at a tenth of tol: median and largest relative error of the first, the third and the last.
Prints and appends to inner_stages.csv.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, Any
from unittest import mock

import numpy as np
import torch
import typer
from stored import keep

from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.simulate import flow
from mrpverify.simulate.chebyshev import Chebyshev
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.partitioned import Partitioned
from mrpverify.simulate.trajectory import Trajectory


def compare(
    seeds: Annotated[int, typer.Option(help="seeds", min=1)] = 3,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Run all and keep gradients, seconds and errors."""
    torch.set_num_threads(1)
    regime = load_preset("quick").regimes["mae"]
    finer = replace(regime, tolerance=regime.tolerance / 10, work=10**6)
    _timed(regime, salt, 0)  # compiles
    rows = []
    for seed in range(seeds):
        with mock.patch.object(flow, "Walking", _all_kernels):
            whole, slow = _timed(regime, salt, seed)
        with mock.patch.object(flow, "Walking", _all_patches):
            loud, middle = _timed(regime, salt, seed)
        with mock.patch.object(flow, "Walking", Partitioned):
            apart, calls = _timed(regime, salt, seed)
        answered, fast = _timed(regime, salt, seed)
        exact, _ = _timed(finer, salt, seed)
        row: dict[str, object] = {"seed": seed, "torch": torch.__version__}
        for name, run, took in (
            ("all", whole, slow), ("loud", loud, middle), ("apart", apart, calls),
            ("answered", answered, fast),
        ):  # fmt: skip
            row |= {f"gradients_{name}": int(run.steps[0]), f"cpu_s_{name}": round(took, 2)}
        others = {"all": slow, "loud": middle, "apart": calls}
        row |= {f"ratio_{name}": round(took / fast, 2) for name, took in others.items()}
        for name, run in (("all", whole), ("apart", apart), ("answered", answered)):
            row |= _errors(name, run, exact)
        rows.append(row)
        print(rows[-1])
    keep("inner_stages", rows)


def _errors(name: str, run: Trajectory, exact: Trajectory) -> dict[str, object]:
    """Relative errors of the crossing times of pairs that cross in both."""
    crossed = np.isfinite(run.crossing_time) & np.isfinite(exact.crossing_time)
    error = np.abs(run.crossing_time[crossed] / exact.crossing_time[crossed] - 1)
    found = {"median": np.median(error), "largest": error.max()}
    return {f"{key}_error_{name}": float(f"{value:.2g}") for key, value in found.items()}


def _all_kernels(field: Any, state: torch.Tensor, tolerance: float, loud: Any, inner: Any) -> Any:
    """The integrator that does not ask which kernels are loud."""
    del loud, inner
    return Chebyshev(field, state, tolerance, own_clocks=False)


def _all_patches(field: Any, state: torch.Tensor, tolerance: float, loud: Any, inner: Any) -> Any:
    """The one whose inner stages see all patches."""
    del inner
    return Partitioned(field, state, tolerance, loud)


def _timed(regime: Parameters, salt: str, seed: int) -> tuple[Trajectory, float]:
    """A run and its CPU seconds."""
    begin = time.process_time()
    run = pretrain(regime, salt, [seed])
    return run, time.process_time() - begin


if __name__ == "__main__":
    typer.run(compare)
