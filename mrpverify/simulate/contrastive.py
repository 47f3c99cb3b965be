"""Contrastive pretraining, for comparison: two masked views of an image and InfoNCE (SimCLR's form).

With y = z/|z| of view one, y' of view two and s_{nm} = <y_n, y'_m>/temperature,

    L = -1/(2N) sum_n [ log softmax_m(s_{nm})_n + log softmax_m(s_{mn})_n ].

State: ``weights`` [seeds, kernels, dimension]; ``streams``, the masks' random streams, on the CPU.
"""

from __future__ import annotations

import torch
from torch.nn.functional import log_softmax

from ..parameters import Parameters
from .sample import Images
from .similarity import draw_masks, mask_streams, masked_outputs, pull_back, through_unit, unit

State = dict[str, torch.Tensor]


def plateau_degree(parameters: Parameters) -> int:
    """0: a cosine does not change with the scale of the kernels."""
    del parameters
    return 0


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
    first, streams = draw_masks(parameters, state["streams"], x)
    second, state["streams"] = draw_masks(parameters, streams, x)
    z, reach = masked_outputs(parameters, w, x, first)
    other, _ = masked_outputs(parameters, w, x, second)
    to_z, to_other = pull_of_views(parameters, z, other)
    total = pull_back(parameters, w, x, first, to_z)
    return {"weights": total + pull_back(parameters, w, x, second, to_other)}, reach


def pull_of_views(
    parameters: Parameters, first: torch.Tensor, second: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """-grad of InfoNCE in the outputs of both views, each [seeds, images, kernels]."""
    y, length = unit(first)
    other, other_length = unit(second)
    s = torch.bmm(y, other.transpose(1, 2)) / parameters.temperature
    same = torch.eye(s.shape[1]).to(s)
    scale = 2 * s.shape[1] * parameters.temperature
    g = (2 * same - torch.softmax(s, 2) - torch.softmax(s, 1)) / scale
    to_y, to_other = torch.bmm(g, other), torch.bmm(g.transpose(1, 2), y)
    return through_unit(to_y, y, length), through_unit(to_other, other, other_length)


def after_step(parameters: Parameters, state: State, largest: torch.Tensor) -> None:
    """Nothing beside the trained tensors changes."""


def expected_loss(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> torch.Tensor:
    """InfoNCE for the masks of the coming step, one sample of its expectation [seeds]."""
    del largest
    w, x = state["weights"], images.patches
    first, streams = draw_masks(parameters, state["streams"], x)
    second, _ = draw_masks(parameters, streams, x)
    y, _ = unit(masked_outputs(parameters, w, x, first)[0])
    other, _ = unit(masked_outputs(parameters, w, x, second)[0])
    s = torch.bmm(y, other.transpose(1, 2)) / parameters.temperature
    both = log_softmax(s, 2) + log_softmax(s, 1)
    return -both.diagonal(dim1=1, dim2=2).mean(1) / 2
