"""What the figures share: colours and names of networks, means with intervals over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..judge.intervals import mean_interval

Rows = list[dict[str, Any]]
Drawn = tuple[Figure, Rows]
"""A figure, and the numbers in it."""

COLOURS = {
    "teacher-student": "#1b6ca8",
    "mae": "#4c3a8f",
    "supervised": "#d1622b",
    "contrastive": "#2f8f5b",
    "clustering": "#8a8d2d",
    "untrained": "0.6",
}
"""One colour per objective, the same in every figure."""
ARM_COLOURS = {
    "pixels": COLOURS["mae"],
    "teacher": COLOURS["teacher-student"],
    "noise": "0.45",
    "shuffled": "#a3407f",
    "supervised": COLOURS["supervised"],
    "untrained": COLOURS["untrained"],
}
ARM_NAMES = {
    "pixels": "MAE-style",
    "teacher": "data2vec-style",
    "noise": "MAE on noise",
    "shuffled": "shuffled labels",
    "supervised": "supervised",
    "untrained": "untrained",
}


def point(
    axes: Axes, x: float, values: np.ndarray, colour: str, *, flat: bool = False, marker: str = "o"
) -> dict[str, Any]:
    """Every seed as a small dot, their mean with its 90 % interval; returns the numbers.

    `values` are [seeds]. Values run upwards, or to the right where `flat`; an interval that is open
    (fewer than two seeds) is left out.
    """
    mean, (low, high) = float(np.mean(values)), mean_interval(values)
    known = np.isfinite([low, high]).all()
    faint: dict[str, Any] = {"ls": "", "marker": ".", "ms": 5, "alpha": 0.5, "zorder": 2}
    strong: dict[str, Any] = {"fmt": marker, "ms": 6, "capsize": 3, "zorder": 3}
    spread = [[mean - low], [high - mean]] if known else None
    here = np.full(len(values), x)
    if flat:
        axes.plot(values, here, color=colour, **faint)
        axes.errorbar([mean], [x], xerr=spread, color=colour, **strong)
    else:
        axes.plot(here, values, color=colour, **faint)
        axes.errorbar([x], [mean], yerr=spread, color=colour, **strong)
    return {
        "mean": mean,
        "low": low if known else "",
        "high": high if known else "",
        "seeds": len(values),
    }


def pair_in_legend(axes: Axes) -> None:
    """What the two markers of a matched pair mean."""
    beside = "supervised, state of nearest accuracy"
    axes.plot([], [], "o", color="0.2", label="network named below")
    axes.plot([], [], "s", color=ARM_COLOURS["supervised"], label=beside)


def bare(axes: Axes) -> None:
    """No ticks and no frame: the axes hold a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def listed(items: Sequence[object]) -> str:
    """Items with commas between them."""
    return ", ".join(str(item) for item in items)
