"""Supervised learning that is taught by other runs (Allen-Zhu and Li, arXiv:2012.09816 [R]).

The network is supervised learning's, F_i = sum of h_r over block i. With q the soft labels of the
teachers (`simulate.teaching`) and p^tau(F) the student's own,

    direction_r = 1/N sum_n [ (1[y = i] - p_i) + eta_KD lift_i ] sum_p a'_{r,p} x_p,

i the block of r. With `derivative`

- truncated, AZL's, lift_i = (q_i - p^tau_i)_+: a soft label raises a logit and never lowers it, not
  even the logit of a class that nothing in the image shows;
- signed, lift_i = q_i - p^tau_i: it does both, also beyond the cap of the truncated softmax;
- exact, lift_i = q_i - p^tau_i where tau^2 F_i < 1, else 0: -1/tau times the gradient of the
  cross-entropy -sum_i q_i log p^tau_i, which rests where student and teachers see the same classes.

The first two belong to no loss; what is recorded as the loss is that of the labels. At eta_KD = 0
the run is supervised learning.

State: ``weights`` [seeds, kernels, dimension].
"""

from __future__ import annotations

from typing import cast

import torch

from ...parameters import Parameters
from ...simulate.classifier import pull
from ...simulate.objective import Objective, State
from ...simulate.sample import Images
from ...simulate.teaching import TaughtImages, truncated_softmax
from ..supervised.gradient import (
    direction_by,
    expected_loss,
    initial_state,
    logits,
    plateau_degree,
    trained,
)
from .options import PARTS


def descent_direction(
    parameters: Parameters, state: State, images: Images, largest: torch.Tensor
) -> tuple[State, torch.Tensor]:
    """The direction above, and the largest pre-activation of each seed [seeds]."""
    del largest
    p, soft = parameters, cast(TaughtImages, images).soft

    def by_both(outputs: torch.Tensor, here: slice) -> torch.Tensor:
        lifted = p.taught_weight * lift(p, outputs, soft[:, here])
        return pull(outputs, images.labels[:, here]) + lifted

    return direction_by(by_both, p, state["weights"], images)


def lift(parameters: Parameters, outputs: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """What a soft label does to each logit [seeds, images, classes], before its weight."""
    tau = parameters.label_temperature
    missing = soft - truncated_softmax(outputs, tau)
    if parameters.derivative == "truncated":
        return missing.clamp(min=0.0)
    if parameters.derivative == "exact":
        return missing.masked_fill(tau**2 * outputs >= 1, 0.0)
    return missing


OBJECTIVE = Objective(
    name="distilled",
    parts=PARTS,
    start=initial_state,
    direction=descent_direction,
    loss=expected_loss,
    plateau_degree=plateau_degree,
    trained=trained,
    logits=logits,
    labelled=True,
    covers="one feature a class",
)
