"""Single-view accuracy against the share of features that the pretraining law shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes

from ..claims import legs
from ..claims.accuracies import counts, single_view
from ..claims.theorem2.cover import covered_views
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..observe.accuracy import single_view_accuracy
from ..parameters import PRETRAINING, Parameters
from ..theory.theorem2 import expected_cover_accuracy
from .figure import RunsFigure, Study

SEEDS = 8
SHARES = (0.5, 0.625, 0.75, 0.875, 1.0)
APART = 0.012
"""Marks of one share are set apart by this much: those that agree must not hide each other."""


@dataclass(frozen=True)
class Panel:
    """Accuracies of every seed at each coverage, and of supervised learning."""

    regime: Parameters
    every: list[np.ndarray]
    covered: list[np.ndarray]
    others: list[np.ndarray]
    scratch: np.ndarray


def gather(study: Study) -> list[Panel]:
    """Both frameworks over the coverage of pretraining."""
    return [_panel(study.regimes[name], study) for name in PRETRAINING]


def _panel(regime: Parameters, study: Study) -> Panel:
    """One framework."""
    every, covered, others = [], [], []
    for share in SHARES:
        part = replace(regime, coverage=share)
        seen = covered_views(regime, study.runs(legs.Leg(part), SEEDS))
        tuned = study.runs(legs.fine_tuned(part), SEEDS)
        every.append(single_view(tuned))
        covered.append(single_view_accuracy(*counts(tuned), seen))
        others.append(single_view_accuracy(*counts(tuned), ~seen))
    scratch = single_view(study.runs(legs.supervised(regime), SEEDS))
    return Panel(regime, every, covered, others, scratch)


@style.styled
def draw(panels: Sequence[Panel]) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 2.9)
    axes = figure.subplots(1, len(panels), sharey=True)
    numbers: Rows = []
    for panel, place in zip(panels, axes, strict=True):
        numbers += style.in_panel(panel.regime.framework, _draw(place, panel))
    style.lettered(axes, [style.NAMES[panel.regime.framework] for panel in panels])
    axes[0].set_ylabel("accuracy on single-view test images")
    style.legend_below(figure, axes[0], 3)
    return figure, numbers


def _draw(axes: Axes, panel: Panel) -> Rows:
    """One framework: all images, those of covered views, the others, and predictions."""
    p = panel.regime
    expected = [expected_cover_accuracy(replace(p, coverage=share)) for share in SHARES]
    whole = [e.overall for e in expected]
    numbers = style.line(axes, SHARES, whole, "predicted, all", **style.PREDICTION)
    rest = [e.others for e in expected[:-1]]
    numbers += style.line(axes, SHARES[:-1], rest, "predicted, another view", **style.ASYMPTOTIC)
    looks = (
        (panel.every, "all single-view images", style.COLOURS[PRETRAINING[0]], "o"),
        (panel.covered, "showing a view shown in pretraining", style.COLOURS[PRETRAINING[1]], "s"),
        (panel.others[:-1], "showing another view", style.COLOURS["contrastive"], "v"),
    )  # fmt: skip
    for place, (values, label, colour, marker) in enumerate(looks):
        x = [share + (place - 1) * APART for share, _ in zip(SHARES, values, strict=False)]
        rows = style.measured(axes, x, values, colour, label, marker, within=(0, 1))
        numbers += [{**row, "x": share} for row, share in zip(rows, SHARES, strict=False)]
    level = float(np.mean(panel.scratch))
    axes.axhline(level, color=style.COLOURS["supervised"], ls="--", label="supervised, measured")
    numbers += [{"curve": "supervised learning", "x": "", "mean": level, "low": "", "high": ""}]
    axes.set_xlabel("share of the features shown in pretraining")
    axes.set_xticks(SHARES)
    return numbers


FIGURE = RunsFigure(
    "coverage",
    "what pretraining did not show, downstream",
    gather,
    draw,
    """Accuracy on single-view test images after fine-tuning, against the share of features that
    the pretraining set shows: on all of them, on those that show a view which pretraining has
    shown, and on those that show another one. Marks are means over seeds with 90 % intervals, set
    apart sideways; lines are predictions of T2.cover. The dashed line is the mean of supervised
    learning from scratch.""",
)
