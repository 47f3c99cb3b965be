"""``python benchmarks/reduced_products.py``: how far runs with products in TF32 are from float32's.

For each objective of a preset the same seeds on one GPU: with products in float32, in TF32, and in
float32 at half the tolerance of the flow. Errors are those of A.flow, of crossing times and of C(T)
in varrho, whose limit is 0.01; the second comparison says what the integrator itself leaves open.
Every row is printed and appended to reduced_products.csv. `--device cpu` tries it without a GPU: it
then compares float32 with itself, and keeps nothing.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import numpy as np
import torch
import typer
import xarray as xr
from stored import keep

import mrpverify
from mrpverify.claims.assumptions.flow import LIMIT, correlation_error, time_error
from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset

SALT = "explore"


def measure(
    preset: Annotated[str, typer.Option(help="quick, paper, large or a file")] = "quick",
    seeds: Annotated[int, typer.Option(help="seeds of every run")] = 8,
    device: Annotated[str, typer.Option(help="cuda, or cpu to try")] = "cuda",
) -> None:
    """Measure every objective of the preset, and keep what was measured."""
    reduced = "tf32" if device == "cuda" else "float32"
    name = torch.cuda.get_device_name() if device == "cuda" else "cpu"
    for framework, given in load_preset(preset).regimes.items():
        p = replace(given, precision="float32")
        ways = {
            "float32": p,
            "tf32": replace(p, precision=reduced),
            "half the tolerance": replace(p, tolerance=p.tolerance / 2),
        }
        runs, took = {}, {}
        for way, regime in ways.items():
            begin = time.perf_counter()
            runs[way] = mrpverify.train(regime, SALT, seeds, device=device, stored=False)
            took[way] = time.perf_counter() - begin
        common = {"device": name, "preset": preset, "framework": framework, "seeds": seeds}
        rows = [
            {
                **common,
                "against float32": way,
                **compared(p, runs["float32"], runs[way]),
                "gradients": round(
                    float(runs[way]["steps"].mean() / runs["float32"]["steps"].mean()), 3
                ),
                "seconds": round(took[way], 1),
            }
            for way in ("tf32", "half the tolerance")
        ]
        for row in rows:
            print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        if device == "cuda":
            keep("reduced_products", rows)


def compared(p: Parameters, one: xr.Dataset, other: xr.Dataset) -> dict[str, object]:
    """Errors of A.flow between two runs of the same seeds, and how many of them are over it."""
    times, values = time_error(one, other), correlation_error(p, one, other)
    either = np.isfinite(one["crossing_time"].values) | np.isfinite(other["crossing_time"].values)
    return {
        "crossings": int(either.sum()),
        "median time error": f"{np.median(times[either]) if either.any() else 0:.1e}",
        "largest time error": f"{times.max():.1e}",
        "largest error of C(T)": f"{values.max():.1e}",
        "over the limit": int(((times > LIMIT) | (values > LIMIT)).sum()),
    }


if __name__ == "__main__":
    typer.run(measure)
