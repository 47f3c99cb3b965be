"""``python benchmarks/growth.py``: how the cost grows with N, P, d, k m and sigma_0.

CPU time of one exact direction at 1, 2, 4 and 8 times the size of preset quick in N, P, d and k m,
one after the other, and gradients of a whole run at 1, 1/2 and 1/4 of a larger init than the
preset's, at one Delta. Prints and appends to growth.csv the exponents of the size (of 1/sigma_0)
fitted to the logarithms: 1 where all work is linear in the size, less where small pieces cost as
much as larger ones.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import numpy as np
import torch
import typer
from larger_init import larger_init
from stored import keep

from mrpverify.parameters import PRETRAINING, Framework, Parameters
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.run import correlate, objective_of
from mrpverify.simulate.sample import sample_images, sample_weights

FACTORS = (1, 2, 4, 8)
STARTS = (1.0, 0.5, 0.25)
"""Shares of sigma_0."""
PATCHES = 14
"""Of an image: as many as an image of preset quick needs at most."""


def measure(
    repeats: Annotated[int, typer.Option(help="directions timed at each size")] = 30,
    seeds: Annotated[int, typer.Option(help="seeds of the runs from smaller starts", min=1)] = 1,
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
) -> None:
    """Measure all sizes of both frameworks and keep the exponents."""
    torch.set_num_threads(1)
    rows = []
    for framework in PRETRAINING:
        found = _of_a_direction(framework, repeats, salt)
        found["sigma_0"] = _of_a_run(framework, seeds, salt)
        for name, (sizes, costs, unit) in found.items():
            exponent = np.polyfit(np.log(sizes), np.log(costs), 1)[0]
            rows.append(
                {
                    "framework": framework,
                    "of": name,
                    "exponent": round(float(exponent), 2),
                    "unit": unit,
                    "costs": " ".join(f"{cost:.4g}" for cost in costs),
                    "torch": torch.__version__,
                }
            )
            print(rows[-1])
    keep("growth", rows)


Costs = tuple[Sequence[float], list[float], str]
"""Sizes, costs and the unit of these."""


def _of_a_direction(framework: Framework, repeats: int, salt: str) -> dict[str, Costs]:
    """CPU milliseconds of one direction at every size."""
    p = replace(larger_init(framework), patches=PATCHES)
    larger = {
        "N": [replace(p, images=f * p.images) for f in FACTORS],
        "P": [replace(p, patches=f * p.patches) for f in FACTORS],
        "d": [replace(p, dimension=f * p.dimension) for f in FACTORS],
        "k m": [replace(p, kernels_per_class=f * p.kernels_per_class) for f in FACTORS],
    }
    return {
        name: (FACTORS, [_direction(q, repeats, salt) for q in regimes], "ms a direction")
        for name, regimes in larger.items()
    }


def _of_a_run(framework: Framework, seeds: int, salt: str) -> Costs:
    """Gradients of a whole run at every start, a seed."""
    p = larger_init(framework)
    smaller = [replace(p, init_scale=share * p.init_scale) for share in STARTS]
    runs = [pretrain(q, salt, list(range(seeds))) for q in smaller]
    return [1 / share for share in STARTS], [float(run.steps.mean()) for run in runs], "gradients"


def _direction(p: Parameters, repeats: int, salt: str) -> float:
    """Least CPU milliseconds of the first direction of a run."""
    images = sample_images(p, salt, [0]).to("cpu", torch.float32)
    objective = objective_of(p)
    with torch.inference_mode():
        state = objective.start(p, sample_weights(p, salt, [0]).float(), salt, [0])
        largest = correlate(state["weights"], images).amax(2)
        times = []
        for _ in range(repeats):
            begin = time.process_time()
            objective.direction(p, state, images, largest)
            times.append(1e3 * (time.process_time() - begin))
    return min(times)


if __name__ == "__main__":
    typer.run(measure)
