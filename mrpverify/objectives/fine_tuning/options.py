"""Options of fine-tuning and linear probe (section 2 [R])."""

from __future__ import annotations

from dataclasses import dataclass

from ...parts import Flow, Labels, Law, Network, Training
from ...parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """A head, and the encoder under it."""

    encoder_step: float = parameter(
        0.5,
        "eta_1",
        "step size of the encoder in fine-tuning, at most eta_2; 0: frozen",
        ge=0,
    )
    head_step: float = parameter(0.5, "eta_2", "step size of the head in fine-tuning", gt=0)
    fused: bool = parameter(
        False,
        "fused",
        "fine-tuning starts from the mean of the kernels (a control)",
    )


PARTS = (Law, Network, Training, Labels, FineTuning, Flow)
"""The parts of a regime that can change a run."""
