"""ResNet50 with its 1000-class head: the Keras/Caffe weights of the package or torchvision's.

The two differ in where a stage strides (first 1x1 or 3x3 convolution), in biases of convolutions,
in the epsilon of BatchNorm and in the input (BGR minus the mean, or RGB standardised). In both, 0
is the training mean after `prepared`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from . import kept
from .folder import MANIFEST, MissingDataError, broken, data_folder, manifest
from .sources import SOURCES
from .state_dict import state_of

NAME, NAMES = "resnet50", "labels.json"
WEIGHTS = SOURCES[NAME].file
STAGES = ((64, 3), (128, 4), (256, 6), (512, 3))
CLASSES = 1000
_EXPANSION = 4


@dataclass(frozen=True)
class Variant:
    """Which of the two networks the weights belong to."""

    stride_first: bool
    bias: bool
    epsilon: float
    bgr: bool
    mean: tuple[float, float, float]
    spread: tuple[float, float, float]


VARIANTS = {
    "caffe": Variant(True, True, 1e-3, True, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
    "torchvision": Variant(
        False, False, 1e-5, False, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    ),
}

Weights = dict[str, np.ndarray]


class Bottleneck(nn.Module):
    """1x1, 3x3, 1x1 convolutions beside a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int, variant: Variant) -> None:
        super().__init__()
        first, second = (stride, 1) if variant.stride_first else (1, stride)
        wide = channels * _EXPANSION
        self.conv1 = nn.Conv2d(channels_in, channels, 1, first, bias=variant.bias)
        self.bn1 = nn.BatchNorm2d(channels, variant.epsilon)
        self.conv2 = nn.Conv2d(channels, channels, 3, second, 1, bias=variant.bias)
        self.bn2 = nn.BatchNorm2d(channels, variant.epsilon)
        self.conv3 = nn.Conv2d(channels, wide, 1, bias=variant.bias)
        self.bn3 = nn.BatchNorm2d(wide, variant.epsilon)
        self.downsample: nn.Module = nn.Identity()
        if channels_in != wide or stride != 1:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, wide, 1, stride, bias=variant.bias),
                nn.BatchNorm2d(wide, variant.epsilon),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """The next map."""
        inner = torch.relu(self.bn1(self.conv1(x)))
        inner = torch.relu(self.bn2(self.conv2(inner)))
        return torch.relu(self.bn3(self.conv3(inner)) + self.downsample(x))


class ResNet50(nn.Module):
    """Prepared images [n, 3, h, w] to logits [n, 1000]; names of modules are torchvision's."""

    def __init__(self, variant: Variant) -> None:
        super().__init__()
        self.variant = variant
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=variant.bias)
        self.bn1 = nn.BatchNorm2d(64, variant.epsilon)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        channels_in = 64
        for number, (channels, blocks) in enumerate(STAGES, 1):
            stage = nn.Sequential()
            for block in range(blocks):
                stride = 2 if block == 0 and number > 1 else 1
                stage.append(Bottleneck(channels_in, channels, stride, variant))
                channels_in = channels * _EXPANSION
            setattr(self, f"layer{number}", stage)
        self.fc = nn.Linear(channels_in, CLASSES)

    def last_map(self, prepared: torch.Tensor) -> torch.Tensor:
        """Activations of the last convolution stage [n, 2048, h/32, w/32], non-negative."""
        x = self.maxpool(torch.relu(self.bn1(self.conv1(prepared))))
        for number in range(1, len(STAGES) + 1):
            x = getattr(self, f"layer{number}")(x)
        return x  # type: ignore[no-any-return]

    def forward(self, prepared: torch.Tensor) -> torch.Tensor:
        """Logits."""
        out: torch.Tensor = self.fc(self.last_map(prepared).mean((2, 3)))
        return out

    def prepared(self, images: np.ndarray) -> torch.Tensor:
        """RGB bytes [n, h, w, 3] as the network wants them, the training mean at 0."""
        x = torch.from_numpy(np.ascontiguousarray(images)).float()
        x = x.flip(-1) if self.variant.bgr else x
        x = (x - torch.tensor(self.variant.mean)) / torch.tensor(self.variant.spread)
        return x.permute(0, 3, 1, 2).contiguous()


def load() -> ResNet50:
    """The fetched network in evaluation mode; raises MissingDataError."""
    net = ResNet50(_variant())
    weights = {name: torch.from_numpy(value) for name, value in kept.weights(NAME).items()}
    missing = net.load_state_dict(weights, strict=False)
    bad = [n for n in missing.missing_keys if not n.endswith("num_batches_tracked")]
    if bad or missing.unexpected_keys:
        raise MissingDataError(
            f"resnet50: its weights do not fit ({bad or missing.unexpected_keys})"
        )
    return net.eval()


def _variant() -> Variant:
    """Which network was fetched; raises MissingDataError."""
    name = manifest(NAME).get("variant")
    if name not in VARIANTS:
        path = data_folder() / NAME / MANIFEST
        raise broken(NAME, path, f"variant={name!r} is none of {', '.join(VARIANTS)}")
    return VARIANTS[name]


def random_network(seed: int) -> ResNet50:
    """The same network with fresh weights: He-normal convolutions, unit BatchNorm, random head."""
    net = ResNet50(_variant())
    stream = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in net.modules():
            if isinstance(part, (nn.Conv2d, nn.Linear)):
                scale = (2 / part.weight[0].numel()) ** 0.5
                part.weight.copy_(torch.randn(part.weight.shape, generator=stream) * scale)
                if part.bias is not None:
                    part.bias.zero_()
    return net.eval()


def class_names() -> list[str]:
    """Names of the 1000 classes in the order of the head; raises MissingDataError."""
    manifest(NAME)
    path = data_folder() / NAME / NAMES
    if not path.is_file():
        return [str(index) for index in range(CLASSES)]
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
        return [str(names[str(index)]).replace("_", " ") for index in range(CLASSES)]
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise broken(NAME, path, f"does not name the classes ({error!r})") from None


def from_package(folder: Path) -> Weights:
    """torchvision-named arrays from the TF.js shards of the package."""
    tensors = _read_shards(folder)
    found: Weights = {}
    for name, value in tensors.items():
        layer, _, kind = name.partition("/")
        found[f"{_module(layer)}.{_KINDS[kind]}"] = _turned(kind, value)
    return found


_KINDS = {
    "kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
    "moving_mean": "running_mean", "moving_variance": "running_var",
}  # fmt: skip


def _turned(kind: str, value: np.ndarray) -> np.ndarray:
    """Kernels (h, w, in, out) as (out, in, h, w), dense ones (in, out) as (out, in)."""
    if kind != "kernel":
        return value.copy()
    return np.ascontiguousarray(value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T)


def _module(layer: str) -> str:
    """Keras name of a layer to torchvision's, e.g. res4b_branch2a to layer3.1.conv1."""
    if layer in ("conv1", "bn_conv1", "fc1000"):
        return {"conv1": "conv1", "bn_conv1": "bn1", "fc1000": "fc"}[layer]
    kind, _, branch = layer.partition("_branch")
    place = kind.removeprefix("res").removeprefix("bn")
    block = f"layer{int(place[0]) - 1}.{'abcdef'.index(place[1])}"
    is_norm = layer.startswith("bn")
    if branch == "1":
        return f"{block}.downsample.{int(is_norm)}"
    return f"{block}.{'bn' if is_norm else 'conv'}{'abc'.index(branch[1]) + 1}"


def _read_shards(folder: Path) -> dict[str, np.ndarray]:
    """Name -> array of a TF.js layers model."""
    content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    found: dict[str, np.ndarray] = {}
    for group in content["weightsManifest"]:
        data = b"".join((folder / Path(path).name).read_bytes() for path in group["paths"])
        offset = 0
        for item in group["weights"]:
            number = int(np.prod(item["shape"]))
            values = np.frombuffer(data, np.float32, number, offset)
            found[item["name"]] = values.reshape(item["shape"])
            offset += 4 * number
    return found


def from_state_dict(path: Path) -> Weights:
    """Arrays of a torchvision state dict (read without running code); raises MissingDataError."""
    state = state_of(path)
    expected = {k: v.shape for k, v in ResNet50(VARIANTS["torchvision"]).state_dict().items()}
    shapes = {k: v.shape for k, v in state.items()}
    wrong = [n for n in expected if "num_batches" not in n and shapes.get(n) != expected[n]]
    if wrong or set(shapes) - set(expected):
        named = sorted([*wrong, *(set(shapes) - set(expected))])[0]
        raise MissingDataError(f"{path}: no torchvision ResNet50; {named} does not fit.")
    return {name: value.float().numpy() for name, value in state.items() if value.ndim}
