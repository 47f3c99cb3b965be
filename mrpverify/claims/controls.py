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
    # What is left of the gain is minus what near ties give supervised learning, a few hundredths.
    seeds=16,
)
# With true labels a hundred times the step does not fail: on class-pure kernels the first step of
# the head already separates the classes, and what is right with a margin pulls no more.
OVERSHOOT = Control(
    "shuffled labels, forty times as long",
    "a residual that never vanishes, for forty times the time, throws kernels off their features",
    change=lambda parameters: {
        "true_labels": False,
        "encoder_step": 40 * parameters.encoder_step,
        "head_step": 40 * parameters.head_step,
    },
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
