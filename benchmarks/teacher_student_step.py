"""``python benchmarks/teacher_student_step.py``: a direction against the two products it needs.

The exact direction projects the patches on the kernels and a signal back on the patches. These two
matrix products alone are the floor; the rest is elementwise work. Beside both stands the formula
written term by term. All three take turns on one torch thread, at the start and at the end of a run
of preset quick; CPU time is taken, so that other processes count for less. Prints and appends the
ratios to teacher_student_step.csv.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Annotated

import torch
import typer
from stored import keep

from mrpverify.objectives.teacher_student.gradient import (
    after_step,
    descent_direction,
    gains,
    initial_state,
)
from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.encoder import back_project, cache_sized, project, smoothed_relu
from mrpverify.simulate.sample import Images, sample_images

State = dict[str, torch.Tensor]


def compare(
    repeats: Annotated[int, typer.Option(help="directions timed of each state")] = 200,
    salt: Annotated[str, typer.Option(help="salt of the run")] = "explore",
) -> None:
    """Time all three on two states of a run and keep the ratios."""
    torch.set_num_threads(1)
    regime = load_preset("quick").regimes["teacher-student"]
    images = sample_images(regime, salt, [0]).to("cpu", torch.float32)
    run = pretrain(regime, salt, [0])
    rows = []
    for name, found in (("start", run.initial_weights), ("end", run.final_weights)):
        weights = torch.from_numpy(found)
        largest = torch.bmm(weights, images.features.transpose(1, 2)).amax(2)
        state = initial_state(regime, weights, salt, [0])
        after_step(regime, state, largest)
        rows.append({"state": name, "repeats": repeats, "torch": torch.__version__})
        rows[-1] |= _costs(regime, state, images, largest, repeats)
        print(rows[-1])
    keep("teacher_student_step", rows)


def floor(weights: torch.Tensor, images: Images) -> None:
    """The two products alone."""
    for patches in cache_sized(images.patches, weights.shape[1]):
        back_project(project(weights, patches), patches)


def term_by_term(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """The same direction, every term as the formula has it [seeds, kernels, dimension]."""
    q, varrho = parameters.power, parameters.linear_from
    tau = gains(parameters, state, largest)[:, None, None, :]
    total = torch.zeros_like(state["weights"])
    for patches in cache_sized(images.patches, total.shape[1]):
        u = project(state["weights"], patches)
        a, slope = smoothed_relu(u, q, varrho)
        taught, _ = smoothed_relu(u * tau, q, varrho)
        gap = (taught.sum(2) - a.sum(2)).unsqueeze(2)
        total += back_project((gap - parameters.mask_penalty * a) * slope, patches)
    return total / images.patches.shape[1]


def _costs(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor, repeats: int
) -> dict[str, float]:
    """CPU milliseconds, least and median of `repeats`, and ratios of the least."""
    arguments = (parameters, state, images, largest)
    works: dict[str, Callable[[], object]] = {
        "floor": lambda: floor(state["weights"], images),
        "term_by_term": lambda: term_by_term(*arguments),
        "direction": lambda: descent_direction(*arguments),
    }
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            taken[name].append(_milliseconds(work))
    least = {name: min(times) for name, times in taken.items()}
    return {
        **{f"least_{name}_ms": round(time, 3) for name, time in least.items()},
        **{f"median_{name}_ms": round(median(times), 3) for name, times in taken.items()},
        "to_floor": round(least["direction"] / least["floor"], 2),
        "to_term_by_term": round(least["direction"] / least["term_by_term"], 2),
    }


def _milliseconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return 1e3 * (time.process_time() - begin)


if __name__ == "__main__":
    typer.run(compare)
