"""Values from which the regimes of other runs are made; no run reads them itself."""

from __future__ import annotations

from dataclasses import dataclass

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Downstream:
    """Steps and lengths of what a claim compares its own run with."""

    budget: int = parameter(
        2000,
        "budget",
        "gradient steps of contrastive and clustering pretraining",
        ge=1,
    )
    compared_scale: float = parameter(
        0.05,
        "sigma_c",
        "initial scale of every arm where objectives are compared with each other",
        gt=0,
    )
    compared_step: float = parameter(
        0.5,
        "eta_c",
        "step size of contrastive and clustering pretraining",
        unit="time",
        gt=0,
    )
    supervised_step: float = parameter(
        2.0,
        "eta_SL",
        "step size of supervised learning out of the plateau",
        unit="time",
        gt=0,
    )
    probe_step: float = parameter(0.5, "eta_probe", "step size of a linear probe's head", gt=0)
    downstream_steps: int = parameter(400, "steps_2", "steps of fine-tuning and probe", ge=1)
