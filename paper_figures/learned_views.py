"""Which views each class has learned: supervised learning, pretraining, and after fine-tuning.

One line per seed, one cell per class; supervised learning and pretraining share data and init.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import style
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mrpverify.claims import legs
from mrpverify.claims.accuracies import block_views, captured_views
from mrpverify.claims.evaluate import Collect
from mrpverify.claims.legs import Leg
from mrpverify.claims.supervised.runs import predicted_winner
from mrpverify.parameters import Framework, Parameters

SEEDS = range(24)
NAMES = ("no view", "view 1 alone", "view 2 alone", "both views")
COLOURS = ("0.85", "#e6a04c", "#c2562d", "#1b6ca8")


@dataclass(frozen=True)
class Maps:
    """Learned views of one framework [seeds, classes], as an index into NAMES."""

    framework: Framework
    maps: Mapping[str, np.ndarray]
    predicted: np.ndarray
    """View that the init favours in supervised learning [seeds, classes]."""


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Maps]:
    """The maps of both frameworks."""
    return [_maps(regimes[name], salt, get) for name in ("teacher-student", "mae")]


def _maps(regime: Parameters, salt: str, get: Collect) -> Maps:
    """Three legs of one regime."""
    scratch = style.runs_of(legs.supervised(regime), salt, SEEDS, get)
    before = style.runs_of(Leg(regime), salt, SEEDS, get)
    after = style.runs_of(legs.fine_tuned(regime), salt, SEEDS, get)
    found = {
        "supervised learning": block_views(regime, scratch),
        "pretraining": captured_views(regime, before),
        "after fine-tuning": captured_views(regime, after),
    }
    index = {name: views[..., 0] + 2 * views[..., 1] for name, views in found.items()}
    return Maps(regime.framework, index, predicted_winner(regime, scratch))


def draw(rows: list[Maps]) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn cells."""
    figure, axes = plt.subplots(len(rows), 3, figsize=(10, 9), layout="constrained")
    numbers: list[dict[str, object]] = []
    for row, places in zip(rows, axes, strict=True):
        for (name, cells), place in zip(row.maps.items(), places, strict=True):
            place.imshow(cells, cmap=ListedColormap(COLOURS), vmin=0, vmax=3, aspect="auto")
            place.set_title(f"{row.framework}: {name}", loc="left", fontsize=10)
            place.set_xticks(range(cells.shape[1]), range(1, cells.shape[1] + 1))
            place.set_xlabel("class")
            place.set_ylabel("seed")
            numbers += _numbers(row, name, cells)
        _mark_wrong(places[0], row)
    handles = [Patch(color=c, label=n) for c, n in zip(COLOURS, NAMES, strict=True)]
    handles.append(plt.Line2D([], [], marker="x", ls="", color="k", label="winner not predicted"))
    figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False)
    figure.suptitle("Views learned by every class")
    return figure, numbers


def _mark_wrong(place: plt.Axes, row: Maps) -> None:
    """A cross where the class learned one view alone, and not the one its init favours."""
    cells = row.maps["supervised learning"]
    wrong = ((cells == 1) & (row.predicted != 0)) | ((cells == 2) & (row.predicted != 1))
    seed, label = np.nonzero(wrong)
    place.plot(label, seed, "kx", ms=5)


def _numbers(row: Maps, name: str, cells: np.ndarray) -> list[dict[str, object]]:
    """One drawn cell per line."""
    return [
        {
            "framework": row.framework, "stage": name, "seed": seed, "class": label + 1,
            "learned": NAMES[cells[seed, label]],
            "predicted_winner": int(row.predicted[seed, label]) + 1,
        }
        for seed in range(cells.shape[0])
        for label in range(cells.shape[1])
    ]  # fmt: skip
