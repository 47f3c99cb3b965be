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
CLAIMS = ("S.capture", "S.time", "S.single", "S.race", "S.bounded")
PANELS = {
    "captured": ("features captured", "share of features"),
    "some feature missed": ("some feature missed", "share of draws"),
    "time": ("time of the first crossing", "T from $\\sigma_0$, over that at least k"),
    "single-view images": ("single-view images", "test accuracy"),
    "race": ("kernels of several classes", "share of active kernels at T"),
    "largest correlation": ("largest correlation", "$\\Lambda(T)$"),
}
"""What a panel shows -> its title and its vertical axis."""
RACE_MARKS = {"Delta fixed": "o", "Delta ~ k^2": "^", "at the crossing": "x"}
RACE_NAMES = {
    "Delta fixed": "(e) $\\Delta$ fixed",
    "Delta ~ k^2": "(e) $\\Delta \\sim k^2$",
    "at the crossing": "(e) at the crossing",
}

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
    """Every statement over k in a panel of its own, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 4.6)
    panels = dict(zip(PANELS, figure.subplots(2, 3).flat, strict=True))
    for name, axes in panels.items():
        own = [row for row in rows if _panel(row) == name]
        for row in own:
            _curve(axes, row, rival=name not in ("time", "race") or row is own[0])
        _over_classes(axes, sorted({k for row in own for k in row["x"]}))
        axes.set_ylabel(PANELS[name][1])
    panels["time"].set_yscale("log")
    for name in ("captured", "some feature missed", "single-view images", "race"):
        panels[name].set_ylim(-0.03, 1.03)
    panels["largest correlation"].set_ylim(0, None)
    style.lettered(list(panels.values()), [title for title, _ in PANELS.values()])
    handles: dict[str, Any] = {}
    for axes in panels.values():
        found, labels = axes.get_legend_handles_labels()
        handles.update(zip(labels, found, strict=True))
    figure.legend(list(handles.values()), list(handles), loc="outside lower center", ncols=4)
    return figure, [flat for row in rows for flat in _flat(row)]


def _panel(row: Row) -> str:
    """The panel that a curve belongs to."""
    shared = {"S.time": "time", "S.race": "race"}
    return str(shared.get(row["claim"], row["name"]))


def _curve(axes: Axes, row: Row, rival: bool) -> None:
    """Measured points with their intervals, the prediction's line and the rival's."""
    x, y = np.array(row["x"]), np.array(row["y"], dtype=float)
    ends = np.array([row["low"], row["high"]], dtype=float)
    spread = np.abs(np.nan_to_num(ends - y))
    axes.plot(x, row["prediction"], label="prediction", **style.PREDICTION)
    if rival and row["claim"] != "S.time":
        colour = style.ROLES["rival"]
        axes.plot(x, row["rival"], color=colour, ls="--", label="rival (see the caption)")
    name = row["framework"]
    raced = row["claim"] == "S.race"
    axes.errorbar(
        x, y, spread, fmt=RACE_MARKS[row["name"]] if raced else style.MARKS[name], ms=3.5,
        capsize=2, color=style.COLOURS[name], zorder=3,
        label=RACE_NAMES[row["name"]] if raced else style.NAMES[name],
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
    with 90 % intervals, lines what the finite law predicts, dashed lines what would be seen if that
    on which it hangs did not go with k. (a) Share of the features that a kernel of the
    teacher-student objective holds class-purely at its first crossing, with m = 2.5 log k kernels a
    class, and, dashed, with three at every k. (b) Share of draws of the kernels that miss some
    feature. (c) Time of the first crossing with the drawn start taken out, of the three objectives:
    powers of k. (d) Accuracy on images that show one view: after pretraining and fine-tuning, and
    of supervised learning; dashed with three kernels a class, and with the s of the least k. (e)
    Share of the active kernels that hold more than one class at T, at a fixed Delta and at Delta ~
    k^2, and at their first crossing; dashed what the least k has. (f) Largest correlation of a
    class at T: at rest for the teacher, like log k for supervised learning; dashed a teacher's that
    went with log k, and supervised learning at rest.""",
)
