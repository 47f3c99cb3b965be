"""Masked outputs and their similarities, shared by contrastive and clustering pretraining.

Both see an image through a sampled mask, z = h(eps X)/theta, and ask which of several candidates
belongs to it: p = softmax(similarity(z, candidate)/temperature). The similarity is the inner
product, or the cosine, which does not see the scale of the kernels. No mask expectation is
closed-form here, so masks are drawn anew in every step; given the masks the gradient is exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch

from ..parameters import Parameters
from .encoder import back_project, project
from .passes import activated

TINY = 1e-20
"""Added to norms: an image that no kernel sees has no direction."""


def activations(
    parameters: Parameters, weights: torch.Tensor, patches: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """a_{r,p} and its slope [seeds, images, patches, kernels]; largest pre-activation [seeds].

    Masks only choose among them, so several masked views of an image share one projection.
    """
    u = project(weights, patches)
    a, slope = activated(u, parameters.power, parameters.linear_from)
    return a, slope, u.amax((1, 2, 3))


def masked_outputs(parameters: Parameters, a: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """h(eps X)/theta [seeds, images, kernels]."""
    seen: torch.Tensor = torch.matmul(masks.unsqueeze(2), a).squeeze(2)
    return seen / parameters.visible


def pull_back(
    parameters: Parameters,
    slope: torch.Tensor,
    patches: torch.Tensor,
    views: Sequence[tuple[torch.Tensor, torch.Tensor]],
) -> torch.Tensor:
    """-grad in w [seeds, kernels, dimension] from that in the outputs of views (masks, pull)."""
    masks = torch.stack([mask for mask, _ in views], -1)
    pulls = torch.stack([pull for _, pull in views], 2)
    return back_project(torch.matmul(masks, pulls).mul_(slope), patches) / parameters.visible


def plateau_degree(parameters: Parameters) -> int:
    """Degree of homogeneity of the similarities below varrho: 2q, or 0 without scale."""
    return 0 if parameters.similarity == "cosine" else 2 * parameters.power


def compared_form(parameters: Parameters, z: torch.Tensor) -> torch.Tensor:
    """What similarities are taken of: z, or z/|z| [seeds, rows, kernels]."""
    return z if parameters.similarity == "inner" else unit(z)


def unit(z: torch.Tensor) -> torch.Tensor:
    """Rows scaled to length one [seeds, rows, kernels]."""
    return z / _length(z)


def through_form(parameters: Parameters, direction: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
    """Gradient in z from that in the compared form; for z/|z| the part across it, over |z|."""
    if parameters.similarity == "inner":
        return direction
    y = unit(z)
    along = (direction * y).sum(2, keepdim=True)
    return (direction - along * y) / _length(z)


def _length(z: torch.Tensor) -> torch.Tensor:
    """|z| of every row, never zero [seeds, rows, 1]."""
    squared: torch.Tensor = z.square().sum(2, keepdim=True)
    return squared.sqrt() + TINY
