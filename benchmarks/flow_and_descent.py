"""``python benchmarks/flow_and_descent.py``: gradients and CPU time to T, flow against descent.

One seed of preset quick from a larger init, teacher-student and masked autoencoder: the flow at its
`tol`, and Euler's method at eta and at an `--parts`-th of it, each against a flow of tolerance 1e-5
in double precision. The error is that of the crossing times, median and largest over the pairs of
kernel and feature that cross in both. Euler's error is of first order, so what it would cost at the
flow's median error follows from the smallest step: that stands in `at_equal_accuracy`, gradients
over the flow's gradients. Prints and appends to flow_and_descent.csv.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import numpy as np
import torch
import typer
from larger_init import larger_init
from stored import keep

from mrpverify.parameters import PRETRAINING, Framework, Parameters
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.trajectory import Trajectory

REFERENCE = 1e-5
"""Tolerance of the reference."""


def compare(
    seeds: Annotated[int, typer.Option(help="seeds of each framework", min=1)] = 1,
    parts: Annotated[int, typer.Option(help="the smallest step is eta over this", min=2)] = 4,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Run all and keep errors, gradients and seconds."""
    torch.set_num_threads(1)
    rows = []
    for framework in PRETRAINING:
        for seed in range(seeds):
            rows += _of(framework, seed, parts, salt)
    keep("flow_and_descent", rows)


def _of(framework: Framework, seed: int, parts: int, salt: str) -> list[dict[str, object]]:
    """The rows of one seed."""
    flow = larger_init(framework)
    exact = replace(flow, tolerance=REFERENCE, precision="float64", work=100 * flow.work)
    reference = pretrain(exact, salt, [seed])
    ways = {"flow": flow, "eta": _descent(flow, 1), f"eta/{parts}": _descent(flow, parts)}
    rows = []
    for name, way in ways.items():
        row = {"framework": framework, "seed": seed, "way": name, "torch": torch.__version__}
        rows.append(row | _measured(way, salt, seed, reference))
        print(rows[-1])
    first, last = rows[0], rows[-1]
    error = float(last["median_error"]) / float(first["median_error"])
    ratio = error * float(last["gradients"]) / float(first["gradients"])
    return [row | {"at_equal_accuracy": round(ratio, 1)} for row in rows]


def _descent(flow: Parameters, parts: int) -> Parameters:
    """Euler's method with a part of eta, and steps enough."""
    return replace(flow, method="descent", step=flow.step / parts, max_steps=10**6, deadline=0.0)


def _measured(
    regime: Parameters, salt: str, seed: int, reference: Trajectory
) -> dict[str, float | int]:
    """Gradients, CPU seconds and errors of crossing times."""
    begin = time.process_time()
    run = pretrain(regime, salt, [seed])
    seconds = time.process_time() - begin
    right, found = reference.crossing_time, run.crossing_time
    both = np.isfinite(right) & np.isfinite(found)
    error = np.abs(found[both] / right[both] - 1)
    return {
        "gradients": int(run.steps.sum()),
        "cpu_s": round(seconds, 2),
        "median_error": float(f"{np.median(error):.3g}"),
        "largest_error": float(f"{error.max():.3g}"),
        "crossed_in_one_only": int((np.isfinite(right) != np.isfinite(found)).sum()),
    }


if __name__ == "__main__":
    typer.run(compare)
