"""One number per network, pretrained beside supervised at the same accuracy, seed by seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ...drawing.style import (
    ARM_COLOURS,
    ARM_NAMES,
    COLUMN,
    PAGE,
    Drawn,
    Rows,
    legend_below,
    pair_in_legend,
    point,
    styled,
)
from ..comparison import PRETRAINED, SUPERVISED


@styled
def draw(seen: xr.Dataset, variables: Mapping[str, str]) -> Drawn:
    """One panel per variable (name -> words) of what `compare_all` gives; lines join one seed."""
    figure = Figure(
        figsize=(min(PAGE, max(COLUMN, 2.5 * len(variables))), 3.3), layout="constrained"
    )
    places = figure.subplots(1, len(variables), squeeze=False)[0]
    numbers: Rows = []
    for axes, (variable, words) in zip(places, variables.items(), strict=True):
        numbers += _panel(axes, seen[variable], words)
    legend_below(figure, places[0], 3 if len(variables) > 1 else 1)
    figure.suptitle(
        f"Matched networks, {seen.sizes['seed']} training seeds, 90 % intervals",
    )
    return figure, numbers


def _panel(axes: Axes, values: xr.DataArray, words: str) -> Rows:
    """Every arm with supervised learning at its right, one thin line per seed."""
    numbers: Rows = []
    arms = values["arm"].values.tolist()
    for place, arm in enumerate(arms):
        pair = [values.sel(arm=arm, network=n).values for n in (PRETRAINED, SUPERVISED)]
        sides = (place - 0.18, place + 0.18)
        axes.plot(sides, np.array(pair), color="0.75", lw=0.8, zorder=1)
        for x, own, network, marker in zip(
            sides, (arm, "supervised"), (PRETRAINED, SUPERVISED), "os", strict=True
        ):
            row = point(axes, x, pair[network == SUPERVISED], ARM_COLOURS[own], marker=marker)
            numbers.append({"number": words, "pair": arm, "network": network, **row})
    pair_in_legend(axes)
    axes.plot([], [], color="0.75", lw=0.8, label="one seed")
    # slanted: five names side by side run into each other in a third of a page
    names = [ARM_NAMES[arm] for arm in arms]
    axes.set_xticks(range(len(arms)), names, rotation=35, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_ylabel(words)
    axes.grid(axis="y", alpha=0.25)
    return numbers
