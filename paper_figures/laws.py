"""The derived laws, one figure each: what was measured, the prediction, its band and the rival.

Left: the measured points over the parameter of the law, with the fitted or predicted line and the
rival's. Right: every number of the law with its 90 % interval, in units in which the prediction is
0 and an edge of the band 1; a rival far outside ends at the frame, with its value beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from mrpverify.claims.claim import Claim
from mrpverify.claims.evaluate import Collect, evaluate
from mrpverify.claims.registry import select
from mrpverify.parameters import Framework, Parameters

SEEDS = range(24)
"""Seeds of the presets."""
FRAME = 6.0
"""What the right panel shows, in half-widths of the band."""
COLOURS = {"measured": "C0", "prediction": "0.2", "rival": "C3", "band": "C2"}

Row = dict[str, Any]


@dataclass(frozen=True)
class LawFigure:
    """The figure of one law."""

    id: str

    @property
    def claim(self) -> Claim:
        """The claim it draws."""
        return select([self.id])[0]

    def gather(self, regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Row]:
        """One row per framework: the numbers and curves of the claim."""
        results = evaluate([self.claim], regimes, SEEDS, salt, get)
        return [
            {
                "framework": result.framework,
                "verdict": str(result.verdict),
                "numbers": result.measurement.details["numbers"],
                "curves": result.measurement.details.get("curves", []),
            }
            for result in results
        ]

    def draw(self, rows: Sequence[Row]) -> tuple[Figure, list[dict[str, object]]]:
        """The figure, and the drawn numbers as flat rows."""
        widest = max(len(row["curves"]) for row in rows)
        heights = [_height(row) for row in rows]
        figure, axes = plt.subplots(
            len(rows), widest + 1, figsize=(4.6 * widest + 9, sum(heights) + 0.8), squeeze=False,
            width_ratios=[1.0] * widest + [1.5], layout="constrained",
            height_ratios=heights,
        )  # fmt: skip
        for row, line in zip(rows, axes, strict=True):
            for panel, content in zip(line, row["curves"], strict=False):
                _draw_curve(panel, content, row["framework"])
            for panel in line[len(row["curves"]) : -1]:
                panel.set_axis_off()
            _draw_numbers(line[-1], row)
        handles, labels = axes[0, -1].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower right", ncols=len(labels), fontsize=8)
        figure.suptitle(f"{self.id}: {self.claim.statement}", fontweight="bold")
        return figure, [flat for row in rows for flat in _flat(row)]


def _height(row: Row) -> float:
    """Inches of a row: a line for each number, and enough for a curve."""
    return 1.2 + 0.42 * max(len(row["numbers"]), 6 if row["curves"] else 1)


def _draw_curve(axes: Axes, content: Row, framework: str) -> None:
    """Measured points with their intervals, the prediction's line and the rival's."""
    x, y = np.array(content["x"]), np.array(content["y"], dtype=float)
    low, high = (np.array(content[end], dtype=float) for end in ("low", "high"))
    spread = np.stack([y - low, high - y])
    axes.plot(x, content["prediction"], color=COLOURS["prediction"], label="prediction")
    axes.plot(x, content["rival"], color=COLOURS["rival"], ls="--", label="rival")
    axes.errorbar(
        x, y, np.where(np.isfinite(spread), np.maximum(spread, 0), 0), fmt="o", ms=5, capsize=3,
        color=COLOURS["measured"], label="measured, 90 %",
    )  # fmt: skip
    if content["logarithmic"]:
        axes.set_xscale("log")
        axes.set_yscale("log")
        ticks = x[:: len(x) // 5 + 1]
        axes.set_xticks(ticks, [f"{value:.3g}" for value in ticks])
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(content["x_label"])
    axes.set_ylabel(content["y_label"])
    axes.set_title(f"{framework}, {content['name']}", loc="left", fontsize=10)
    axes.legend(fontsize=8)


def _draw_numbers(axes: Axes, row: Row) -> None:
    """Every number with its interval against band, prediction and rival, each in its own units."""
    numbers = row["numbers"]
    axes.axvspan(-1, 1, color=COLOURS["band"], alpha=0.15, lw=0, label="band")
    axes.axvline(0, color=COLOURS["prediction"], lw=1, label="prediction")
    for place, number in enumerate(numbers):
        scale, (bottom, top) = _half_width(number), number["interval"]
        low, value, high, rival = (
            float(np.clip((v - number["prediction"]) / scale, -FRAME, FRAME))
            for v in (bottom, number["value"], top, number["rival_value"])
        )
        axes.plot([low, high], [place, place], color=COLOURS["measured"], lw=2.5)
        axes.plot(value, place, "o", ms=5, color=COLOURS["measured"])
        axes.plot(rival, place, "x", ms=7, mew=2, color=COLOURS["rival"])
    axes.plot([], [], "o-", color=COLOURS["measured"], label="measured, 90 %")
    axes.plot(
        [],
        [],
        "x",
        ms=7,
        mew=2,
        color=COLOURS["rival"],
        ls="",
        label="rival (at the frame: beyond)",
    )
    axes.set_xlim(-1.08 * FRAME, 1.08 * FRAME)
    axes.set_yticks(range(len(numbers)), [_label(number) for number in numbers], fontsize=8)
    axes.yaxis.tick_right()
    axes.set_ylim(len(numbers) - 0.4, -0.6)
    axes.set_xlabel("distance from the prediction, in half-widths of the band")
    axes.set_title(f"{row['framework']}: {row['verdict']}", loc="left", fontsize=10)


def _half_width(number: Row) -> float:
    """Distance from the prediction to the nearer finite edge of the band that is not on it."""
    edges = [abs(edge - number["prediction"]) for edge in number["band"] if np.isfinite(edge)]
    return min((edge for edge in edges if edge > 0), default=1.0)


def _label(number: Row) -> str:
    """A number in words."""
    return (
        f"{number['name']}\n{number['value']:.4g}, predicted {number['prediction']:.4g}, "
        f"rival {number['rival_value']:.3g}"
    )


def _flat(row: Row) -> list[dict[str, object]]:
    """The drawn numbers and points of one framework."""
    common = {"framework": row["framework"], "verdict": row["verdict"]}
    flat: list[dict[str, object]] = []
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


FIGURES = {name: LawFigure(name) for name in (f"L{number}" for number in range(1, 17))}
