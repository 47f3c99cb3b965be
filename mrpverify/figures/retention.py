"""Features before and after fine-tuning: the largest class-pure correlation of every feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..claims.controls import OVERSHOOT
from ..claims.legs import Leg, fine_tuned
from ..claims.theorem2.retain import KEPT, largest
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..objectives.fine_tuning import step_sizes
from ..parameters import PRETRAINING, Parameters
from .figure import RunsFigure, Study

SEEDS, CONTROL_SEEDS = 24, 4
TUNED, CONTROL = "fine-tuned", "control"
ALIKE = 0.05
"""Relative spread below which features start at one value, and are not drawn against it."""


Look = dict[str, Any]
"""Options of a line or mark."""


@dataclass(frozen=True)
class Panel:
    """Lambda of every feature, [seeds, features], before and after."""

    regime: Parameters
    before: np.ndarray
    after: np.ndarray
    control: np.ndarray
    """After shuffled labels and a long time [4, features]."""


def gather(study: Study) -> list[Panel]:
    """Both frameworks."""
    return [_panel(study.regimes[name], study) for name in PRETRAINING]


def _panel(regime: Parameters, study: Study) -> Panel:
    """One framework and its control."""
    broken = fine_tuned(OVERSHOOT.parameters(regime, 0.0))
    return Panel(
        regime,
        largest(regime, study.runs(Leg(regime), SEEDS)),
        largest(regime, study.runs(fine_tuned(regime), SEEDS)),
        largest(regime, study.runs(broken, CONTROL_SEEDS)),
    )


@style.styled
def draw(panels: Sequence[Panel]) -> Drawn:
    """The figure, and the drawn points."""
    figure = style.sheet(style.PAGE, 3.0)
    axes = figure.subplots(1, len(panels))
    numbers: Rows = []
    for panel, place in zip(panels, axes, strict=True):
        alike = np.ptp(panel.before) < ALIKE * np.median(panel.before)
        (_draw_shares if alike else _draw_pairs)(place, panel)
        started = panel.before[: len(panel.control)]
        numbers += _numbers(panel.regime, "fine-tuned", panel.before, panel.after)
        numbers += _numbers(panel.regime, "control", started, panel.control)
    style.lettered(axes, [style.NAMES[panel.regime.framework] for panel in panels])
    for place, side in zip(axes, ("left", "right"), strict=False):
        style.legend_below(figure, place, 2, side)
    return figure, numbers


def _lines(p: Parameters, before: np.ndarray) -> dict[str, tuple[np.ndarray, Look]]:
    """Where a feature with these correlations would end, or be lost: label -> values, look."""
    bound = [step_sizes.end_state(p, float(c)).correlation for c in before]
    return {
        "no change": (before, {"color": "0.65", "lw": 0.9}),
        "largest end (derived)": (np.array(bound), style.PREDICTION),
        "lost below": (np.maximum(KEPT * before, p.linear_from), {**style.PREDICTION, "ls": "--"}),
    }


def _draw_shares(axes: Axes, panel: Panel) -> None:
    """Features that all start at one value: the share of them that ends below each value."""
    p = panel.regime
    own: Look = {"color": style.COLOURS[p.framework], "ls": "-"}
    for values, look, label in (
        (panel.after, own, TUNED), (panel.control, {"color": "0.45", "ls": "-."}, CONTROL),
    ):  # fmt: skip
        axes.ecdf(values.ravel() / p.linear_from, label=label, **look)
    for label, (y, look) in _lines(p, np.array([np.median(panel.before)])).items():
        axes.axvline(y[0] / p.linear_from, label=label, **look)
    axes.set_xlabel(r"$\Lambda/\varrho$ after fine-tuning")
    axes.set_ylabel("share of features that end below")


def _draw_pairs(axes: Axes, panel: Panel) -> None:
    """A mark per seed and feature, after over before."""
    p = panel.regime
    own: Look = {"color": style.COLOURS[p.framework], "marker": style.MARKS[p.framework]}
    grey: Look = {"color": "0.45", "marker": "x"}
    started = panel.before[: len(panel.control)]
    for before, after, look, label in (
        (panel.before, panel.after, own, TUNED), (started, panel.control, grey, CONTROL),
    ):  # fmt: skip
        x, y = before.ravel() / p.linear_from, after.ravel() / p.linear_from
        # As a picture in the SVG: hundreds of marks that lie on each other.
        axes.plot(x, y, ls="", ms=2.5, mew=0.6, alpha=0.7, rasterized=True, **look)
        axes.plot([], [], ls="", ms=3.5, label=label, **look)
    x = np.linspace(0.9 * panel.before.min(), 1.05 * panel.before.max(), 60)
    for label, (y, look) in _lines(p, x).items():
        axes.plot(x / p.linear_from, y / p.linear_from, label=label, **look)
    axes.set_xlabel(r"$\Lambda/\varrho$ after pretraining")
    axes.set_ylabel(r"$\Lambda/\varrho$ after fine-tuning")


def _numbers(p: Parameters, name: str, before: np.ndarray, after: np.ndarray) -> Rows:
    """One point per line."""
    return [
        {
            "framework": p.framework, "run": name, "seed": seed,
            "class": feature // p.views + 1, "view": feature % p.views + 1,
            "before": f"{before[seed, feature]:.6g}", "after": f"{after[seed, feature]:.6g}",
        }
        for seed in range(len(after))
        for feature in range(after.shape[1])
    ]  # fmt: skip


FIGURE = RunsFigure(
    "retention",
    "captured features before and after fine-tuning",
    gather,
    draw,
    r"""The largest correlation $\Lambda$ of every feature with a class-pure kernel, before and
    after fine-tuning, in units of $\varrho$. (a) Teacher-student kernels rest at the level of
    their gain, so all features start at one value (grey): the share of features that end below
    each value. (b) One mark per feature and seed. Dark line: the largest end that the balance of
    head and encoder allows (derived); a feature below the dashed line counts as lost. The control,
    fine-tuning on shuffled labels for forty times as long, should lose features.""",
)
