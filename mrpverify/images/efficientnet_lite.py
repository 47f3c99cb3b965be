"""EfficientNet-Lite0 with its 1000-class head: a second network that knows ImageNet's classes.

Not of ResNet50's family: depthwise convolutions, no plain 3x3 beyond the stem, trained by others
(Tan and Le, arXiv:1905.11946, in its variant without squeeze-and-excitation, with ReLU6). Paddings
are TensorFlow's "same", uneven at stride 2, and BatchNorm's epsilon is 1e-3. The middle of the
range of bytes, 127, is at 0 after `prepared`.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from . import kept
from .folder import MissingDataError
from .resnet50 import CLASSES
from .sources import SOURCES
from .state_dict import state_of

NAME = "lite0"
WEIGHTS = SOURCES[NAME].file
"""Of the source, and of its file."""
CENTRE, SPREAD = 127.0, 128.0
EPSILON = 1e-3


class Stage(NamedTuple):
    """Equal blocks: how many, side of the depthwise kernel, stride of the first, channels out."""

    blocks: int
    side: int
    stride: int
    expansion: int
    channels: int


STEM, HEAD = 32, 1280
STAGES = (
    Stage(1, 3, 1, 1, 16), Stage(2, 3, 2, 6, 24), Stage(2, 5, 2, 6, 40), Stage(3, 3, 2, 6, 80),
    Stage(3, 5, 1, 6, 112), Stage(4, 5, 2, 6, 192), Stage(1, 3, 1, 6, 320),
)  # fmt: skip

Weights = dict[str, np.ndarray]


class Same(nn.Conv2d):
    """A convolution without bias that pads as TensorFlow does: what is odd goes below and right."""

    def __init__(
        self, channels_in: int, channels: int, side: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(channels_in, channels, side, stride, groups=groups, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The map [n, channels, ceil(h/stride), ceil(w/stride)]."""
        down, across = (self._missing(size) for size in x.shape[2:])
        padded = nn.functional.pad(
            x, (across // 2, across - across // 2, down // 2, down - down // 2)
        )
        return super().forward(padded)

    def _missing(self, size: int) -> int:
        """Pixels that a side lacks for ceil(size/stride) places of the kernel."""
        side, stride = self.kernel_size[0], self.stride[0]
        return max((-(-size // stride) - 1) * stride + side - size, 0)


def _norm(channels: int) -> nn.BatchNorm2d:
    """BatchNorm as it was trained."""
    return nn.BatchNorm2d(channels, EPSILON)


class Block(nn.Module):
    """1x1 to more channels, depthwise, 1x1 to fewer; a shortcut where shapes allow it.

    Names of modules are those of the package, so that its state dict fits as it is.
    """

    def __init__(self, channels_in: int, stage: Stage, stride: int) -> None:
        super().__init__()
        wide = channels_in * stage.expansion
        self.expands = stage.expansion > 1
        if self.expands:
            self._expand_conv, self._bn0 = Same(channels_in, wide, 1), _norm(wide)
        self._depthwise_conv = Same(wide, wide, stage.side, stride, groups=wide)
        self._bn1 = _norm(wide)
        self._project_conv, self._bn2 = Same(wide, stage.channels, 1), _norm(stage.channels)
        self.has_shortcut = stride == 1 and channels_in == stage.channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The next map."""
        wide = x
        if self.expands:
            wide = nn.functional.relu6(self._bn0(self._expand_conv(x)))
        wide = nn.functional.relu6(self._bn1(self._depthwise_conv(wide)))
        narrow: torch.Tensor = self._bn2(self._project_conv(wide))
        return narrow + x if self.has_shortcut else narrow


class Lite0(nn.Module):
    """Prepared images [n, 3, h, w] to logits [n, 1000]."""

    def __init__(self) -> None:
        super().__init__()
        self._conv_stem, self._bn0 = Same(3, STEM, 3, 2), _norm(STEM)
        blocks, channels = [], STEM
        for stage in STAGES:
            for number in range(stage.blocks):
                blocks.append(Block(channels, stage, stage.stride if number == 0 else 1))
                channels = stage.channels
        self._blocks = nn.Sequential(*blocks)
        self._conv_head, self._bn1 = Same(channels, HEAD, 1), _norm(HEAD)
        self._fc = nn.Linear(HEAD, CLASSES)

    def forward(self, prepared: torch.Tensor) -> torch.Tensor:
        """Logits."""
        x = nn.functional.relu6(self._bn0(self._conv_stem(prepared)))
        x = nn.functional.relu6(self._bn1(self._conv_head(self._blocks(x))))
        out: torch.Tensor = self._fc(x.mean((2, 3)))
        return out

    def prepared(self, images: np.ndarray) -> torch.Tensor:
        """RGB bytes [n, h, w, 3] as the network wants them, the middle of their range at 0."""
        x = torch.from_numpy(np.ascontiguousarray(images)).float()
        return ((x - CENTRE) / SPREAD).permute(0, 3, 1, 2).contiguous()


def load() -> Lite0:
    """The fetched network in evaluation mode; raises MissingDataError."""
    weights = {name: torch.from_numpy(value) for name, value in kept.weights(NAME).items()}
    net = Lite0()
    if unfit := _unfit({name: value.shape for name, value in weights.items()}):
        raise MissingDataError(f"{NAME}: its weights do not fit ({unfit}); fetch --again {NAME}.")
    net.load_state_dict(weights, strict=False)  # without BatchNorm's counters
    return net.eval()


def random_network(seed: int) -> Lite0:
    """The same network with fresh weights: He-normal convolutions, unit BatchNorm, random head."""
    net, stream = Lite0(), torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, nn.Conv2d | nn.Linear):
                scale = (2 / part.weight[0].numel()) ** 0.5
                part.weight.copy_(torch.randn(part.weight.shape, generator=stream) * scale)
        net._fc.bias.zero_()
    return net.eval()


def from_state_dict(path: Path) -> Weights:
    """Arrays of a state dict of the package (read without running code).

    Raises MissingDataError for a file that is none, or one of another network.
    """
    weights = {name: value for name, value in state_of(path).items() if value.ndim}
    if unfit := _unfit({name: value.shape for name, value in weights.items()}):
        raise MissingDataError(f"{path}: no EfficientNet-Lite0; {unfit} does not fit.")
    return {name: value.float().numpy() for name, value in weights.items()}


def _unfit(shapes: dict[str, torch.Size]) -> str:
    """The first name that is missing, unknown or of another shape; nothing where all fit."""
    wanted = {name: value.shape for name, value in Lite0().state_dict().items() if value.ndim}
    names = sorted(shapes.keys() | wanted.keys())
    return next((name for name in names if shapes.get(name) != wanted.get(name)), "")
