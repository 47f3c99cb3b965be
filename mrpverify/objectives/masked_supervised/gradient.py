"""Supervised learning on masked images (laws2, AUG): labels and masks, no reconstruction.

    L = -1/N sum_n log softmax(F)_{y_n},   F_i = sum over the kernels of block i of sum_p eps_p a_p,

eps by the law of `masks`, divided by theta where `rescaled`. The expectation goes through a softmax
and has no closed form: masks are drawn anew in every step, the same ones for every run of a salt
and seed at one theta, and given the masks the gradient is exact. Tests see whole images.

State: ``weights`` [seeds, kernels, dimension]; ``streams``, the masks' random streams, on the CPU.
"""

from __future__ import annotations

import torch

from ...parameters import Parameters
from ...simulate.encoder import back_project, project
from ...simulate.masks import draw_masks, mask_streams
from ...simulate.objective import Objective, State
from ...simulate.passes import labelled
from ...simulate.sample import Images
from ..supervised.gradient import expected_loss, logits, plateau_degree
from .options import PARTS


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: kernels and the streams of masks."""
    del parameters
    return {"weights": weights, "streams": mask_streams(salt, seeds, "masked supervision")}


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad for freshly drawn masks, and the largest pre-activation of each seed [seeds]."""
    del largest
    p, w, x = parameters, state["weights"], images.patches
    masks, state["streams"] = draw_masks(p, state["streams"], x, images.owner)
    if p.hides == "background":
        masks = torch.where(images.owner >= 0, 1.0, masks).to(x)
    seen = masks / p.visible if p.rescaled else masks
    u = project(w, x)
    signal, reach = labelled(u, images.labels, p.classes, p.power, p.linear_from, seen)
    return {"weights": back_project(signal, x) / x.shape[1]}, reach.amax(1)


OBJECTIVE = Objective(
    name="masked-supervised",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    logits=logits,
    labelled=True,
)
