"""Supervised learning from scratch (section 2 [R]): fixed block head, cross-entropy.

Kernel r belongs to the block of class r // m and F_i = sum of h_r over block i. With p = softmax(F)

    -grad_r = 1/N sum_n (1[y = i] - p_i) sum_p a'_{r,p} x_p,   i the block of r.

State: ``weights`` [seeds, kernels, dimension].
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from ...parameters import Parameters
from ...simulate.classifier import blocks, cross_entropy
from ...simulate.encoder import back_project, cache_sized, project
from ...simulate.objective import Objective, State
from ...simulate.passes import by_class, labelled, outputs
from ...simulate.sample import Images
from .options import PARTS

Pull = Callable[[torch.Tensor, slice], torch.Tensor]
"""What drives the logits [seeds, some images, classes], from these and the images' place."""
Signal = Callable[[torch.Tensor, slice], tuple[torch.Tensor, torch.Tensor]]
"""What drives pre-activations, from these [seeds, some images, patches, kernels] and the images'
place; and the largest one of each kernel [seeds, kernels]."""


def trained(parameters: Parameters, state: State) -> dict[str, int]:
    """Trained tensors and their width per kernel."""
    del parameters
    return {"weights": state["weights"].shape[2]}


def plateau_degree(parameters: Parameters) -> int:
    """Degree of homogeneity of the logits, which drive the loss below varrho."""
    return parameters.power


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: the kernels alone."""
    del parameters, salt, seeds
    return {"weights": weights}


def logits(parameters: Parameters, state: State, patches: torch.Tensor) -> torch.Tensor:
    """F [seeds, images, classes] of patches [seeds, images, patches, dimension]."""
    u = project(state["weights"], patches)
    h, _ = outputs(u, parameters.power, parameters.linear_from)
    return blocks(h, parameters.classes)


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad of the cross-entropy, and the largest pre-activation of each seed [seeds]."""
    del largest
    p = parameters

    def by_labels(u: torch.Tensor, here: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return labelled(u, images.labels[:, here], p.classes, p.power, p.linear_from)

    return _over_images(by_labels, state["weights"], images)


def direction_by(
    by: Pull, parameters: Parameters, w: torch.Tensor, images: Images
) -> tuple[State, torch.Tensor]:
    """1/N sum_n pull_i sum_p a'_{r,p} x_p, i the block of r; largest pre-activation [seeds]."""
    p = parameters

    def pulling(u: torch.Tensor, here: slice) -> tuple[torch.Tensor, torch.Tensor]:
        return by_class(u, lambda f: by(f, here), p.classes, p.power, p.linear_from)

    return _over_images(pulling, w, images)


def _over_images(pulling: Signal, w: torch.Tensor, images: Images) -> tuple[State, torch.Tensor]:
    """Mean over images of what drives pre-activations, on the kernels; the largest [seeds]."""
    total = torch.zeros_like(w)
    reach = w.new_full((len(w),), -torch.inf)
    begin = 0
    for patches in cache_sized(images.patches, w.shape[1]):
        here = slice(begin, begin + patches.shape[1])
        begin += patches.shape[1]
        signal, largest = pulling(project(w, patches), here)
        reach = torch.maximum(reach, largest.amax(1))
        total += back_project(signal, patches)
    return {"weights": total / images.patches.shape[1]}, reach


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy on the training images per seed [seeds]; no mask is drawn in this stage."""
    del largest
    return cross_entropy(logits(parameters, state, images.patches), images.labels)


OBJECTIVE = Objective(
    name="supervised",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    over_images=True,
    logits=logits,
    labelled=True,
    covers="one feature a class",
)
