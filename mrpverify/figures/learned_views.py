"""Which views each class has learned: supervised learning, pretraining, and after fine-tuning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from ..claims import legs
from ..claims.accuracies import block_views, captured_views
from ..claims.legs import Leg
from ..claims.supervised.runs import predicted_winner
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import PRETRAINING, Framework, Parameters
from ..theory.supervised import both_views_probability
from .figure import RunsFigure, Study

SEEDS = 24
NAMES = ("no view", "view 1 alone", "view 2 alone", "both views")
FILLS = ("0.85", "#e69f00", "#d55e00", "#0072b2")
SCRATCH, BEFORE, AFTER = "supervised learning", "pretraining", "fine-tuning after it"


@dataclass(frozen=True)
class Maps:
    """Learned views of one framework [seeds, classes], as an index into NAMES."""

    framework: Framework
    maps: Mapping[str, np.ndarray]
    predicted: np.ndarray
    """View that the init favours in supervised learning [seeds, classes]."""
    both: float
    """Share of the classes that supervised learning should learn both views of (derived)."""


def gather(study: Study) -> list[Maps]:
    """The maps of both frameworks; supervised learning shares data and init with each."""
    return [_maps(study.regimes[name], study) for name in PRETRAINING]


def _maps(regime: Parameters, study: Study) -> Maps:
    """Three legs of one regime."""
    own = legs.supervised(regime)
    scratch = study.runs(own, SEEDS)
    found = {
        SCRATCH: block_views(regime, scratch),
        BEFORE: captured_views(regime, study.runs(Leg(regime), SEEDS)),
        AFTER: captured_views(regime, study.runs(legs.fine_tuned(regime), SEEDS)),
    }
    index = {name: views[..., 0] + 2 * views[..., 1] for name, views in found.items()}
    both = both_views_probability(own.parameters)
    return Maps(regime.framework, index, predicted_winner(regime, scratch), both)


@style.styled
def draw(rows: Sequence[Maps]) -> Drawn:
    """The figure, and the drawn cells."""
    figure = style.sheet(style.PAGE, 3.6)
    axes = figure.subplots(1, 3, width_ratios=(1, 1, 1.5))
    for row, place in zip(rows, axes[:2], strict=True):
        _draw_map(place, row)
    axes[0].set_ylabel("seed")
    numbers = [cell for row in rows for name, cells in row.maps.items()
               for cell in _numbers(row, name, cells)]  # fmt: skip
    numbers += _draw_shares(axes[2], rows)
    titles = [f"supervised, init of the\n{style.NAMES[row.framework]}" for row in rows]
    style.lettered(axes, [*titles, "share of all classes"])
    _legend(figure)
    return figure, numbers


def _draw_map(place: Axes, row: Maps) -> None:
    """One line per seed, one cell per class; a cross where the winner was not the predicted one."""
    cells = row.maps[SCRATCH]
    seeds, classes = cells.shape
    place.imshow(
        cells, cmap=ListedColormap(FILLS), vmin=-0.5, vmax=3.5, aspect="auto",
        interpolation="nearest", extent=(0, classes, seeds, 0),
    )  # fmt: skip
    place.hlines(range(seeds + 1), 0, classes, color="w", lw=0.6)
    place.vlines(range(classes + 1), 0, seeds, color="w", lw=0.6)
    for side in place.spines.values():
        side.set_visible(False)
    wrong = ((cells == 1) & (row.predicted != 0)) | ((cells == 2) & (row.predicted != 1))
    seed, label = np.nonzero(wrong)
    place.plot(label + 0.5, seed + 0.5, "kx", ms=3, mew=0.8)
    place.set_xticks(np.arange(classes) + 0.5, [str(label + 1) for label in range(classes)])
    shown = np.arange(0, seeds, 4)
    place.set_yticks(shown + 0.5, [str(seed) for seed in shown])
    place.tick_params(length=0)
    place.set_xlabel("class")


def _draw_shares(place: Axes, rows: Sequence[Maps]) -> Rows:
    """How often a class holds no view, one, or both, in every stage of both frameworks."""
    numbers: Rows = []
    names: list[str] = []
    for row in rows:
        for stage, cells in row.maps.items():
            y, left = len(names) + 0.5 * (row is not rows[0]), 0.0
            names.append(stage)
            for index, (name, fill) in enumerate(zip(NAMES, FILLS, strict=True)):
                share = float((cells == index).mean())
                place.barh(y, share, 0.75, left, color=fill, ec="w", lw=0.4)
                left += share
                numbers.append(_share(row, stage, name, share))
            if stage == SCRATCH:
                expected = 1 - row.both
                place.plot([expected] * 2, [y - 0.45, y + 0.45], color="k", lw=1.4)
                numbers.append(_share(row, stage, "both views, predicted", row.both))
        place.text(0.01, y - 2.55, style.NAMES[row.framework], va="bottom", fontsize=7.5)
    places = [n + 0.5 * (n >= len(names) // 2) for n in range(len(names))]
    place.set_yticks(places, names)
    place.set_ylim(max(places) + 0.6, -1.0)
    place.tick_params(axis="y", length=0)
    place.set_xlim(0, 1)
    place.set_xlabel("share of classes")
    return numbers


def _legend(figure: Sheet) -> None:
    """What the colours and marks mean."""
    handles: list[Patch | Line2D] = [
        Patch(color=fill, label=name) for fill, name in zip(FILLS, NAMES, strict=True)
    ]
    handles.append(Line2D([], [], marker="x", ls="", ms=4, color="k", label="winner not predicted"))
    handles.append(Line2D([], [], marker="|", ls="", ms=9, mew=1.4, color="k",
                          label="both views: derived share right of it"))  # fmt: skip
    figure.legend(handles=handles, loc="outside lower center", ncols=3)


def _numbers(row: Maps, name: str, cells: np.ndarray) -> Rows:
    """One cell per line."""
    return [
        {
            "framework": row.framework, "stage": name, "seed": seed, "class": label + 1,
            "learned": NAMES[cells[seed, label]],
            "predicted_winner": int(row.predicted[seed, label]) + 1,
        }
        for seed in range(cells.shape[0])
        for label in range(cells.shape[1])
    ]  # fmt: skip


def _share(row: Maps, stage: str, name: str, share: float) -> dict[str, object]:
    """One bar: a share of all classes of all seeds."""
    return {"framework": row.framework, "stage": stage, "learned": name, "share": share}


FIGURE = RunsFigure(
    "learned_views",
    "the views that every class learns, with and without pretraining",
    gather,
    draw,
    """(a, b) What supervised learning from scratch learns at the inits of both pretraining
    frameworks, one line per seed and one cell per class; a cross marks a class that learned one
    view alone, and not the one that its initialisation favours. (c) The share of all classes that
    hold no view, one, or both, for supervised learning, for pretraining on the same data from the
    same init, and after fine-tuning; the black tick is where the blue bar of supervised learning
    should begin (both views learned by near ties at the start, derived in
    `theory/supervised.py`).""",
)
