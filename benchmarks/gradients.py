"""``python benchmarks/gradients.py``: a gradient of every objective against its products, on a CPU.

Every gradient needs two products over all patches, of kernels on patches and of a signal back on
them; a masked autoencoder needs two more, over its kernels, and three over images. A row for every
preset and objective: time of the two, of all that it needs, of the gradient where torch makes the
passes between them and where they are compiled (`mrpverify.simulate.passes`), all on one core, in
turn: medians of what a round's take over its two products. One kernel of every class holds a
feature, so that the teacher bends where its student does not. Prints and appends to gradients.csv.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import product
from multiprocessing import get_context
from statistics import median
from typing import Annotated, Any

import torch
import typer
from gpu import held_data, needed
from stored import keep

from mrpverify.regime import load_preset
from mrpverify.simulate import passes
from mrpverify.simulate.run import correlate, objective_of

OBJECTIVES = ("teacher-student", "mae", "supervised", "masked-supervised", "fine-tuning")


def measure(
    repeats: Annotated[int, typer.Option(help="gradients of each kind timed", min=2)] = 60,
    store: Annotated[bool, typer.Option(help="append the table to gradients.csv")] = True,
) -> None:
    """Measure every preset and objective, each in a process of its own: memory is as it begins."""
    rows = []
    cases = product(("quick", "paper"), OBJECTIVES)
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for preset, framework in cases:
            measured = processes.submit(_row, preset, framework, repeats).result()
            rows.append({"preset": preset, "objective": framework, **measured})
            print(rows[-1], flush=True)
    if store:
        keep("gradients", [{"repeats": repeats, "torch": torch.__version__} | row for row in rows])


def _row(preset: str, framework: str, repeats: int) -> dict[str, Any]:
    """Milliseconds of the two products, and all else over them."""
    torch.set_num_threads(1)
    with torch.inference_mode():
        return _measured(preset, framework, repeats)


def _measured(preset: str, framework: str, repeats: int) -> dict[str, Any]:
    """The same, on one thread and without what autograd keeps ready."""
    regimes = load_preset(preset).regimes
    p = replace(regimes.get(framework, regimes["supervised"]), framework=framework)
    images, state = held_data(p, 1, "cpu")
    largest = correlate(state["weights"], images).amax(2)
    direction = objective_of(p).direction

    def of_torch() -> None:
        with passes.without(numba=True, triton=True):
            direction(p, dict(state), images, largest)

    kinds: dict[str, Callable[[], object]] = {
        "floor": lambda: needed("", state, images),
        "needed": lambda: needed(framework, state, images),
        "passes_of_torch": of_torch,
        "compiled_passes": lambda: direction(p, dict(state), images, largest),
    }
    taken = _rounds(kinds, repeats)
    floor = taken.pop("floor")
    ratios = {
        name: round(median(s / f for s, f in zip(seconds, floor, strict=True)), 2)
        for name, seconds in taken.items()
    }
    return {"products_ms": round(1e3 * min(floor), 3)} | ratios


def _rounds(kinds: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of CPU of each kind in every round, after one that is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(repeats + 1):
        for name, work in kinds.items():
            begin = time.process_time()
            work()
            if number:
                taken[name].append(time.process_time() - begin)
    return taken


if __name__ == "__main__":
    typer.run(measure)
