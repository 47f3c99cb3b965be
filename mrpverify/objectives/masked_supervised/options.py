"""Options of supervised learning on masked images (laws2, AUG): the mask without reconstruction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...parts import OF_LABELS, Masks
from ...parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class MaskedLabels:
    """What is hidden from supervised learning, and whether the rest is made louder for it."""

    hides: Literal["any patch", "background"] = parameter(
        "any patch",
        "hides",
        "which patches the masks of masked supervised learning may hide (background: a control)",
    )
    rescaled: bool = parameter(
        False, "rescaled", "masked supervised learning divides what it sees by theta"
    )


PARTS = (*OF_LABELS, Masks, MaskedLabels)
"""The parts of a regime that can change a run."""
