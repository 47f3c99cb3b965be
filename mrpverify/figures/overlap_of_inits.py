"""Overlap of two networks that differ in their initialisation alone, by how they were trained."""

from __future__ import annotations

import xarray as xr
from matplotlib.figure import Figure

from .style import ARM_COLOURS, ARM_NAMES, Drawn, Rows, point


def draw(found: xr.Dataset) -> Drawn:
    """The figure, from what `mrpverify.images.comparison.overlap` gives."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes, numbers = figure.subplots(), Rows()
    kinds = found["kind"].values.tolist()
    for place, kind in enumerate(kinds):
        row = point(axes, place, found["cka"].sel(kind=kind).values, ARM_COLOURS[kind])
        numbers.append({"kind": kind, **row})
    axes.set_xticks(range(len(kinds)), [ARM_NAMES[kind] for kind in kinds])
    axes.set_xlim(-0.5, len(kinds) - 0.5)
    axes.set_ylabel("linear CKA of pooled features")
    axes.grid(axis="y", alpha=0.25)
    axes.set_title(
        f"Two initialisations: how alike are the features?\n"
        f"{found.sizes['seed']} training seeds, 90 % intervals", loc="left", fontweight="bold",
        fontsize=10,
    )  # fmt: skip
    return figure, numbers
