"""Options of clustering pretraining, for comparison."""

from __future__ import annotations

from dataclasses import dataclass

from ...parts import OF_KERNELS, Masks, Similarity
from ...parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class Clustering:
    """Clustering pretraining alone."""

    refresh: int = parameter(
        25,
        "refresh",
        "steps between two k-means assignments of clustering",
        ge=1,
    )


PARTS = (*OF_KERNELS, Masks, Similarity, Clustering)
"""The parts of a regime that can change a run."""
