"""Options of learning from other runs' soft labels (Allen-Zhu and Li, arXiv:2012.09816 [R])."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...parts import OF_LABELS, Flow
from ...parts.field import parameter


@dataclass(frozen=True, kw_only=True)
class Distillation:
    """How soft the labels of the teachers are, and what the student does with them."""

    label_temperature: float = parameter(
        0.5,
        "tau_KD",
        "temperature of soft labels: logits enter them as min(tau_KD^2 F, 1)/tau_KD",
        gt=0,
    )
    teacher_scale: float = parameter(
        64.0,
        "g_KD",
        "factor of the mean of the teachers' logits in their soft labels (polylog k)",
        gt=0,
    )
    taught_weight: float = parameter(
        1.0, "eta_KD", "weight of the soft labels beside the labels, eta'/eta", ge=0
    )
    derivative: Literal["truncated", "signed", "exact"] = parameter(
        "truncated",
        "derivative",
        "what a soft label q does to logit i, before eta_KD: (q - p)_+; q - p; q - p below the cap",
    )
    soft_labels: Literal["own", "permuted", "smoothed"] = parameter(
        "own",
        "soft_labels",
        "what an image is taught: its own soft label, that of another one of its class, or as much "
        "on the label and the rest spread evenly",
    )


PARTS = (*OF_LABELS, Flow, Distillation)
"""The parts of a regime that can change a run."""
