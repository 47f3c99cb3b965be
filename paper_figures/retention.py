"""Features before and after fine-tuning: the largest class-pure correlation of every feature."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import style
from matplotlib.figure import Figure

from mrpverify.claims.controls import OVERSHOOT
from mrpverify.claims.evaluate import Collect
from mrpverify.claims.legs import Leg, fine_tuned
from mrpverify.claims.theorem2.retain import KEPT, largest
from mrpverify.parameters import Framework, Parameters
from mrpverify.theory import fine_tuning

SEEDS = range(24)
CONTROL_SEEDS = range(4)


@dataclass(frozen=True)
class Panel:
    """Lambda of every feature, [seeds, features], before and after."""

    regime: Parameters
    before: np.ndarray
    after: np.ndarray
    control: np.ndarray
    """After shuffled labels and steps far above their bound [4, features]."""


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Panel]:
    """Both frameworks."""
    return [_panel(regimes[name], salt, get) for name in ("teacher-student", "mae")]


def _panel(regime: Parameters, salt: str, get: Collect) -> Panel:
    """One framework and its control."""
    broken = fine_tuned(OVERSHOOT.parameters(regime, 0.0))
    return Panel(
        regime,
        largest(regime, style.runs_of(Leg(regime), salt, SEEDS, get)),
        largest(regime, style.runs_of(fine_tuned(regime), salt, SEEDS, get)),
        largest(regime, style.runs_of(broken, salt, CONTROL_SEEDS, get)),
    )


def draw(panels: list[Panel]) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn points."""
    figure, axes = plt.subplots(1, len(panels), figsize=(11, 5), layout="constrained")
    numbers: list[dict[str, object]] = []
    for panel, place in zip(panels, axes, strict=True):
        numbers += _draw(place, panel)
    axes[0].legend(frameon=False, fontsize=9)
    figure.suptitle("Every feature before and after fine-tuning")
    return figure, numbers


def _draw(axes: plt.Axes, panel: Panel) -> list[dict[str, object]]:
    """One framework: a point per seed and feature."""
    p, own = panel.regime, style.COLOURS[panel.regime.framework]
    axes.plot(panel.before.ravel(), panel.after.ravel(), ".", ms=4, color=own, label="fine-tuned")
    started = panel.before[: len(panel.control)]
    axes.plot(
        started.ravel(), panel.control.ravel(), "x", ms=4, color="0.5",
        label="control: shuffled labels, steps x 40",
    )  # fmt: skip
    x = np.linspace(p.linear_from, 1.05 * panel.before.max(), 50)
    axes.plot(x, x, color="0.7", lw=0.8)
    bound = [fine_tuning.end_state(p, float(c)).correlation for c in x]
    axes.plot(x, bound, label="largest end (balance)", **style.PREDICTION)
    lost = np.maximum(KEPT * x, p.linear_from)
    axes.plot(x, lost, color="#a03030", lw=1, ls="--", label="lost below this")
    axes.set_xlabel(r"$\Lambda$ after pretraining")
    axes.set_ylabel(r"$\Lambda$ after fine-tuning")
    axes.set_title(p.framework, loc="left", fontweight="bold")
    return [*_numbers(p, "fine-tuned", panel.before, panel.after),
            *_numbers(p, "control", started, panel.control)]  # fmt: skip


def _numbers(
    p: Parameters, name: str, before: np.ndarray, after: np.ndarray
) -> list[dict[str, object]]:
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
