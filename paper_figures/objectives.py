"""Objectives side by side, from one init on one data set: features held, accuracy per head."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import style
from matplotlib.figure import Figure

from mrpverify.claims.comparison import objectives
from mrpverify.claims.evaluate import Collect
from mrpverify.parameters import Framework, Parameters

SEEDS = range(24)
SCORES = ("multi-view", "single-view")


@dataclass(frozen=True)
class Table:
    """The table of CMP.ssl and the number of features there are."""

    features: int
    rows: list[dict[str, Any]]


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> Table:
    """All legs of the comparison, measured as the claim does."""
    regime = regimes["teacher-student"]
    legs = objectives.legs(regime)
    runs = {name: style.runs_of(leg, salt, SEEDS, get) for name, leg in legs.items()}
    details = objectives.measure(regime, runs).details
    return Table(regime.features, details["objectives"])


def draw(table: Table) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn numbers."""
    figure, (left, *right) = plt.subplots(1, 3, figsize=(13, 4.4), layout="constrained")
    numbers = _draw_features(left, table)
    for place, head in zip(right, ("linear probe", "fine-tuned"), strict=True):
        numbers += _draw_scores(place, table.rows, head)
    figure.suptitle("One init, one data set, five objectives")
    return figure, numbers


def _draw_features(axes: plt.Axes, table: Table) -> list[dict[str, object]]:
    """Features held at all and class-purely."""
    place = np.arange(len(table.rows))
    numbers: list[dict[str, object]] = []
    for shift, (key, alpha) in zip((-0.2, 0.2), (("held", 0.45), ("class_pure", 1.0)), strict=True):
        values = [row[key] for row in table.rows]
        colours = [style.COLOURS[row["objective"]] for row in table.rows]
        axes.bar(place + shift, values, 0.38, color=colours, alpha=alpha)
        numbers += [
            _number("features", key, row["objective"], value, "", "")
            for row, value in zip(table.rows, values, strict=True)
        ]
    axes.axhline(table.features, **style.ASYMPTOTIC)
    axes.set_title("features held: at all (pale), class-purely (full)", loc="left", fontsize=10)
    _name_rows(axes, table.rows)
    return numbers


def _draw_scores(axes: plt.Axes, rows: list[dict[str, Any]], head: str) -> list[dict[str, object]]:
    """Accuracy with one head: multi-view pale, single-view full, 90 % intervals."""
    numbers: list[dict[str, object]] = []
    for shift, kind, alpha in zip((-0.2, 0.2), SCORES, (0.45, 1.0), strict=True):
        for place, row in enumerate(rows):
            score = row.get(f"{head}, {kind}", row.get(kind))
            low, high = score["interval"]
            colour = style.COLOURS[row["objective"]]
            axes.bar(place + shift, score["mean"], 0.38, color=colour, alpha=alpha)
            axes.plot([place + shift] * 2, [low, high], color="k", lw=1)
            numbers.append(_number(head, kind, row["objective"], score["mean"], low, high))
    axes.set_ylim(0, 1.05)
    axes.set_title(f"accuracy, {head}: multi-view (pale), single-view", loc="left", fontsize=10)
    _name_rows(axes, rows)
    return numbers


def _name_rows(axes: plt.Axes, rows: list[dict[str, Any]]) -> None:
    """Objectives under the bars."""
    axes.set_xticks(range(len(rows)), [row["objective"] for row in rows], rotation=30, ha="right")


def _number(
    panel: str, quantity: str, objective: str, mean: object, low: object, high: object
) -> dict[str, object]:
    """One drawn bar."""
    return {
        "panel": panel, "quantity": quantity, "objective": objective,
        "mean": mean, "low": low, "high": high,
    }  # fmt: skip
