"""How long a run trains, in which steps, and in which arithmetic (section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Flow:
    """Of what has a gradient flow; masks that are drawn in every step have none."""

    method: Literal["descent", "flow"] = parameter(
        "descent",
        "method",
        "gradient descent with the step eta, or the gradient flow integrated to the tolerance tol",
    )
    tolerance: float = parameter(
        1e-4,
        "tol",
        "relative error that one step of the flow may make in a kernel",
        method="flow",
        gt=0,
        le=0.1,
    )
    work: int = parameter(
        20000,
        "work",
        "gradient evaluations of a flow after which a run ends with nothing known about T",
        method="flow",
        ge=1,
    )


@dataclass(frozen=True, kw_only=True)
class Training:
    """Step, horizon and limits of every run."""

    step: float = parameter(
        4.0, "eta", "step size once a kernel is out of the plateau", unit="time", gt=0
    )
    horizon_factor: float = parameter(
        2.0,
        "horizon_factor",
        "T = this many times the time of full coverage; a claim needs 2 at least",
        ge=1,
    )
    horizon: float = parameter(
        0.0,
        "horizon",
        "T of a control, which shares its claim's, or of a law; 0: the rule",
        unit="time",
        ge=0,
    )
    deadline: float = parameter(
        0.0,
        "deadline",
        "a run not covered at this time ends there and counts as failed; 0: none",
        unit="time",
        method="descent",
        ge=0,
    )
    max_steps: int = parameter(
        6000,
        "max_steps",
        "steps after which a run ends with nothing known about T",
        method="descent",
        ge=1,
    )
    precision: Literal["float32", "float64", "tf32"] = parameter(
        "float32",
        "precision",
        "floating-point type of the simulation; tf32: float32, its products in TF32 (on a GPU)",
    )
