"""The statements of the theory against k, along its own scaling path."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from ..claims.evaluate import evaluate
from ..claims.registry import select
from ..drawing import style
from ..drawing.style import Drawn, Rows
from .figure import RunsFigure, Study

SEEDS = 24
CLAIMS = ("S.capture", "S.time")
PANELS = ("features captured", "some feature missed", "time of the first crossing")

Row = dict[str, Any]


def gather(study: Study) -> list[Row]:
    """One row per curve of the claims: its claim, its framework and what it shows."""
    claims = [claim.without_controls() for claim in select(CLAIMS)]
    seeds = study.seeds(SEEDS)
    results = evaluate(claims, study.regimes, seeds, study.salt, study.get)
    return [
        {"claim": result.claim.id, "framework": result.framework, **content}
        for result in results
        for content in result.measurement.details["curves"]
    ]


@style.styled
def draw(rows: Sequence[Row]) -> Drawn:
    """Captured share, failing draws and times, each over k, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 2.7)
    panels = list(figure.subplots(1, len(PANELS)))
    captured = [row for row in rows if row["claim"] == "S.capture"]
    for axes, row in zip(panels, captured, strict=False):
        _curve(axes, row)
        axes.set_ylim(0, 1.03)
    for row in (row for row in rows if row["claim"] == "S.time"):
        _curve(panels[-1], row, rival=False)
    panels[-1].set_yscale("log")
    for axes, label in zip(
        panels, ("share of features", "share of draws", "T from $\\sigma_0$, over that at least k"),
        strict=True,
    ):  # fmt: skip
        _over_classes(axes, rows[0]["x"])
        axes.set_ylabel(label)
    style.lettered(panels, PANELS)
    handles: dict[str, Any] = {}
    for axes in panels:
        found, labels = axes.get_legend_handles_labels()
        handles.update(zip(labels, found, strict=True))
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=3)
    return figure, [flat for row in rows for flat in _flat(row)]


def _curve(axes: Axes, row: Row, rival: bool = True) -> None:
    """Measured points with their intervals, the prediction's line and the rival's."""
    x, y = np.array(row["x"]), np.array(row["y"], dtype=float)
    ends = np.array([row["low"], row["high"]], dtype=float)
    spread = np.abs(np.nan_to_num(ends - y))
    axes.plot(x, row["prediction"], label="prediction", **style.PREDICTION)
    if rival:
        colour = style.ROLES["rival"]
        axes.plot(x, row["rival"], color=colour, ls="--", label="as many kernels a class at all k")
    name = row["framework"]
    axes.errorbar(
        x, y, spread, fmt=style.MARKS[name], ms=3.5, capsize=2, color=style.COLOURS[name],
        label=style.NAMES[name], zorder=3,
    )  # fmt: skip


def _over_classes(axes: Axes, classes: Sequence[float]) -> None:
    """k on a logarithmic axis, with the values that were run."""
    axes.set_xscale("log")
    axes.set_xticks(classes, [f"{value:g}" for value in classes])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("number of classes $k$")


def _flat(row: Row) -> Rows:
    """The drawn points of one curve."""
    columns = (row[key] for key in ("x", "y", "low", "high", "prediction", "rival"))
    return [
        {"claim": row["claim"], "framework": row["framework"], "panel": row["name"], "k": k,
         "value": y, "low": low, "high": high, "prediction": expected, "rival": rival}
        for k, y, low, high, expected, rival in zip(*columns, strict=True)
    ]  # fmt: skip


FIGURE = RunsFigure(
    "scaling",
    "the statements of Theorem 1 and of the growth laws against k, along the scaling path",
    gather,
    draw,
    """The scaling path of the theory: sigma_0^{q-2} ~ 1/k, m ~ log k, s ~ log k. Marks are means
    with 90 % intervals, lines what the finite law predicts. (a) Share of the features that a kernel
    of the teacher-student objective holds class-purely at its first crossing, with m = 2.5 log k
    kernels a class, and, dashed, with three at every k. (b) Share of draws of the kernels that miss
    some feature. (c) Time of the first crossing with the drawn start taken out, of the three
    objectives: powers of k.""",
)
