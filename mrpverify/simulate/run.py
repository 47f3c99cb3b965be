"""What descent and flow share: the objectives, when a run is covered, its horizon, its answers."""

from __future__ import annotations

import torch

from .. import outside
from ..parameters import Parameters
from . import (
    clustering,
    contrastive,
    distilled,
    fine_tuning,
    mae,
    masked_supervised,
    supervised,
    teacher_student,
)  # fmt: skip
from .held_out import count_correct, training_margins
from .objective import Objective, State, one_feature_a_class
from .sample import Images, Moments
from .trajectory import NEVER

_OWN = (
    teacher_student,
    mae,
    contrastive,
    clustering,
    supervised,
    masked_supervised,
    distilled,
    fine_tuning,
)
OBJECTIVES: dict[str, Objective] = {module.OBJECTIVE.name: module.OBJECTIVE for module in _OWN}
"""Those of this package."""
LEAST_STEPS = 100
"""T is at least this many steps of size eta; after capture a kernel relaxes within about one."""
DIVERGED_AT = 1e3
"""A correlation this many feature lengths long is divergence, whatever the regime."""


def objective_of(parameters: Parameters) -> Objective:
    """What a run trains; raises OutsideError where it comes from outside and cannot be had."""
    own = OBJECTIVES.get(parameters.framework)
    found: Objective = own or outside.load(outside.OBJECTIVES, parameters.framework)
    return found


def horizon_rule(parameters: Parameters, coverage_time: torch.Tensor) -> torch.Tensor:
    """T of each seed from its time of full coverage, NEVER where there is none yet [seeds]."""
    from_coverage = (parameters.horizon_factor * coverage_time).clamp(
        min=LEAST_STEPS * parameters.step
    )
    limit = parameters.deadline if parameters.deadline > 0 else NEVER
    return torch.where(torch.isinf(coverage_time), limit, from_coverage)


def enough_crossed(parameters: Parameters, moments: Moments, crossed: torch.Tensor) -> torch.Tensor:
    """Whether enough features [seeds, features] have been crossed for T to be set [seeds].

    Pretraining: every feature that the data shows. Supervised learning: one of every class.
    """
    shown = moments.squared_activity > 0
    if objective_of(parameters).covers == "one feature a class":
        return one_feature_a_class(crossed & shown, parameters.classes).any(2).all(1)
    return (crossed | ~shown).all(1) & shown.any(1)


def diverged(correlations: torch.Tensor) -> torch.Tensor:
    """Seeds with a correlation beyond all bounds, or none that is a number [seeds]."""
    return ~(correlations.abs().amax((1, 2)) < DIVERGED_AT)


def correlate(weights: torch.Tensor, images: Images) -> torch.Tensor:
    """C = <w_r, v_f>, [seeds, kernels, features]."""
    return torch.bmm(weights, images.features.transpose(1, 2))


def classified(
    parameters: Parameters, state: State, images: Images, salt: str, seeds: list[int]
) -> dict[str, torch.Tensor]:
    """Head and answers on training and held-out images, where the objective has labels."""
    logits = objective_of(parameters).logits
    if logits is None:
        return {}
    right, number = count_correct(parameters, state, logits, salt, seeds)
    share, margin = training_margins(parameters, state, logits, images)
    found = {
        "test_correct": right,
        "test_number": number,
        "train_accuracy": share,
        "train_margin": margin,
    }
    return found | ({"final_head": state["head"]} if "head" in state else {})
