"""``python benchmarks/sampled_mask.py``: the exact gradient against sampled masks and autograd.

The expectation over masks is a closed form. The usual way draws a mask for every image and
differentiates the loss; its gradient g is right on average and scatters about the exact one G. With

    V = E |g - G|^2 / |G|^2,

V / 0.01^2 masks must be averaged for an error of 1 % of |G| (at the end, where G all but vanishes,
any number). Both take turns on one torch thread, at the start, half of coverage and end of a run of
preset quick from a larger init. Prints and appends to sampled_mask.csv the CPU time of both and the
ratio of costs a step and at 1 %; exit code 1 where the average of the sampled gradients is not the
exact one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

import numpy as np
import torch
import typer
from larger_init import larger_init
from stored import keep

from mrpverify.objectives.teacher_student.gradient import gains
from mrpverify.parameters import PRETRAINING, Framework, Parameters
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.encoder import project, smoothed_relu
from mrpverify.simulate.run import State, objective_of
from mrpverify.simulate.sample import Images, sample_images
from mrpverify.simulate.trajectory import Trajectory

ACCURACY = 0.01
"""Of the length of the exact gradient."""
STANDARD_ERRORS = 4
"""By which the average of the sampled gradients may miss the exact one."""


def compare(
    masks: Annotated[int, typer.Option(help="sampled masks at each state", min=10)] = 200,
    salt: Annotated[str, typer.Option(help="salt of the run")] = "explore",
) -> None:
    """Time both ways, measure the scatter, keep the ratios."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rows = [row for framework in PRETRAINING for row in _of(framework, salt, masks)]
    keep("sampled_mask", rows)
    raise typer.Exit(0 if all(row["unbiased"] for row in rows) else 1)


def _of(framework: Framework, salt: str, masks: int) -> list[dict[str, object]]:
    """The rows of one framework."""
    regime = larger_init(framework)
    images = sample_images(regime, salt, [0]).to("cpu", torch.float32)
    end = pretrain(regime, salt, [0])
    middle = pretrain(replace(regime, horizon=float(end.coverage_time[0]) / 2), salt, [0])
    at_start = {"weights": end.initial_weights, "decoder": end.initial_weights}
    states = {"start": at_start, "half of coverage": _ended(middle), "end": _ended(end)}
    rows = []
    for name, found in states.items():
        state = {key: torch.from_numpy(value) for key, value in found.items()}
        row = {"framework": framework, "state": name, "masks": masks, "torch": torch.__version__}
        rows.append(row | _costs(regime, state, images, masks))
        print(rows[-1])
    return rows


def _ended(run: Trajectory) -> dict[str, np.ndarray]:
    """Kernels and decoder at the end of a run."""
    return {"weights": run.final_weights, "decoder": run.final_decoder}


def _costs(regime: Parameters, state: State, images: Images, masks: int) -> dict[str, object]:
    """CPU milliseconds of both, the scatter, and the ratio of costs."""
    largest = torch.bmm(state["weights"], images.features.transpose(1, 2)).amax(2)
    direction = objective_of(regime).direction
    if regime.framework == "teacher-student":
        state = {"weights": state["weights"], "released": torch.zeros_like(largest).bool()}

    def exact() -> torch.Tensor:
        return _flat(direction(regime, state, images, largest)[0])

    def sampled() -> torch.Tensor:
        leaves = {k: v.clone().requires_grad_() for k, v in state.items() if k != "released"}
        loss = LOSSES[regime.framework](regime, leaves, images.patches, largest)
        return -_flat(dict(zip(leaves, torch.autograd.grad(loss, leaves.values()), strict=True)))

    right, off, total = exact(), [], torch.zeros(())
    exact_ms, sampled_ms = [], []
    for _ in range(masks):
        exact_ms.append(_milliseconds(exact)[0])
        taken, found = _milliseconds(sampled)
        sampled_ms.append(taken)
        off.append(float((found - right).square().sum()))
        total = total + (found - right)
    scatter = sum(off) / masks
    needed = scatter / float(right.square().sum()) / ACCURACY**2
    step = min(sampled_ms) / min(exact_ms)
    return {
        "exact_ms": round(min(exact_ms), 3),
        "sampled_ms": round(min(sampled_ms), 3),
        "ratio_of_a_step": round(step, 2),
        "masks_for_1_percent": float(f"{needed:.3g}"),
        "ratio_at_1_percent": float(f"{needed * step:.3g}"),
        "unbiased": float((total / masks).norm()) < STANDARD_ERRORS * (scatter / masks) ** 0.5,
    }


def _teacher_student(
    p: Parameters, state: State, x: torch.Tensor, largest: torch.Tensor
) -> torch.Tensor:
    """1/(2N) sum |hhat(X) - h(eps X)/theta|^2 for one mask of every image."""
    u = project(state["weights"], x)
    tau = gains(p, state, largest)[:, None, None, :]
    with torch.no_grad():
        taught = smoothed_relu(u * tau, p.power, p.linear_from)[0].sum(2)
    a, _ = _activation(p, u)
    shown = (torch.rand(x.shape[:3]) < p.visible).to(x).unsqueeze(3)
    return (taught - (shown * a).sum(2) / p.visible).square().sum() / (2 * x.shape[1])


def _autoencoder(
    p: Parameters, state: State, x: torch.Tensor, largest: torch.Tensor
) -> torch.Tensor:
    """1/(2N) sum |S - B h(eps X)/theta - beta|^2 for one mask of every image, beta at its best."""
    del largest
    a, h = _activation(p, project(state["weights"], x))
    rest = x.sum(2) - torch.bmm(h, state["decoder"])
    shown = (torch.rand(x.shape[:3]) < p.visible).to(x).unsqueeze(3)
    seen = torch.bmm((shown * a).sum(2) / p.visible, state["decoder"])
    best = rest.detach().mean(1, keepdim=True)
    return (x.sum(2) - seen - best).square().sum() / (2 * x.shape[1])


LOSSES = {"teacher-student": _teacher_student, "mae": _autoencoder}


def _activation(p: Parameters, u: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """sReLU(u) as autograd can follow it, and its sum over the patches."""
    q, varrho = p.power, p.linear_from
    bent = u.clamp(0, varrho)
    a = bent**q / (q * varrho ** (q - 1)) + (u - varrho).clamp(min=0)
    return a, a.sum(2)


def _flat(tensors: State) -> torch.Tensor:
    return torch.cat([tensors[name].flatten() for name in sorted(tensors)])


def _milliseconds(work: Callable[[], torch.Tensor]) -> tuple[float, torch.Tensor]:
    begin = time.process_time()
    found = work()
    return 1e3 * (time.process_time() - begin), found


if __name__ == "__main__":
    typer.run(compare)
