"""Options of teacher-student pretraining on semantic targets (section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ...parts import OF_KERNELS, Flow, Masks
from ...parts.field import parameter

IN_STEPS = ("release", "ema")
"""Schedules whose teacher changes after a step: no gradient flow has them."""


@dataclass(frozen=True, kw_only=True)
class TeacherStudent:
    """Teacher-student pretraining on semantic targets (section 2)."""

    gain: Literal["constant", "hold", "release", "ema"] = parameter(
        "hold", "gain", "schedule of the teacher's gain"
    )
    tau: float = parameter(1.2, "tau", "the gain under the schedules constant and ema", ge=0)
    amplification: float = parameter(
        2.0, "Delta", "hold and release start with tau_1^q = K + Delta", ge=0
    )
    hold_width: float = parameter(
        0.0,
        "delta_h",
        "under hold tau falls, geometrically, from tau_1 at varrho to 1 at (1 + delta_h) varrho; "
        "0: at once",
        ge=0,
    )
    ema_decay: float = parameter(
        0.99,
        "ema_decay",
        "share of the moving-average teacher kept in each step",
        ge=0,
        lt=1,
    )
    stop_gradient: bool = parameter(
        True,
        "stop_gradient",
        "false lets the gradient through the teacher (a control)",
    )


PARTS = (*OF_KERNELS, Masks, TeacherStudent, Flow)
"""The parts of a regime that can change a run."""
