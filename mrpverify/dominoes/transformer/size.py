"""How large the transformer is and how long it learns: fixed here, from the salt "explore".

"small" is for CPU cores, "full" for a GPU; "tiny" shows within seconds that it runs, and says
nothing. The numbers of a size are part of every run's address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ..options import SIDE
from .canvas import grid
from .network import Shape


@dataclass(frozen=True, kw_only=True)
class Size:
    """One network and its training lengths, in steps; the same for every arm and seed."""

    side: int = 7
    """Pixels of a patch's side."""
    width: int
    layers: int
    heads: int = 4
    decoder_width: int
    decoder_layers: int
    hidden: float = 0.75
    """Share of patches that are hidden, the same number in every image."""
    pretraining_steps: int
    pretraining_batch: int
    pretraining_rate: float
    label_steps: int
    """Of fine-tuning and of supervised learning."""
    label_batch: int
    label_rate: float
    longer: int = 5
    """Times as long that supervised learning is given beside."""
    images: int = 500
    """Training images, those of the recipe."""
    test_images: int = 1000
    """Of each kind."""

    def shape(self, pictures: int) -> Shape:
        """The network for images of so many pictures."""
        rows, columns = grid(pictures)
        each = SIDE // self.side
        return Shape(
            rows * each, columns * each, self.side**2, self.width, self.layers, self.heads,
            self.decoder_width, self.decoder_layers,
        )  # fmt: skip

    def visible(self, tokens: int) -> int:
        """Patches that are not hidden, of so many."""
        return tokens - round(self.hidden * tokens)


SIZES: Mapping[str, Size] = MappingProxyType(
    {
        "tiny": Size(
            width=8, layers=1, heads=2, decoder_width=8, decoder_layers=1,
            pretraining_steps=3, pretraining_batch=10, pretraining_rate=1e-3,
            label_steps=2, label_batch=10, label_rate=1e-3, images=40, test_images=40,
        ),
        "small": Size(
            width=48, layers=2, decoder_width=32, decoder_layers=1,
            pretraining_steps=1000, pretraining_batch=32, pretraining_rate=1.5e-3,
            label_steps=200, label_batch=32, label_rate=1e-3,
        ),
        "full": Size(
            width=96, layers=4, decoder_width=64, decoder_layers=1,
            pretraining_steps=4500, pretraining_batch=64, pretraining_rate=1e-3,
            label_steps=400, label_batch=32, label_rate=1e-3,
        ),
    }
)  # fmt: skip
