"""A sheet of photos: Eigen-CAM and parts (NMF) of a network's last map at two resolutions.

It shows photos that are not ours to publish: it belongs into reports and folders of its user.
"""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import shorten
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D

from ...drawing.style import Drawn, Rows, bare, listed, styled
from ..photo_parts import PhotoParts, View

PART_COLOURS = ("#e6194b", "#3cb44b", "#4363d8", "#f5a623", "#9b3fd1")
"""One colour per part, the strongest first."""
_CAM, _PART = 0.75, 0.5
"""Opacity where Eigen-CAM and a part are largest."""


@styled
def draw(photos: Sequence[PhotoParts]) -> Drawn:
    """The sheet, one column per photo; raises ValueError where there is none."""
    if not photos:
        raise ValueError("no photo: the network recognised none.")
    sides = list(photos[0].views)
    rows = 1 + 2 * len(sides)
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02, rect=(0, 0.03, 1, 0.97))
    size = (1.75 * len(photos) + 0.9, 1.98 * rows + 1.0)
    figure = Figure(figsize=size, layout=layout)
    places = figure.subplots(rows, len(photos), squeeze=False)
    numbers: Rows = []
    for column, photo in zip(places.T, photos, strict=True):
        column[0].imshow(photo.crop)
        column[0].set_title(shorten(photo.label, 22, placeholder=" ..."))
        for number, side in enumerate(sides):
            view = photo.views[side]
            _draw_cam(column[1 + number], photo.crop, view)
            _draw_parts(column[1 + len(sides) + number], photo.crop, view)
            numbers.append(_row(photo, side))
        for axes in column:
            bare(axes)
    words = [f"{kind}, {side} px" for kind in ("Eigen-CAM", "NMF parts") for side in sides]
    for axes, text in zip(places[:, 0], ["photo", *words], strict=True):
        axes.set_ylabel(text)
    handles = [
        Line2D(
            [],
            [],
            marker="s",
            ls="",
            ms=9,
            color=colour,
            label=f"part {number}{' (strongest)' if number == 1 else ''}",
        )
        for number, colour in enumerate(PART_COLOURS, 1)
    ]
    figure.legend(handles=handles, loc="lower center", ncols=len(handles))
    figure.suptitle(
        f"The first {len(photos)} recognised photos by file name: what varies in the last map "
        "(Eigen-CAM), and its parts (NMF)\n"
        "class first: the parts that alone, pushed through the head, rank the photo's class first",
    )
    return figure, numbers


def _grey(axes: Axes, crop: np.ndarray) -> tuple[float, float, float, float]:
    """The photo, pale, under a map; returns the extent of the picture."""
    height, width = crop.shape[:2]
    extent = (0.0, float(width), float(height), 0.0)
    axes.imshow(0.35 * 255 + 0.65 * crop.mean(2), cmap="gray", vmin=0, vmax=255, extent=extent)
    return extent


def _draw_cam(axes: Axes, crop: np.ndarray, view: View) -> None:
    """The positive part of Eigen-CAM over the photo."""
    extent, picture = _grey(axes, crop), view.cam.picture
    axes.imshow(
        picture, cmap="inferno", vmin=0, vmax=1, alpha=_CAM * picture, extent=extent,
        interpolation="bilinear",
    )  # fmt: skip
    axes.set_xlabel(f"{view.cam.share:.0%} of the variance", fontsize=7, labelpad=2)


def _draw_parts(axes: Axes, crop: np.ndarray, view: View) -> None:
    """The strongest part at each position in its colour, as strong as it is there."""
    extent = _grey(axes, crop)
    strongest = view.parts.argmax(0)
    colours = np.array([_rgb(colour) for colour in PART_COLOURS])[strongest]
    layer = np.concatenate([colours, _PART * view.parts.max(0)[..., None]], 2)
    axes.imshow(layer, extent=extent, interpolation="nearest")
    words = f"parts {listed(view.sufficient)}" if view.sufficient else "no part"
    axes.set_xlabel(f"class first: {words}", fontsize=7, labelpad=2)


def _rgb(colour: str) -> tuple[float, ...]:
    """A colour #rrggbb as numbers in [0, 1]."""
    return tuple(int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))


def _row(photo: PhotoParts, side: int) -> dict[str, Any]:
    """The numbers under one photo at one resolution."""
    view = photo.views[side]
    return {
        "photo": photo.name, "class": photo.label, "side": side,
        "share_of_variance": view.cam.share, "parts": len(view.parts),
        "parts_that_rank_the_class_first": listed(view.sufficient),
    }  # fmt: skip
