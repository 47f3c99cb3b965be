"""Parts of contrastive pretraining: it has no option that clustering does not have."""

from __future__ import annotations

from ...parts import OF_KERNELS, Masks, Similarity

PARTS = (*OF_KERNELS, Masks, Similarity)
"""The parts of a regime that can change a run."""
