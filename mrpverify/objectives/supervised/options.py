"""Parts of supervised learning from scratch (section 2 [R]): it has no option of its own."""

from __future__ import annotations

from ...parts import OF_LABELS, Flow

PARTS = (*OF_LABELS, Flow)
"""The parts of a regime that can change a run."""
