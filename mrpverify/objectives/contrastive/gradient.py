"""Contrastive pretraining, for comparison: two masked views of an image and InfoNCE.

With z_n of view one, z'_m of view two and s_{nm} = similarity(z_n, z'_m)/temperature,

    L = -1/(2N) sum_n [ log softmax_m(s_{nm})_n + log softmax_m(s_{mn})_n ].

State: ``weights`` [seeds, kernels, dimension]; ``streams``, the masks' random streams, on the CPU.
"""

from __future__ import annotations

import torch
from torch.nn.functional import log_softmax

from ...parameters import Parameters
from ...simulate.masks import draw_masks, mask_streams
from ...simulate.objective import Objective, State
from ...simulate.sample import Images
from ...simulate.similarity import (
    activations,
    compared_form,
    masked_outputs,
    pull_back,
    through_form,
)
from ...simulate.similarity import plateau_degree as plateau_degree
from .options import PARTS


def initial_state(
    parameters: Parameters, weights: torch.Tensor, salt: str, seeds: list[int]
) -> State:
    """State at time 0: kernels and the streams of masks."""
    del parameters
    return {"weights": weights, "streams": mask_streams(salt, seeds, "contrastive masks")}


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """-grad of InfoNCE for freshly drawn masks, and the largest pre-activation [seeds]."""
    del largest
    w, x = state["weights"], images.patches
    first, streams = draw_masks(parameters, state["streams"], x, images.owner)
    second, state["streams"] = draw_masks(parameters, streams, x, images.owner)
    a, slope, reach = activations(parameters, w, x)
    z, other = (masked_outputs(parameters, a, masks) for masks in (first, second))
    to_z, to_other = pull_of_views(parameters, z, other)
    total = pull_back(parameters, slope, x, ((first, to_z), (second, to_other)))
    return {"weights": total}, reach


def pull_of_views(
    parameters: Parameters, first: torch.Tensor, second: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """-grad of InfoNCE in the outputs of both views, each [seeds, images, kernels]."""
    y, other = compared_form(parameters, first), compared_form(parameters, second)
    s = torch.bmm(y, other.transpose(1, 2)) / parameters.temperature
    same = torch.eye(s.shape[1]).to(s)
    scale = 2 * s.shape[1] * parameters.temperature
    g = (2 * same - torch.softmax(s, 2) - torch.softmax(s, 1)) / scale
    to_y, to_other = torch.bmm(g, other), torch.bmm(g.transpose(1, 2), y)
    return (
        through_form(parameters, to_y, first),
        through_form(parameters, to_other, second),
    )


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """InfoNCE for the masks of the coming step, one sample of its expectation [seeds]."""
    del largest
    w, x = state["weights"], images.patches
    first, streams = draw_masks(parameters, state["streams"], x, images.owner)
    second, _ = draw_masks(parameters, streams, x, images.owner)
    a, _, _ = activations(parameters, w, x)
    y, other = (
        compared_form(parameters, masked_outputs(parameters, a, masks)) for masks in (first, second)
    )
    s = torch.bmm(y, other.transpose(1, 2)) / parameters.temperature
    both = log_softmax(s, 2) + log_softmax(s, 1)
    return -both.diagonal(dim1=1, dim2=2).mean(1) / 2


OBJECTIVE = Objective(
    name="contrastive",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
)
