"""What matched networks still recognise when a window is hidden, for both fillings of the window.

Upper row: each network without the window that it relies on most; lower row: both without the
centre. Over the images that both networks of a pair recognise whole, so 1 is what they start from.
"""

from __future__ import annotations

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...drawing.style import (
    ARM_COLOURS,
    ARM_NAMES,
    PAGE,
    Drawn,
    Rows,
    pair_in_legend,
    point,
    styled,
)
from ..comparison import PRETRAINED, SUPERVISED
from ..occlusion import HIDDEN

_FILLS = {"mean": "filled with the training mean", "shuffled": "its own pixels, shuffled"}


@styled
def draw(seen: xr.Dataset) -> Drawn:
    """The figure, from what `mrpverify.images.comparison.compare_all` gives."""
    fills, windows = seen["fill"].values.tolist(), seen["window"].values.tolist()
    figure = Figure(figsize=(PAGE, 5.4), layout="constrained")
    places = figure.subplots(len(windows), len(fills), sharey=True, squeeze=False)
    numbers: Rows = []
    for row, window in zip(places, windows, strict=True):
        for axes, fill in zip(row, fills, strict=True):
            numbers += _panel(axes, seen, window, fill)
        row[0].set_ylabel("share still recognised")
    handles, labels = places[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(
        f"Matched networks without a {HIDDEN} px window "
        f"({seen.sizes['seed']} training seeds, 90 % intervals)",
    )
    return figure, numbers


def _panel(axes: Axes, seen: xr.Dataset, window: str, fill: str) -> Rows:
    """Every arm beside supervised learning at its accuracy, for one window and filling."""
    numbers: Rows = []
    arms = seen["arm"].values.tolist()
    for place, arm in enumerate(arms):
        for side, network in ((-0.13, PRETRAINED), (0.13, SUPERVISED)):
            own = arm if network == PRETRAINED else "supervised"
            values = seen["still_right"].sel(arm=arm, network=network, window=window, fill=fill)
            row = point(
                axes,
                place + side,
                values.values,
                ARM_COLOURS[own],
                marker="os"[side > 0],
                within=(0, 1),
            )
            numbers.append(
                {"window": window, "fill": fill, "pair": arm, "network": network,
                 "clean_accuracy": _clean(seen, arm, network),
                 "images": float(seen["both_right"].sel(arm=arm).mean()), **row}
            )  # fmt: skip
    pair_in_legend(axes)
    axes.plot([], [], ".", color="0.2", alpha=0.5, label="single seeds")
    axes.set_xticks(range(len(arms)), [_named(seen, arm) for arm in arms], fontsize=5.5)
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_title(f"without {_which(window)}:\n{_FILLS[fill]}")
    axes.grid(axis="y", alpha=0.25)
    return numbers


def _which(window: str) -> str:
    """A window in words."""
    return (
        "the centre"
        if window == "centre"
        else f"each network's {window.removeprefix('own ')} window"
    )


def _clean(seen: xr.Dataset, arm: str, network: str) -> float:
    """Mean accuracy of a network of a pair on whole images."""
    return float(seen["accuracy"].sel(arm=arm, network=network).mean())


def _named(seen: xr.Dataset, arm: str) -> str:
    """An arm, the accuracies of the pair, and on how many images it is compared (mean)."""
    own, beside = (_clean(seen, arm, network) for network in (PRETRAINED, SUPERVISED))
    images = float(seen["both_right"].sel(arm=arm).mean())
    return f"{ARM_NAMES[arm]}\nclean {own:.2f} | {beside:.2f}\n{images:.0f} images"
