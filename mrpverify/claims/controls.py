"""Controls of what follows pretraining (section 5): each takes away the reason for a gap."""

from __future__ import annotations

from .claim import Control

FUSED = Control(
    "encoder fused across classes",
    "kernels that all hold the mean of every feature tell no class from another",
    change=lambda parameters: {"fused": True},
)
HALF_COVERED = Control(
    "pretraining without the second view",
    "the view that pretraining did not see stays unknown, as in supervised learning",
    change=lambda parameters: {"coverage": 1 / parameters.views},
)
OVERSHOOT = Control(
    "encoder step far above its bound",
    "steps beyond the stable ones throw kernels off their features",
    change=lambda parameters: {"encoder_step": 400 * parameters.encoder_step},
)
NOTHING_HIDDEN = Control(
    "no single-view images",
    "images of both groups show every view, in training and in test: nothing is lost",
    change=lambda parameters: {"hide": False},
)
ONE_VIEW = Control(
    "one feature per class",
    "a class has nothing else to lose",
    change=lambda parameters: {"views": 1},
)
