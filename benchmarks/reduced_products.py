"""``python benchmarks/reduced_products.py``: how far runs with products in TF32 are from float32's.

For each objective of a preset the same seeds on one GPU: with products in float32, in TF32, and in
float32 at half the tolerance of the flow. Errors are those of A.flow, of crossing times and of C(T)
in varrho, whose limit is 0.01; the second comparison says what the integrator itself leaves open.
Every row is printed and appended to reduced_products.csv. `--device cpu` tries it without a GPU: it
then compares float32 with itself, and keeps nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import numpy as np
import typer
import xarray as xr
from stored import keep

import mrpverify
from mrpverify.claims.assumptions.flow import LIMIT, correlation_error, time_error
from mrpverify.claims.observed import crossed
from mrpverify.parameters import Parameters
from mrpverify.records.collect import choose_machine
from mrpverify.regime import load_preset
from mrpverify.simulate.arithmetic import TF32

SALT = "explore"


def measure(
    preset: Annotated[str, typer.Option(help="quick, paper, large or a file")] = "quick",
    seeds: Annotated[int, typer.Option(help="seeds of every run")] = 8,
    device: Annotated[str, typer.Option(help="cuda, or cpu to try")] = "cuda",
) -> None:
    """Measure every objective of the preset, and keep what was measured."""
    machine = choose_machine(device)
    for framework, p in load_preset(preset).regimes.items():
        common = {"device": machine.name, "preset": preset, "framework": framework, "seeds": seeds}
        rows = [common | row for row in against_float32(p, seeds, machine.device)]
        for row in rows:
            print("  ".join(f"{key} {value}" for key, value in row.items()), flush=True)
        if machine.device == "cuda":
            keep("reduced_products", rows)


def against_float32(given: Parameters, seeds: int, device: str) -> Iterator[dict[str, object]]:
    """The errors of a regime's runs in TF32, then at half the tolerance, and what they took."""
    p = replace(given, precision="float32")
    ways = {
        "tf32": replace(p, precision=TF32 if device == "cuda" else p.precision),
        "half the tolerance": replace(p, tolerance=p.tolerance / 2),
    }
    exact = mrpverify.train(p, SALT, seeds, device=device, stored=False)
    for way, regime in ways.items():
        begin = time.perf_counter()
        run = mrpverify.train(regime, SALT, seeds, device=device, stored=False)
        yield {
            "against float32": way,
            **compared(p, exact, run),
            "gradients": round(float(run["steps"].mean() / exact["steps"].mean()), 3),
            "seconds": round(time.perf_counter() - begin, 1),
        }


def compared(p: Parameters, one: xr.Dataset, other: xr.Dataset) -> dict[str, object]:
    """Errors of A.flow between two runs of the same seeds, and how many of them are over it."""
    times, values = time_error(one, other), correlation_error(p, one, other)
    either = crossed(one) | crossed(other)
    return {
        "crossings": int(either.sum()),
        "median time error": f"{np.median(times[either]) if either.any() else 0:.1e}",
        "largest time error": f"{times.max():.1e}",
        "largest error of C(T)": f"{values.max():.1e}",
        "over the limit": int(((times > LIMIT) | (values > LIMIT)).sum()),
    }


if __name__ == "__main__":
    typer.run(measure)
