"""Objectives side by side, from one init on one data set: features held, accuracy per head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..claims.comparison import objectives as comparison
from ..drawing import style
from ..drawing.style import Drawn, Rows
from .figure import RunsFigure, Study

SEEDS = 24
SCORES = ("multi-view", "single-view")


@dataclass(frozen=True)
class Table:
    """The table of CMP.ssl and the number of features there are."""

    features: int
    rows: list[dict[str, Any]]


def gather(study: Study) -> Table:
    """All legs of the comparison, measured as the claim does."""
    regime = study.regimes["teacher-student"]
    legs = comparison.legs(regime)
    runs = {name: study.runs(leg, SEEDS) for name, leg in legs.items()}
    details = comparison.measure(regime, runs).details
    return Table(regime.features, details["objectives"])


@style.styled
def draw(table: Table) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 2.9)
    axes = figure.subplots(1, 3, sharey=True)
    numbers = _draw_features(axes[0], table)
    heads = (comparison.PROBED, comparison.TUNED)
    for place, head in zip(axes[1:], heads, strict=True):
        numbers += _draw_scores(place, table.rows, head)
    lowest = min(row["low"] for row in numbers if row["panel"] in heads)
    for place in axes[1:]:
        place.set_xlim(1 - 1.08 * (1 - lowest), 1 + 0.03 * (1 - lowest))
    axes[0].set_yticks(
        range(len(table.rows)), [style.NAMES[row["objective"]] for row in table.rows]
    )
    axes[0].set_ylim(len(table.rows) - 0.5, -0.5)
    style.lettered(axes, ["features held", *heads])
    _legend(figure)
    return figure, numbers


def _draw_features(axes: Axes, table: Table) -> Rows:
    """Features held at all and class-purely."""
    numbers: Rows = []
    place = np.arange(len(table.rows))
    colours = [style.COLOURS[row["objective"]] for row in table.rows]
    for shift, (key, alpha) in zip(
        (-0.19, 0.19), (("held", 0.4), ("class_pure", 1.0)), strict=True
    ):
        values = [row[key] for row in table.rows]
        axes.barh(place + shift, values, 0.36, color=colours, alpha=alpha)
        numbers += [
            _number("features", key, row["objective"], value, "", "")
            for row, value in zip(table.rows, values, strict=True)
        ]
    axes.axvline(table.features, **style.ASYMPTOTIC)
    axes.set_xlabel(f"mean number, of {table.features}")
    axes.tick_params(axis="y", length=0)
    return numbers


def _draw_scores(axes: Axes, rows: list[dict[str, Any]], head: str) -> Rows:
    """Accuracy with one head: multi-view hollow, single-view full, 90 % intervals up to 1."""
    numbers: Rows = []
    for shift, kind, filled in zip((-0.16, 0.16), SCORES, (False, True), strict=True):
        for place, row in enumerate(rows):
            score = row[key] if (key := f"{head}, {kind}") in row else row[kind]
            low, high = (float(np.clip(end, 0, 1)) for end in score["interval"])
            name = row["objective"]
            colour = style.COLOURS[name]
            y, face = place + shift, colour if filled else "white"
            axes.plot([low, high], [y, y], color=colour, lw=1.3)
            mark = style.MARKS[name]
            axes.plot(score["mean"], y, marker=mark, ms=4.5, color=colour, mfc=face)
            numbers.append(_number(head, kind, name, score["mean"], low, high))
    axes.axvline(1, **style.ASYMPTOTIC)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("test accuracy")
    return numbers


def _legend(figure: Sheet) -> None:
    """What pale and full, hollow and filled mean."""
    mark: dict[str, Any] = {"marker": "o", "color": "0.3", "lw": 1.3, "ms": 4.5}
    handles: list[Patch | Line2D] = [
        Patch(color="0.3", alpha=0.4, label="held at all"),
        Patch(color="0.3", label="held class-purely"),
        Line2D([], [], mfc="white", label="multi-view images", **mark),
        Line2D([], [], label="single-view images", **mark),
        Line2D([], [], label="all there is", **style.ASYMPTOTIC),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=5)


def _number(
    panel: str, quantity: str, objective: str, mean: object, low: object, high: object
) -> dict[str, object]:
    """One drawn bar."""
    return {
        "panel": panel, "quantity": quantity, "objective": objective,
        "mean": mean, "low": low, "high": high,
    }  # fmt: skip


FIGURE = RunsFigure(
    "objectives",
    "one init, one data set, every objective",
    gather,
    draw,
    """(a) Mean number of features that an encoder holds at all, and that class-pure kernels hold,
    after pretraining by each objective from one init on one data set. (b, c) Test accuracy with a
    linear probe and after fine-tuning; supervised learning, which has no head of its own, is the
    same in both. Marks are means over seeds with 90 % t-intervals, cut at 1, which no accuracy
    exceeds.""",
)
