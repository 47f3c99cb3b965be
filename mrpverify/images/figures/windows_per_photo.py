"""How many windows of a photo suffice alone: the share with two or more, and the counts behind it.

Left: share of recognised photos with at least two disjoint sufficient windows for every grid, with
its exact 90 % interval, the controls beside it. Right: photos by their number of such windows.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...drawing.style import COLOURS, PAGE, Drawn, Rows, legend_below, styled
from ...judge.intervals import clopper_pearson

Counts = Mapping[str, Mapping[str, np.ndarray]]
"""Kind (photo's own class, each control) -> windows -> their number [photos]."""

_COLOURS = (COLOURS["teacher-student"], COLOURS["supervised"], "0.45")
_ACROSS = 3
"""Histograms in a row."""


@styled
def draw(counts: Counts, threshold: float, limit: float) -> Drawn:
    """The figure; own class first, then the controls, which must stay below `limit`."""
    own, *_ = counts.values()
    down = -(-len(own) // _ACROSS)
    figure = Figure(figsize=(PAGE, 0.9 + 1.7 * down), layout="constrained")
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.0, 1.45), wspace=0.02)[0]
    shares = left.subplots()
    numbers = _shares(shares, counts, threshold, limit)
    legend_below(figure, shares, 3)
    places = right.subplots(down, _ACROSS, squeeze=False, sharex=True, sharey=True).flat
    most = max(int(number.max()) for number in own.values())
    for place, grid in zip(places, own, strict=False):
        numbers += _histogram(place, counts, grid, most)
    for place in list(places)[len(own) :]:
        place.set_axis_off()
    photos = len(next(iter(own.values())))
    right.suptitle(f"{photos} recognised photos by number of sufficient windows")
    figure.suptitle(
        "Disjoint windows of a photo that each suffice alone",
    )
    return figure, numbers


def _shares(axes: Axes, counts: Counts, threshold: float, limit: float) -> Rows:
    """Share of photos with two or more, one line per kind and windows."""
    numbers: Rows = []
    grids = list(next(iter(counts.values())))
    axes.axvline(threshold, color="#b3261e", lw=1.5, label=f"to be cleared: {threshold:g}")
    axes.axvline(limit, color="0.45", lw=1.2, ls="--", label=f"limit of a control: {limit:g}")
    for shift, (colour, (kind, by_grid)) in enumerate(
        zip(_COLOURS, counts.items(), strict=True), start=-1
    ):
        label: str | None = kind
        for grid, number in by_grid.items():
            many = int((number >= 2).sum())
            share, (low, high) = many / len(number), clopper_pearson(many, len(number))
            place = grids.index(grid) + 0.24 * shift
            axes.plot([low, high], [place, place], color=colour, lw=2)
            axes.plot(share, place, "o", ms=6, color=colour, label=label, clip_on=False)
            label = None
            numbers.append(
                {"panel": "share with two or more", "kind": kind, "windows": grid, "number": "",
                 "photos": many, "share": share, "low": low, "high": high}
            )  # fmt: skip
    axes.set_yticks(range(len(grids)), [_broken(grid) for grid in grids])
    axes.set_ylim(len(grids) - 0.5, -0.6)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of photos with two or more, 90 % interval")
    axes.grid(axis="x", alpha=0.25)
    return numbers


def _histogram(axes: Axes, counts: Counts, grid: str, most: int) -> Rows:
    """Photos by their number of sufficient windows of one grid, each kind beside the others."""
    numbers: Rows = []
    shown = {kind: by_grid[grid] for kind, by_grid in counts.items() if grid in by_grid}
    width = 0.8 / len(shown)
    for place, (kind, number) in enumerate(shown.items()):
        colour = _COLOURS[list(counts).index(kind)]
        photos = np.bincount(number, minlength=most + 1)
        x = np.arange(len(photos)) + (place - (len(shown) - 1) / 2) * width
        axes.bar(x, photos, width, color=colour)
        numbers += [
            {"panel": "photos by number", "kind": kind, "windows": grid, "number": n,
             "photos": int(count), "share": count / len(number), "low": "", "high": ""}
            for n, count in enumerate(photos)
        ]  # fmt: skip
    axes.set_xticks(range(most + 1))
    axes.set_ylim(0, max(len(number) for number in shown.values()) + 1)
    axes.set_title(grid)
    axes.set_xlabel("windows")
    axes.set_ylabel("photos")
    axes.label_outer()
    return numbers


def _broken(grid: str) -> str:
    """A name with something in brackets on two lines."""
    return grid.replace(" (", "\n(")
