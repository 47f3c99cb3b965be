"""Which patches of an image a masked objective hides (section 2 [R], laws2 FIX [D])."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Masks:
    """Of what learns from masked images."""

    visible: float = parameter(
        0.5,
        "theta",
        "probability that a patch is visible; mask ratio 1 - theta",
        gt=0,
        le=1,
    )
    masks: Literal["bernoulli", "fixed"] = parameter(
        "bernoulli",
        "masks",
        "every patch is visible with probability theta, or exactly theta P of the P patches are",
    )
