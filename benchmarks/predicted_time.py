"""``python benchmarks/predicted_time.py``: how long runs take beside what is foretold before them.

Every leg is foretold as a check foretells it (`theory/cost.py`, the speed of this core's products)
and trained on a few seeds of the salt ``explore``, one process, from no stored run; wall-clock
time, so that nothing else should run. The constants were fitted to the first three sizes of each
framework; half as many kernels and other init scales were not looked at. Prints and appends to
predicted_time.csv.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import torch
import typer
from stored import keep

from mrpverify.claims import legs
from mrpverify.claims.legs import Leg
from mrpverify.records.collect import Machine, collect
from mrpverify.records.work import TimeLeft
from mrpverify.regime import load_preset


def sizes() -> Iterator[tuple[str, Leg]]:
    """Legs by name."""
    for framework, regime in load_preset("quick").regimes.items():
        if framework != "supervised":
            yield f"quick, {framework}", Leg(regime)
            more = replace(regime, images=2 * regime.images)
            yield f"quick, {framework}, N doubled", Leg(more)
            fewer = replace(regime, classes=regime.classes // 2, dimension=regime.dimension // 2)
            yield f"quick, {framework}, k and d halved", Leg(fewer)
            half = replace(regime, kernels_per_class=regime.kernels_per_class // 2)
            yield f"quick, {framework}, m halved", Leg(half)
            nearer = replace(regime, init_scale=2 * regime.init_scale)
            yield f"quick, {framework}, sigma_0 doubled", Leg(nearer)
        yield f"quick, supervised, init of {framework}", legs.supervised(regime)


def compare(seeds: Annotated[int, typer.Option(help="seeds of every size")] = 6) -> None:
    """Foretell, train, and keep both."""
    torch.set_num_threads(1)
    rows: list[dict[str, object]] = []
    for name, leg in sizes():
        wanted = leg.requests("explore", range(seeds))
        foretold = TimeLeft(wanted, "cpu", 1).seconds or 0.0
        begin = time.perf_counter()
        collect(wanted, Machine("cpu"), None, None)
        taken = time.perf_counter() - begin
        row = {
            "size": name, "seeds": seeds, "foretold_s": round(foretold, 1),
            "taken_s": round(taken, 1), "ratio": round(foretold / taken, 2),
            "torch": torch.__version__,
        }  # fmt: skip
        print(f"{name:36s} foretold {foretold:6.1f} s, taken {taken:6.1f} s", flush=True)
        rows.append(row)
    keep("predicted_time", rows)


if __name__ == "__main__":
    typer.run(compare)
