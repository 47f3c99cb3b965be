"""Features before and after fine-tuning: the largest class-pure correlation of every feature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes

from ..claims.controls import OVERSHOOT
from ..claims.legs import Leg, fine_tuned
from ..claims.theorem2.retain import KEPT, largest
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import PRETRAINING, Parameters
from ..theory import fine_tuning
from .figure import RunsFigure, Study

SEEDS, CONTROL_SEEDS = 24, 4
TUNED, CONTROL = "fine-tuned", "control: shuffled labels, 40 times the time"
GREY: dict[str, object] = {"color": "0.45", "marker": "x"}


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
    figure = style.sheet(style.PAGE, 3.1)
    axes = figure.subplots(1, len(panels), sharey=True)
    numbers: Rows = []
    for panel, place in zip(panels, axes, strict=True):
        numbers += _draw(place, panel)
    style.lettered(axes, [style.NAMES[panel.regime.framework] for panel in panels])
    axes[0].set_ylabel(r"$\Lambda/\varrho$ after fine-tuning")
    style.legend_below(figure, axes[-1], 3)
    return figure, numbers


def _draw(axes: Axes, panel: Panel) -> Rows:
    """One framework: a mark per seed and feature."""
    p = panel.regime
    own = {"color": style.COLOURS[p.framework], "marker": style.MARKS[p.framework]}
    started = panel.before[: len(panel.control)]
    spread = float(np.ptp(panel.before)) / p.linear_from
    for before, after, look, label in (
        (started, panel.control, GREY, CONTROL),
        (panel.before, panel.after, own, TUNED),
    ):
        x, y = before.ravel() / p.linear_from, after.ravel() / p.linear_from
        axes.plot(x, y, ls="", ms=2.5, mew=0.6, alpha=0.7, label=label, **look)  # type: ignore[arg-type]
    middle = float(np.median(panel.before)) / p.linear_from
    half = max(0.6 * spread, 0.12)
    ends = max(1.0, middle - 1.6 * half), middle + 1.6 * half
    x = np.linspace(*ends, 60) * p.linear_from
    lines = {
        "as before": x,
        "largest end by the balance law (derived)": np.array(
            [fine_tuning.end_state(p, float(c)).correlation for c in x]
        ),
        "counts as lost below": np.maximum(KEPT * x, p.linear_from),
    }
    looks = ({"color": "0.7", "lw": 0.8}, style.PREDICTION, {"color": "0.2", "lw": 0.9, "ls": "--"})
    for (label, y), look in zip(lines.items(), looks, strict=True):
        axes.plot(x / p.linear_from, y / p.linear_from, label=label, **look)
    axes.set_xlim(*ends)
    axes.set_xlabel(r"$\Lambda/\varrho$ after pretraining")
    return [*_numbers(p, "fine-tuned", panel.before, panel.after),
            *_numbers(p, "control", started, panel.control)]  # fmt: skip


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
    "fine-tuning keeps every feature that pretraining captured",
    gather,
    draw,
    r"""The largest correlation $\Lambda$ of every feature with a class-pure kernel, before and
    after fine-tuning, one mark per feature and seed, in units of $\varrho$. Dark line: the largest
    end that the balance of head and encoder allows (derived); grey line: no change; a feature
    below the dashed line counts as lost. The control, fine-tuning on shuffled labels for forty
    times as long, loses features. A teacher-student kernel rests at the level of its gain, so all
    its features start at one value.""",
)
