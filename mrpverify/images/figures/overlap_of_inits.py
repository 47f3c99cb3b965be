"""Overlap of two networks that differ in their initialisation, beside supervised ones."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from ...drawing.style import ARM_COLOURS, ARM_NAMES, PAGE, Drawn, Rows, point, styled
from ..overlap import EQUAL_STEPS, LONG, MATCHED, OWN

_MARKERS = {OWN: "o", MATCHED: "s", EQUAL_STEPS: "^", LONG: "x"}
_WORDS = {
    OWN: "networks named below",
    MATCHED: "supervised, states of nearest accuracy",
    EQUAL_STEPS: "supervised, as many label steps",
    LONG: "supervised, long budget (not judged)",
}


@styled
def draw(found: xr.Dataset) -> Drawn:
    """The figure, from what `mrpverify.images.overlap.overlaps` gives."""
    figure = Figure(figsize=(PAGE, 3.4), layout="constrained")
    axes, numbers = figure.subplots(), Rows()
    arms, networks = found["arm"].values.tolist(), list(_MARKERS)
    for place, arm in enumerate(arms):
        for number, network in enumerate(networks):
            colour = ARM_COLOURS[arm if network == OWN else "supervised"]
            values = found["cka"].sel(arm=arm, network=network).values
            x = place + 0.18 * (number - 1.5)
            row = point(axes, x, values, colour, marker=_MARKERS[network])
            accuracy = float(found["accuracy"].sel(arm=arm, network=network).mean())
            numbers.append({"arm": arm, "networks": network, "accuracy": accuracy, **row})
    for network, marker in _MARKERS.items():
        colour = "0.2" if network == OWN else ARM_COLOURS["supervised"]
        axes.plot([], [], marker, color=colour, label=_WORDS[network])
    axes.set_xticks(range(len(arms)), [ARM_NAMES[arm] for arm in arms])
    axes.set_xlim(-0.5, len(arms) - 0.5)
    axes.set_ylabel("linear CKA of pooled features")
    axes.grid(axis="y", alpha=0.25)
    figure.legend(loc="outside lower center", ncols=2)
    figure.suptitle(
        f"How alike are the features of two initialisations? "
        f"({found.sizes['seed']} training seeds, 90 % intervals)",
    )
    return figure, numbers
