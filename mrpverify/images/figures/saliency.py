"""The same CIFAR-10 images as two networks of equal accuracy see them, supervised and pretrained.

It shows pictures that are not ours to publish: it belongs into reports and folders of its user.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from ...drawing.style import Drawn, Rows, bare, styled
from ..comparison import PRETRAINED, SUPERVISED
from ..occlusion import HIDDEN
from ..saliency import Gaze, Seen

_NAMES = {SUPERVISED: "supervised", PRETRAINED: "MAE-style"}
_LOST, _CAM = "RdBu_r", "inferno"
"""Colour maps of the probability lost (red: the patch is needed) and of Eigen-CAM."""
_CLEAREST = 0.7
"""Opacity of an occlusion map, and of Eigen-CAM where it is largest."""


@styled
def draw(seen: Sequence[Seen]) -> Drawn:
    """The sheet, one column per image; raises ValueError where there is none."""
    if not seen:
        raise ValueError("no image: the two networks recognise none in common.")
    limit = max(float(np.abs(g.lost).max()) for item in seen for g in item.gazes.values())
    rows = 1 + 2 * len(_NAMES)
    layout = ConstrainedLayoutEngine(w_pad=0.02, h_pad=0.02)
    figure = Figure(figsize=(1.25 * len(seen) + 2.2, 1.5 * rows + 1.0), layout=layout)
    places = figure.subplots(rows, len(seen), squeeze=False)
    numbers: Rows = []
    for column, item in zip(places.T, seen, strict=True):
        column[0].imshow(item.image)
        column[0].set_title(item.label)
        for number, network in enumerate(_NAMES):
            gaze = item.gazes[network]
            _draw_lost(column[1 + number], item.image, gaze, limit)
            _draw_cam(column[1 + len(_NAMES) + number], item.image, gaze)
            numbers.append(_row(item, network))
        for axes in column:
            bare(axes)
    words = [f"{kind},\n{name}" for kind in ("occlusion", "Eigen-CAM") for name in _NAMES.values()]
    for axes, text in zip(places[:, 0], ["image", *words], strict=True):
        axes.set_ylabel(text)
    _bars(figure, places, limit)
    figure.suptitle(
        "Two networks of equal accuracy: first test image of each class that both recognise\n",
    )
    return figure, numbers


def _bars(figure: Figure, places: np.ndarray, limit: float) -> None:
    """What the colours mean."""
    half = 1 + len(_NAMES)
    lost = ScalarMappable(Normalize(-limit, limit), _LOST)
    text = f"probability lost with a {HIDDEN} px window\nthat hides it, mean (blue: won)"
    figure.colorbar(lost, ax=list(places[1:half].flat), aspect=18, pad=0.01).set_label(text)
    cam = ScalarMappable(Normalize(0, 1), _CAM)
    text = "Eigen-CAM of the last map (4 x 4),\npositive part, largest value 1"
    figure.colorbar(cam, ax=list(places[half:].flat), aspect=18, pad=0.01).set_label(text)


def _grey(axes: Axes, image: np.ndarray) -> tuple[float, float, float, float]:
    """The image, pale, under a map; returns its extent."""
    height, width = image.shape[:2]
    extent = (0.0, float(width), float(height), 0.0)
    axes.imshow(0.35 * 255 + 0.65 * image.mean(2), cmap="gray", vmin=0, vmax=255, extent=extent)
    return extent


def _draw_lost(axes: Axes, image: np.ndarray, gaze: Gaze, limit: float) -> None:
    """The occlusion map over the image, on one scale for the whole sheet."""
    extent = _grey(axes, image)
    axes.imshow(gaze.lost, cmap=_LOST, vmin=-limit, vmax=limit, alpha=_CLEAREST, extent=extent)
    axes.set_xlabel(f"clean {gaze.chance:.2f}", fontsize=7, labelpad=2)


def _draw_cam(axes: Axes, image: np.ndarray, gaze: Gaze) -> None:
    """The positive part of Eigen-CAM over the image."""
    extent = _grey(axes, image)
    picture = gaze.cam.picture
    axes.imshow(picture, cmap=_CAM, vmin=0, vmax=1, alpha=_CLEAREST * picture, extent=extent)
    axes.set_xlabel(f"{gaze.cam.share:.0%} of variance", fontsize=7, labelpad=2)


def _row(item: Seen, network: str) -> dict[str, object]:
    """The numbers of one image and network."""
    gaze = item.gazes[network]
    return {
        "class": item.label, "network": _NAMES[network], "probability": gaze.chance,
        "most_lost": float(gaze.lost.max()), "share_of_variance": gaze.cam.share,
    }  # fmt: skip
