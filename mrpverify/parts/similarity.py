"""Options of the objectives that compare outputs: contrastive and clustering pretraining."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Similarity:
    """How outputs are compared."""

    similarity: Literal["inner", "cosine"] = parameter(
        "inner",
        "similarity",
        "of two outputs: inner product, or that of the unit vectors",
    )
    temperature: float = parameter(
        0.2,
        "temperature",
        "divides the similarities of contrastive and clustering",
        gt=0,
    )
