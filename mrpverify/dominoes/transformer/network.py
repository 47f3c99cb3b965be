"""A small vision transformer and its decoder, the networks of several seeds at once.

Weights are plain tensors with seeds as the leading axis; what one seed does is what it does alone.
Encoder and decoder are those of a masked autoencoder (He et al. 2022, section 3): linear patches,
fixed positions, pre-normalised blocks; the encoder sees the visible patches alone, the decoder
these and a learned token for each hidden one. An image's features are the mean over its tokens.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention

from .canvas import positions

Weights = dict[str, torch.Tensor]
"""Tensors [seeds, ...] by name; a matrix is [seeds, in, out]."""
MLP = 4
"""Width of the hidden layer of a block, in widths of the block."""
SPREAD = 0.02
"""Standard deviation of the learned mask token at first."""


@dataclass(frozen=True)
class Shape:
    """What a network is made of."""

    rows: int
    """Patches of an image from top to bottom."""
    columns: int
    values: int
    """Pixels of a patch."""
    width: int
    layers: int
    heads: int
    decoder_width: int
    decoder_layers: int

    @property
    def tokens(self) -> int:
        """Patches of an image."""
        return self.rows * self.columns


def fresh_encoder(shape: Shape, classes: int, stream: torch.Generator) -> Weights:
    """An encoder of one seed and a head of zeros, without the axis of seeds."""
    weights: Weights = {}
    _add_linear(weights, "embed", shape.values, shape.width, stream)
    _add_blocks(weights, "block", shape.layers, shape.width, stream)
    _add_norm(weights, "norm", shape.width)
    weights["head.weight"] = torch.zeros(shape.width, classes)
    weights["head.bias"] = torch.zeros(classes)
    return weights


def fresh_decoder(shape: Shape, stream: torch.Generator) -> Weights:
    """A decoder of one seed, likewise."""
    weights: Weights = {}
    own = shape.decoder_width
    _add_linear(weights, "into", shape.width, own, stream)
    weights["hidden"] = SPREAD * torch.randn(own, generator=stream)
    _add_blocks(weights, "decoder", shape.decoder_layers, own, stream)
    _add_norm(weights, "last", own)
    _add_linear(weights, "pixels", own, shape.values, stream)
    return weights


def stacked(weights: list[Weights]) -> Weights:
    """Those of several seeds with the axis of seeds."""
    return {name: torch.stack([own[name] for own in weights]) for name in weights[0]}


def encode(
    weights: Weights, shape: Shape, tokens: torch.Tensor, seen: torch.Tensor | None = None
) -> torch.Tensor:
    """Tokens [seeds, n, visible, width] of patches [seeds, n, tokens, values].

    `seen` [seeds, n, visible] are the patches that it sees, all by default.
    """
    place = _positions(shape.rows, shape.columns, shape.width, tokens.device)
    if seen is not None:
        tokens = picked(tokens, seen)
        place = place[seen]
    x = _linear(weights, "embed", tokens) + place
    for layer in range(shape.layers):
        x = _block(weights, f"block {layer}", shape.heads, x)
    return _norm(weights, "norm", x)


def decode(weights: Weights, shape: Shape, found: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Pixels of every patch [seeds, n, tokens, values] from the tokens of the visible ones."""
    x = _linear(weights, "into", found)
    seeds, n, _, width = x.shape
    blank = weights["hidden"][:, None, None].to(x.dtype)
    full = blank.expand(seeds, n, shape.tokens, width)
    full = full.scatter(2, seen.unsqueeze(-1).expand(-1, -1, -1, width), x)
    x = full + _positions(shape.rows, shape.columns, width, x.device)
    for layer in range(shape.decoder_layers):
        x = _block(weights, f"decoder {layer}", shape.heads, x)
    return _linear(weights, "pixels", _norm(weights, "last", x))


def pooled(found: torch.Tensor) -> torch.Tensor:
    """Features of images [seeds, n, width]."""
    return found.float().mean(2)


def logits(weights: Weights, features: torch.Tensor) -> torch.Tensor:
    """[seeds, n, classes] from features."""
    return torch.baddbmm(weights["head.bias"].unsqueeze(1), features, weights["head.weight"])


def picked(values: torch.Tensor, chosen: torch.Tensor) -> torch.Tensor:
    """The chosen tokens [seeds, n, chosen, ...] of [seeds, n, tokens, ...]."""
    return values.gather(2, chosen.unsqueeze(-1).expand(-1, -1, -1, values.shape[-1]))


@lru_cache(maxsize=4)
def _positions(rows: int, columns: int, width: int, device: torch.device) -> torch.Tensor:
    """Those of the canvas, brought to a device once and not in every step."""
    return positions(rows, columns, width).to(device)


def _add_linear(
    weights: Weights, name: str, inside: int, outside: int, stream: torch.Generator
) -> None:
    """Uniform in +-sqrt(6 / (in + out)) (Glorot), without a bias at first."""
    reach = (6 / (inside + outside)) ** 0.5
    weights[f"{name}.weight"] = reach * (2 * torch.rand(inside, outside, generator=stream) - 1)
    weights[f"{name}.bias"] = torch.zeros(outside)


def _add_norm(weights: Weights, name: str, width: int) -> None:
    weights[f"{name}.weight"] = torch.ones(width)
    weights[f"{name}.bias"] = torch.zeros(width)


def _add_blocks(
    weights: Weights, name: str, layers: int, width: int, stream: torch.Generator
) -> None:
    for layer in range(layers):
        own = f"{name} {layer}"
        _add_norm(weights, f"{own} norm", width)
        _add_linear(weights, f"{own} look", width, 3 * width, stream)
        _add_linear(weights, f"{own} tell", width, width, stream)
        _add_norm(weights, f"{own} second norm", width)
        _add_linear(weights, f"{own} widen", width, MLP * width, stream)
        _add_linear(weights, f"{own} narrow", MLP * width, width, stream)


def _linear(weights: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    """x [seeds, n, tokens, in] times a matrix of every seed."""
    seeds, n, tokens, inside = x.shape
    rows = x.reshape(seeds, n * tokens, inside)
    matrix, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
    return torch.baddbmm(bias.unsqueeze(1), rows, matrix).reshape(seeds, n, tokens, -1)


def _norm(weights: Weights, name: str, x: torch.Tensor) -> torch.Tensor:
    """Layer normalisation with the scale and shift of every seed."""
    scale, shift = (weights[f"{name}.{part}"][:, None, None] for part in ("weight", "bias"))
    return torch.addcmul(shift, layer_norm(x, x.shape[-1:]), scale)


def _block(weights: Weights, name: str, heads: int, x: torch.Tensor) -> torch.Tensor:
    """Attention and two layers, each beside a shortcut."""
    x = x + _attention(weights, name, heads, _norm(weights, f"{name} norm", x))
    inner = gelu(_linear(weights, f"{name} widen", _norm(weights, f"{name} second norm", x)))
    return x + _linear(weights, f"{name} narrow", inner)


def _attention(weights: Weights, name: str, heads: int, x: torch.Tensor) -> torch.Tensor:
    """Every token looks at all tokens of its image."""
    seeds, n, tokens, width = x.shape
    parts = _linear(weights, f"{name} look", x)
    parts = parts.reshape(seeds * n, tokens, 3, heads, width // heads)
    query, key, value = parts.permute(2, 0, 3, 1, 4)
    found = scaled_dot_product_attention(query, key, value)
    found = found.transpose(1, 2).reshape(seeds, n, tokens, width)
    return _linear(weights, f"{name} tell", found)
