"""Two windows that one network chose and another judged: shares against what chance gives.

Left, for every null: the share of photos with its exact 90 % interval, own class and controls, and
up to where the null's share reaches (its mean, its 95 % quantile). Right: photos by the largest
number of disjoint windows that a network, or both, call by the photo's class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...drawing.style import COLOURS, PAGE, Drawn, Rows, legend_below, lettered, styled

Compared = Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]]
"""Null in words -> what is asked for -> rows of a claim, one for each network that chooses."""
Called = Mapping[str, np.ndarray]
"""Who calls -> largest number of disjoint windows [photo]."""
Found = tuple[Compared, Called]

_OWN, _CONTROL = COLOURS["teacher-student"], "0.45"
_BARS = (COLOURS["teacher-student"], COLOURS["clustering"], "0.2")
_NULL = "null, to its 95 % quantile"
_LINE = 0.31
"""Height of a line in inches."""


@styled
def draw(found: Found) -> Drawn:
    """The figure; of every null the own class first, then the controls."""
    compared, called = found
    lines = [sum(len(rows) for rows in kinds.values()) for kinds in compared.values()]
    figure = Figure(figsize=(PAGE, 1.5 + _LINE * sum(lines)), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.75, 1))[0]
    panels = left.subplots(len(compared), 1, squeeze=False, sharex=True, height_ratios=lines)[:, 0]
    numbers: Rows = []
    for axes, kinds in zip(panels, compared.values(), strict=True):
        numbers += _shares(axes, kinds)
    numbers = [
        {"panel": null, **row}
        for null, row in zip(np.repeat(list(compared), lines).tolist(), numbers, strict=True)
    ]
    ends = [row["interval"][1] for kinds in compared.values() for r in kinds.values() for row in r]
    panels[-1].set_xlim(-0.01, min(1.0, 1.08 * max(ends)))
    panels[-1].set_xlabel("share of photos, 90 % interval (who chooses \u2192 who judges)")
    bars = right.subplots()
    numbers += _histogram(bars, called)
    lettered([*panels, bars], [f"null: {null}" for null in compared] + ["disjoint windows"])
    legend_below(left, panels[0], 4)
    legend_below(right, bars, 2)
    return figure, numbers


def _shares(axes: Axes, kinds: Mapping[str, Sequence[Mapping[str, Any]]]) -> Rows:
    """One line for every row: the null up to its quantile, the share with its interval."""
    numbers: Rows = []
    names: list[str] = []
    for kind, rows in kinds.items():
        colour = _OWN if kind == "own class" else _CONTROL
        for row in rows:
            place, (low, high) = len(names), row["interval"]
            axes.barh(place, row["threshold"], 0.62, color="0.88", zorder=0, label=_NULL)
            axes.plot([row["null_share"]] * 2, [place - 0.31, place + 0.31], color="0.55", lw=1,
                      label="null, mean")  # fmt: skip
            axes.plot([low, high], [place, place], color=colour, lw=1.6)
            label = "own class" if kind == "own class" else "control"
            axes.plot(row["share"], place, "o", color=colour, label=label, clip_on=False)
            networks = f"{row['chosen_by']} \u2192 {row['judged_by']}"
            names.append(f"{kind}\n{networks}" if row is rows[0] else networks)
            numbers.append(
                {"kind": kind, "chosen_by": row["chosen_by"], "judged_by": row["judged_by"],
                 "photos": row["photos"], "number": row["called"], "share": row["share"],
                 "low": low, "high": high, "null_share": row["null_share"],
                 "null_95": row["threshold"]}
            )  # fmt: skip
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return numbers


def _histogram(axes: Axes, called: Called) -> Rows:
    """Photos by number of windows, who calls beside each other."""
    numbers: Rows = []
    width, most = 0.8 / len(called), max(int(number.max()) for number in called.values())
    for shift, (colour, (name, number)) in enumerate(zip(_BARS, called.items(), strict=True)):
        photos = np.bincount(number, minlength=most + 1)
        x = np.arange(most + 1) + (shift - (len(called) - 1) / 2) * width
        axes.bar(x, photos, width, color=colour, label=name)
        numbers += [
            {"panel": "disjoint windows", "kind": name, "number": n, "photos": int(count),
             "share": count / len(number)}
            for n, count in enumerate(photos)
        ]  # fmt: skip
    axes.set_xticks(range(most + 1))
    axes.set_xlabel("disjoint windows called by the class")
    axes.set_ylabel("photos")
    return numbers
