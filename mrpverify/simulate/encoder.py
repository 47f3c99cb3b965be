"""The two-layer encoder h_r(X) = sum_p sReLU(<w_r, x_p>) (section 2 [R])."""

from __future__ import annotations

import torch


def smoothed_relu(
    u: torch.Tensor, power: int, linear_from: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """sReLU(u) and its derivative: u^q/(q varrho^{q-1}) on [0, varrho], then a line of slope 1."""
    share = (u / linear_from).clamp_(0.0, 1.0)
    slope = share.pow(power - 1)
    value = share.mul_(slope).mul_(linear_from / power)
    return value.add_((u - linear_from).clamp_(min=0.0)), slope


def project(weights: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """<w_r, x_p> as [seeds, images, patches, kernels]."""
    seeds, images, count, dimension = patches.shape
    flat = torch.bmm(patches.reshape(seeds, images * count, dimension), weights.transpose(1, 2))
    return flat.view(seeds, images, count, -1)


def back_project(signal: torch.Tensor, patches: torch.Tensor) -> torch.Tensor:
    """Mean over images of sum_p signal_{r,p} x_p as [seeds, kernels, dimension]."""
    seeds, images, count, dimension = patches.shape
    kernels = signal.shape[-1]
    flat = signal.reshape(seeds, images * count, kernels).transpose(1, 2)
    return torch.bmm(flat, patches.reshape(seeds, images * count, dimension)) / images
