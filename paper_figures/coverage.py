"""Single-view accuracy against the share of features that the pretraining law shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import style
from matplotlib.figure import Figure

from mrpverify.claims import legs
from mrpverify.claims.accuracies import counts, single_view
from mrpverify.claims.evaluate import Collect
from mrpverify.claims.theorem2.cover import covered_views
from mrpverify.observe.accuracy import single_view_accuracy
from mrpverify.parameters import Framework, Parameters
from mrpverify.theory.theorem2 import expected_cover_accuracy

SEEDS = range(8)
SHARES = (0.5, 0.625, 0.75, 0.875, 1.0)


@dataclass(frozen=True)
class Panel:
    """Accuracies of every seed at each coverage, and of supervised learning."""

    regime: Parameters
    every: list[np.ndarray]
    covered: list[np.ndarray]
    others: list[np.ndarray]
    scratch: np.ndarray


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Panel]:
    """Both frameworks over the coverage of pretraining."""
    return [_panel(regimes[name], salt, get) for name in ("teacher-student", "mae")]


def _panel(regime: Parameters, salt: str, get: Collect) -> Panel:
    """One framework."""
    every, covered, others = [], [], []
    for share in SHARES:
        part = replace(regime, coverage=share)
        seen = covered_views(regime, style.runs_of(legs.Leg(part), salt, SEEDS, get))
        tuned = style.runs_of(legs.fine_tuned(part), salt, SEEDS, get)
        every.append(single_view(tuned))
        covered.append(single_view_accuracy(*counts(tuned), seen))
        others.append(single_view_accuracy(*counts(tuned), ~seen))
    scratch = single_view(style.runs_of(legs.supervised(regime), salt, SEEDS, get))
    return Panel(regime, every, covered, others, scratch)


def draw(panels: list[Panel]) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn numbers."""
    figure, axes = plt.subplots(
        1, len(panels), figsize=(11, 4.6), sharey=True, layout="constrained"
    )
    numbers: list[dict[str, object]] = []
    for panel, place in zip(panels, axes, strict=True):
        numbers += style.in_panel(panel.regime.framework, _draw(place, panel))
    axes[0].legend(frameon=False, fontsize=9, loc="lower right")
    axes[0].set_ylabel("accuracy on single-view test images")
    figure.suptitle("What pretraining did not show is missing downstream")
    return figure, numbers


def _draw(axes: plt.Axes, panel: Panel) -> list[dict[str, object]]:
    """One framework: all images, those of covered views, the others, and predictions."""
    p, own = panel.regime, style.COLOURS[panel.regime.framework]
    expected = [expected_cover_accuracy(replace(p, coverage=share)) for share in SHARES]
    numbers = style.band(axes, SHARES, panel.every, own, "all single-view images")
    numbers += style.band(axes, SHARES, panel.covered, "#2f8f5b", "showing a covered view")
    numbers += style.band(axes, SHARES[:-1], panel.others[:-1], "#b04a5a", "showing another view")
    whole = [e.overall for e in expected]
    numbers += style.line(axes, SHARES, whole, "predicted, all", **style.PREDICTION)
    rest = [e.others for e in expected[:-1]]
    numbers += style.line(axes, SHARES[:-1], rest, "predicted, another view", **style.ASYMPTOTIC)
    level = float(np.mean(panel.scratch))
    axes.axhline(level, color=style.COLOURS["supervised"], lw=1.2, label="supervised learning")
    numbers += [{"curve": "supervised learning", "x": "", "mean": level, "low": "", "high": ""}]
    axes.set_xlabel("share of the features shown in pretraining")
    axes.set_title(p.framework, loc="left", fontweight="bold")
    return numbers
