"""Options of the masked autoencoder on pixels (section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...parts import OF_KERNELS, Flow, Masks
from ...parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class MaskedAutoencoder:
    """The masked autoencoder on pixels (section 2)."""

    target: Literal["all", "masked"] = parameter(
        "all",
        "target",
        "what the decoder predicts: the sum of all patches or of the masked ones",
    )
    bias: bool = parameter(True, "bias", "decoder bias, kept at its optimum in every step")
    decoder: Literal["tied-init", "independent", "tied"] = parameter(
        "tied-init",
        "decoder",
        "b = w at the start, b drawn apart, or b = w always (a control)",
    )
    decoder_scale: float = parameter(
        0.02,
        "sigma_b",
        "standard deviation of an initial coordinate, decoder independent",
        gt=0,
    )


PARTS = (*OF_KERNELS, Masks, MaskedAutoencoder, Flow)
"""The parts of a regime that can change a run."""
