"""``python benchmarks/inner_stages.py``: what it saves to follow only loud kernels in inner stages.

Masked autoencoder of preset quick to T, one seed after the other, with all kernels in every stage
(`chebyshev`) and with the loud ones (`partitioned`). `largest_change` of a crossing time is between
the two; both are about as far from a finer flow. Prints and appends to inner_stages.csv.
"""

from __future__ import annotations

import time
from typing import Annotated, Any
from unittest import mock

import numpy as np
import torch
import typer
from stored import keep

from mrpverify.regime import load_preset
from mrpverify.simulate import flow
from mrpverify.simulate.chebyshev import Chebyshev
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.trajectory import Trajectory


def compare(
    seeds: Annotated[int, typer.Option(help="seeds", min=1)] = 3,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Run all and keep gradients, seconds and their ratio."""
    torch.set_num_threads(1)
    rows = []
    for seed in range(seeds):
        with mock.patch.object(flow, "Partitioned", _all_kernels):
            whole, slow = _timed(salt, seed)
        loud, fast = _timed(salt, seed)
        crossed = np.isfinite(whole.crossing_time) & np.isfinite(loud.crossing_time)
        change = np.abs(loud.crossing_time[crossed] / whole.crossing_time[crossed] - 1).max()
        row = {"seed": seed, "torch": torch.__version__, "gradients_all": int(whole.steps[0])}
        row |= {"gradients_loud": int(loud.steps[0]), "cpu_s_all": round(slow, 2)}
        row |= {"cpu_s_loud": round(fast, 2), "ratio": round(slow / fast, 2)}
        rows.append(row | {"largest_change": float(f"{change:.2g}")})
        print(rows[-1])
    keep("inner_stages", rows)


def _all_kernels(field: Any, state: torch.Tensor, tolerance: float, loud: Any) -> Chebyshev:
    """The integrator that does not ask which kernels are loud."""
    del loud
    return Chebyshev(field, state, tolerance, own_clocks=False)


def _timed(salt: str, seed: int) -> tuple[Trajectory, float]:
    """A run and its CPU seconds."""
    begin = time.process_time()
    run = pretrain(load_preset("quick").regimes["mae"], salt, [seed])
    return run, time.process_time() - begin


if __name__ == "__main__":
    typer.run(compare)
