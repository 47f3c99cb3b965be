"""The derived laws, one figure each: what was measured, the prediction, its band and the rival."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Sheet
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import NullLocator

from ..claims.claim import Claim
from ..claims.evaluate import evaluate
from ..claims.registry import all_claims
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..drawing.typeset import typeset
from .figure import Study

SEEDS = 24
"""Seeds of the presets."""
FRAME = 4.0
"""What the panel of numbers shows, in half-widths of the band; marks beyond stand at the frame."""
ACROSS = 3
"""Curves in a row."""
LABEL_BELOW, LABEL_BESIDE = 38, 28
"""Letters in a line of an axis's label."""

Row = dict[str, Any]


@dataclass(frozen=True)
class LawFigure:
    """The figure of one law."""

    claim: Claim

    @property
    def name(self) -> str:
        """The law's number."""
        return self.claim.id

    @property
    def title(self) -> str:
        """What the law states."""
        return self.claim.statement

    def gather(self, study: Study) -> list[Row]:
        """One row per framework: the numbers and curves of the claim."""
        seeds = study.seeds(SEEDS)
        results = evaluate([self.claim], study.regimes, seeds, study.salt, study.get)
        return [
            {
                "framework": result.framework,
                "verdict": str(result.verdict),
                "numbers": result.measurement.details["numbers"],
                "curves": result.measurement.details.get("curves", []),
            }
            for result in results
        ]

    @style.styled
    def draw(self, rows: Sequence[Row]) -> Drawn:
        """The figure, and the drawn numbers as flat rows."""
        curves = [(row["framework"], content) for row in rows for content in row["curves"]]
        lines = -(-len(curves) // ACROSS)
        heights = (1.75 * lines, 0.7 + 0.2 * sum(len(row["numbers"]) + 1 for row in rows))
        figure = style.sheet(style.PAGE, sum(heights) + 0.3)
        if lines:
            above, below = style.parts(figure, heights)
            _draw_curves(above, curves, lines)
        else:
            (below,) = style.parts(figure, heights[1:])
        _draw_numbers(below.subplots(), rows)
        _legend(figure, bool(lines))
        return figure, [flat for row in rows for flat in _flat(row)]

    def caption(self, data: Sequence[Row]) -> str:
        """What is seen, and the verdicts of the claim on these runs."""
        told = "; ".join(f"{row['framework']}: {row['verdict']}" for row in data)
        curves = (
            "Above: what was measured over the parameter of the law (marks: means over seeds with "
            "90 % intervals), the prediction (dark line) and the rival that has to be excluded "
            "(dashed). Below: " if any(row["curves"] for row in data) else ""
        )  # fmt: skip
        numbers = (
            "every number of the law with its 90 % interval, in units in which the prediction is 0 "
            "and the edge of the band 1; crosses are the rivals (at the frame: beyond it)."
        )
        text = curves + numbers
        return f"{text[0].upper()}{text[1:]} Verdicts on these runs: {told}."

    def obstacle(self, published: bool) -> str:
        """Nothing is in the way of a figure of numbers."""
        del published
        return ""


def _draw_curves(part: SubFigure, curves: Sequence[tuple[str, Row]], lines: int) -> None:
    """All curves of all frameworks in a grid."""
    if len(curves) == 1:
        left, own, right = part.subplots(1, 3, width_ratios=(1, 2.2, 1))
        places, empty = [own], [left, right]
    else:
        every = part.subplots(lines, min(ACROSS, len(curves)), squeeze=False).ravel()
        places, empty = list(every[: len(curves)]), list(every[len(curves) :])
    for axes in empty:
        axes.set_axis_off()
    for axes, (framework, content) in zip(places, curves, strict=True):
        _draw_curve(axes, content, framework)
    names = [f"{style.NAMES[name]}, {typeset(content['name'])}" for name, content in curves]
    style.lettered(places, names)


def _draw_curve(axes: Axes, content: Row, framework: str) -> None:
    """Measured points with their intervals, the prediction's line and the rival's."""
    x, y = np.array(content["x"]), np.array(content["y"], dtype=float)
    low, high = (np.array(content[end], dtype=float) for end in ("low", "high"))
    spread = np.stack([y - low, high - y])
    axes.plot(x, content["prediction"], label="prediction", **style.PREDICTION)
    axes.plot(x, content["rival"], color=style.ROLES["rival"], ls="--", label="rival")
    axes.errorbar(
        x, y, np.where(np.isfinite(spread), np.maximum(spread, 0), 0), fmt=style.MARKS[framework],
        ms=3.5, capsize=2, color=style.COLOURS[framework], label="measured", zorder=3,
    )  # fmt: skip
    if content["logarithmic"]:
        axes.set_xscale("log")
        axes.set_yscale("log")
        ticks = x[:: -(-len(x) // 4)]
        axes.set_xticks(ticks, [style.in_short(float(value)) for value in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
        style.logarithmic(axes.yaxis)
    axes.set_xlabel(_wrapped(content["x_label"], LABEL_BELOW))
    axes.set_ylabel(_wrapped(content["y_label"], LABEL_BESIDE))


def _wrapped(label: str, width: int) -> str:
    """The label of an axis in lines of at most so many letters."""
    return "\n".join(typeset(line) for line in wrap(label, width))


def _draw_numbers(axes: Axes, rows: Sequence[Row]) -> None:
    """Every number with its interval against band, prediction and rival, each in its own units."""
    axes.axvspan(-1, 1, color=style.ROLES["band"], alpha=0.25, lw=0)
    axes.axvline(0, **style.PREDICTION)
    place, names, values = 0, {}, {}
    for row in rows:
        heading = f"{style.NAMES[row['framework']]}: {row['verdict']}"
        names[place] = heading
        place += 1
        for number in row["numbers"]:
            _draw_number(axes, place, number, row["framework"])
            names[place], values[place] = typeset(number["name"]), _told(number)
            place += 1
    axes.set_xlim(-1.08 * FRAME, 1.08 * FRAME)
    axes.set_ylim(place - 0.4, -0.6)
    axes.set_yticks(list(names), list(names.values()))
    axes.tick_params(axis="y", length=0)
    for line, label in zip(names, axes.get_yticklabels(), strict=True):
        label.set_color("0" if line in values else "0.4")
    right = axes.secondary_yaxis("right")
    right.set_yticks(list(values), list(values.values()))
    right.tick_params(length=0)
    right.spines["right"].set_visible(False)
    axes.set_xlabel("distance from the prediction, in half-widths of the band")


def _draw_number(axes: Axes, place: int, number: Row, framework: str) -> None:
    """One number in a line of its own."""
    scale, (bottom, top) = _half_width(number), number["interval"]
    low, value, high, rival = (
        float(np.clip((v - number["prediction"]) / scale, -FRAME, FRAME))
        for v in (bottom, number["value"], top, number["rival_value"])
    )
    colour = style.COLOURS[framework]
    axes.plot([low, high], [place, place], color=colour, lw=1.6, solid_capstyle="butt")
    axes.plot(value, place, marker=style.MARKS[framework], ms=4, color=colour)
    axes.plot(rival, place, "x", ms=4.5, mew=1.2, color=style.ROLES["rival"])


def _legend(figure: Sheet, curves: bool) -> None:
    """What lines and marks mean."""
    mark: dict[str, Any] = {"ls": "", "marker": "o", "color": "0.3"}
    handles: list[Line2D | Patch] = [
        Line2D([], [], label="measured, 90 % interval", **mark),
        Line2D([], [], label="prediction", **style.PREDICTION),
        Patch(color=style.ROLES["band"], alpha=0.25, label="band"),
    ]
    rival: dict[str, Any] = {"color": style.ROLES["rival"], "marker": "x", "mew": 1.2}
    handles.append(Line2D([], [], ls="--" if curves else "", label="rival", **rival))
    figure.legend(handles=handles, loc="outside lower center", ncols=4)


def _half_width(number: Row) -> float:
    """Distance from the prediction to the nearer finite edge of the band that is not on it."""
    edges = [abs(edge - number["prediction"]) for edge in number["band"] if np.isfinite(edge)]
    return min((edge for edge in edges if edge > 0), default=1.0)


def _told(number: Row) -> str:
    """A number beside its prediction and its rival."""
    values = (number["value"], number["prediction"], number["rival_value"])
    shown = [style.in_short(float(value), 3) for value in values]
    return f"{shown[0]}, predicted {shown[1]}, rival {shown[2]}"


def _flat(row: Row) -> Rows:
    """The drawn numbers and points of one framework."""
    common = {"framework": row["framework"], "verdict": row["verdict"]}
    flat: Rows = []
    for number in row["numbers"]:
        low, high = number["interval"]
        flat.append(
            {**common, "panel": "number", "name": number["name"], "x": "", "value": number["value"],
             "low": low, "high": high, "prediction": number["prediction"],
             "band_low": number["band"][0], "band_high": number["band"][1],
             "rival": number["rival_value"]}
        )  # fmt: skip
    for content in row["curves"]:
        columns = (content[key] for key in ("x", "y", "low", "high", "prediction", "rival"))
        for x, y, low, high, prediction, rival in zip(*columns, strict=True):
            flat.append(
                {**common, "panel": "curve", "name": content["name"], "x": x, "value": y,
                 "low": low, "high": high, "prediction": prediction, "band_low": "",
                 "band_high": "", "rival": rival}
            )  # fmt: skip
    return flat


def figures() -> list[LawFigure]:
    """One figure for every law that has numbers, in the order of the laws."""
    own = [claim for claim in all_claims() if re.fullmatch(r"L\d+", claim.id)]
    return [LawFigure(claim) for claim in sorted(own, key=lambda claim: int(claim.id[1:]))]
