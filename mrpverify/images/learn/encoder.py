"""The small convolutional encoder: patches first, then two stages of residual 3x3 convolutions.

A first convolution of stride 4 makes one position per 4 px patch, so that a hidden patch is a
hidden position and no kernel of the first layer sees across the edge of a mask. GroupNorm, not
BatchNorm: masked and whole images, pretraining and fine-tuning share no running statistics that
would have to be estimated again.
"""

from __future__ import annotations

import torch
from torch import nn

PATCH = 4
"""Side of a patch in pixels."""
SIDE = 32
"""Side of an image in pixels."""
GRID = SIDE // PATCH
"""Patches along one side of an image."""
CLASSES = 10

_GROUPS = 8


class Residual(nn.Module):
    """Two 3x3 convolutions with GroupNorm beside a shortcut."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels_in, channels_out, 3, stride, 1, bias=False)
        self.first_norm = nn.GroupNorm(_GROUPS, channels_out)
        self.second = nn.Conv2d(channels_out, channels_out, 3, 1, 1, bias=False)
        self.second_norm = nn.GroupNorm(_GROUPS, channels_out)
        same = channels_in == channels_out and stride == 1
        self.shortcut = (
            nn.Identity() if same else nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map [images, channels, side, side] to the next one."""
        inner = torch.relu(self.first_norm(self.first(x)))
        return torch.relu(self.shortcut(x) + self.second_norm(self.second(inner)))


class Encoder(nn.Module):
    """Images [n, 3, 32, 32], normalised, to the last map [n, 2 width, 4, 4], non-negative."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.channels = 2 * width
        self.patches = nn.Conv2d(3, width, PATCH, PATCH, bias=False)
        self.patches_norm = nn.GroupNorm(_GROUPS, width)
        self.first = Residual(width, width, 1)
        self.last = Residual(width, 2 * width, 2)

    def maps(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Maps after both stages: [n, width, 8, 8] and [n, 2 width, 4, 4]."""
        first = self.first(torch.relu(self.patches_norm(self.patches(images))))
        return first, self.last(first)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The last map."""
        return self.maps(images)[1]


class Classifier(nn.Module):
    """Encoder, mean over positions, linear head (zero at the start, as in section 2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.encoder = Encoder(width)
        self.head = nn.Linear(self.encoder.channels, CLASSES)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits [n, 10]."""
        out: torch.Tensor = self.head(self.encoder(images).mean((2, 3)))
        return out


def fresh(module: nn.Module, stream: torch.Generator) -> None:
    """Draw every convolution of a module from `stream`: N(0, 2 / fan-in)."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            fan_in = part.weight[0].numel()
            with torch.no_grad():
                part.weight.copy_(
                    torch.randn(part.weight.shape, generator=stream) * (2 / fan_in) ** 0.5
                )
                if part.bias is not None:
                    part.bias.zero_()


def flat(module: nn.Module) -> torch.Tensor:
    """All parameters of a module as one float32 vector on the CPU."""
    return torch.cat([p.detach().reshape(-1).float().cpu() for p in module.parameters()])


def load_flat(module: nn.Module, vector: torch.Tensor) -> None:
    """Set the parameters of a module from `flat`; raises ValueError for another length."""
    parameters = list(module.parameters())
    if sum(p.numel() for p in parameters) != vector.numel():
        raise ValueError(
            f"{vector.numel()} weights for a network of {sum(p.numel() for p in parameters)}"
        )
    start = 0
    with torch.no_grad():
        for p in parameters:
            p.copy_(vector[start : start + p.numel()].reshape(p.shape))
            start += p.numel()
