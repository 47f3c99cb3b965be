"""CIFAR-10 accuracy against the number of labels; beside it mask ratio and linear probe.

Supervised learning with both budgets, mask-reconstruction pretraining with both methods, on the
labelled images or on all of the pool; means over training seeds with 90 % intervals.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ...drawing.style import ARM_COLOURS, ARM_NAMES, PAGE, Drawn, Rows, point, styled
from ..cifar_study import METHODS, NOISE, name_of

BUDGETS = {"supervised long": "-", "supervised short": "--"}
"""Line styles of supervised learning's budgets."""
_SEEN = {"labelled": "pretrained on the labelled images", "all": "pretrained on all of the pool"}
_STEP = 1.07
"""Factor between neighbours on the axis of labels: curves that agree must not hide each other."""


@styled
def draw(found: xr.Dataset, seen: Sequence[str]) -> Drawn:
    """The figure for pretraining on the images named in `seen` (labelled, all).

    `found` is what `mrpverify.images.accuracies.study_accuracies` gives.
    """
    panels = len(seen) + 2
    across = 2 if panels == 4 else panels
    size = (PAGE, 2.6 * (panels // across) + 0.6)
    figure = Figure(figsize=size, layout="constrained")
    places = figure.subplots(panels // across, across).flat
    numbers: Rows = []
    for axes, pictures in zip(places, seen, strict=False):
        numbers += _curves(axes, found, pictures)
        axes.sharey(figure.axes[0])
    handles, labels = figure.axes[0].get_legend_handles_labels()
    numbers += _mask_ratios(figure.axes[len(seen)], found)
    numbers += _probes(figure.axes[len(seen) + 1], found, seen)
    figure.legend(handles, labels, loc="outside lower center", ncols=3)
    figure.suptitle(
        f"CIFAR-10: what mask reconstruction adds to labels "
        f"({found.sizes['seed']} training seeds, 90 % intervals)",
    )
    return figure, numbers


def _of(found: xr.Dataset, run: str) -> np.ndarray:
    """Accuracies of a run [seed]."""
    return np.asarray(found["accuracy"].sel(run=run).values)


def _curves(axes: Axes, found: xr.Dataset, pictures: str) -> Rows:
    """Accuracy against labels: both budgets, both methods, the control on noise at few labels."""
    few, counts = found.attrs["few"], found.attrs["labels"]
    numbers: Rows = []

    def curve(runs: Sequence[str], label: str, colour: str, style: str, shift: int) -> None:
        x = [n * _STEP**shift for n, _ in zip(counts, runs, strict=False)]
        rows = [
            point(axes, a, _of(found, run), colour, within=(0, 1))
            for a, run in zip(x, runs, strict=True)
        ]
        axes.plot(x, [row["mean"] for row in rows], style, color=colour, marker="o", label=label)
        numbers.extend(
            {"panel": _SEEN[pictures], "curve": label, "x": n, **row}
            for n, row in zip(counts, rows, strict=False)
        )

    for shift, (budget, style) in enumerate(BUDGETS.items(), start=-2):
        runs = [budget if n == few else f"{budget} {n}" for n in counts]
        words = budget.replace("supervised", "supervised learning,") + " budget"
        curve(runs, words, ARM_COLOURS["supervised"], style, shift)
    for shift, method in enumerate(METHODS):
        runs = [name_of(method, pictures, n) for n in counts]
        curve(runs, f"{ARM_NAMES[method]}, fine-tuned", ARM_COLOURS[method], "-", shift)
    noise = [name_of(*NOISE, few)]
    curve(noise, "control: pretrained on noise", ARM_COLOURS["noise"], "", len(METHODS))
    axes.set_xscale("log")
    axes.set_xticks(counts, [f"{n:,}" for n in counts])
    axes.minorticks_off()
    axes.set_xlabel("labels (points are set apart sideways)")
    axes.set_ylabel("accuracy on all test images")
    axes.set_title(_SEEN[pictures])
    axes.grid(alpha=0.25)
    return numbers


def _mask_ratios(axes: Axes, found: xr.Dataset) -> Rows:
    """Fine-tuned with few labels, by mask ratio, between the two supervised budgets."""
    few, numbers = found.attrs["few"], []
    for ratio in found["ratio"].values.tolist():
        values = found["by_ratio"].sel(ratio=ratio).values
        row = point(axes, ratio, values, ARM_COLOURS["pixels"], within=(0, 1))
        numbers.append({"panel": "mask ratio", "curve": "MAE-style", "x": ratio, **row})
    for budget, style in BUDGETS.items():
        level = float(_of(found, budget).mean())
        axes.axhline(level, color=ARM_COLOURS["supervised"], ls=style, lw=1.2)
    axes.set_xlim(0, 1)
    axes.set_xlabel("share of patches hidden (MAE-style on all of the pool)")
    axes.set_ylabel("accuracy on all test images")
    title = f"mask ratio, {few:,} labels, {found.sizes['sweep_seed']} seeds"
    axes.set_title(title)
    axes.grid(alpha=0.25)
    return numbers


def _probes(axes: Axes, found: xr.Dataset, seen: Sequence[str]) -> Rows:
    """Linear probe of the frozen encoders with few labels."""
    few = found.attrs["few"]
    names = {"probe random": ("untrained encoder", "untrained")}
    for method in METHODS:
        for pictures in seen:
            words = f"{ARM_NAMES[method]},\n{_SEEN[pictures].removeprefix('pretrained ')}"
            names[f"probe {name_of(method, pictures, few)}"] = (words, method)
    names[f"probe {name_of(*NOISE, few)}"] = ("MAE-style,\non noise (control)", "noise")
    numbers: Rows = []
    for place, (run, (words, arm)) in enumerate(names.items()):
        row = point(axes, place, _of(found, run), ARM_COLOURS[arm], flat=True, within=(0, 1))
        numbers.append(
            {"panel": "linear probe", "curve": words.replace("\n", " "), "x": few, **row}
        )
    axes.yaxis.tick_right()
    axes.set_yticks(range(len(names)), [words for words, _ in names.values()])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.set_xlabel("accuracy on all test images")
    axes.set_title(f"linear probe, {few:,} labels")
    axes.grid(alpha=0.25)
    return numbers
