"""Options of learning from labels (section 2 [R])."""

from __future__ import annotations

from dataclasses import dataclass

from .field import parameter


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is paid for, and what is tested."""

    labels: int = parameter(
        0,
        "labels",
        "labelled images per class downstream, the first ones; 0: all",
        ge=0,
    )
    true_labels: bool = parameter(
        True,
        "true_labels",
        "false shuffles the labels of the training images (a control)",
    )
    test_images: int = parameter(
        400,
        "N_test",
        "test images of each kind, multi-view and single-view, of each law",
        ge=1,
    )
