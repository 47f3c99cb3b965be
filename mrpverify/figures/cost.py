"""What a lost view costs to learn: accuracy on single-view images against gradient evaluations.

All ways start from one init and see the same images. What a way needs before its last stage counts:
its teachers, its members, its pretraining.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..claims.accuracies import multi_view, single_view
from ..claims.explanation.distillation import SOFT
from ..claims.legs import Leg, fine_tuned, masked_supervised, supervised
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..observe.ensemble import by_mean_logit
from ..parameters import Parameters
from ..records.answers import single_view_answers
from .figure import RunsFigure, Study

SEEDS, MEMBERS = 8, 10
"""Seeds, and networks of the largest ensemble."""
SIZES = (2, 5, MEMBERS)
LONGER = (1, 10, 100)
"""T of labels alone, in units of the usual one."""
SCRATCH, ENSEMBLE = "labels alone, 1, 10, 100 T", "mean of 2, 5, 10 networks"
TAUGHT, SMOOTHED = f"taught by {MEMBERS} networks", "smoothed labels"
MASKED, TUNED = "masks and labels", "masks, reconstruction, then labels"
LOOKS: Mapping[str, dict[str, Any]] = {
    SCRATCH: {"colour": style.COLOURS["supervised"], "marker": style.MARKS["supervised"]},
    ENSEMBLE: {"colour": "0.45", "marker": "^"},
    TAUGHT: {"colour": "0.45", "marker": "D"},
    SMOOTHED: {"colour": "0.45", "marker": "x"},
    MASKED: {"colour": style.ROLES["band"], "marker": "o"},
    TUNED: {"colour": style.COLOURS["mae"], "marker": style.MARKS["mae"]},
}


@dataclass(frozen=True, eq=False)
class Bought:
    """One way to learn, of one size: what it cost and what it got, each [seeds]."""

    size: str
    evaluations: np.ndarray
    """Gradient evaluations of all its stages, members and teachers."""
    single_view: np.ndarray
    multi_view: np.ndarray | None
    """None of an ensemble: its members' logits are looked at on single-view images only."""


Data = Mapping[str, Sequence[Bought]]
"""Ways, each in order of cost."""


def gather(study: Study) -> Data:
    """The masked autoencoder's regime, everything from one init and one data set."""
    p = study.regimes["mae"]
    members = [supervised(p, member=number) for number in range(1, MEMBERS + 1)]
    trained = [study.runs(leg, SEEDS) for leg in members]
    longer = {f"{n} T": supervised(p, horizon_factor=n * p.horizon_factor) for n in LONGER}
    pretrained = study.runs(Leg(p), SEEDS)
    tuned, masked = study.runs(fine_tuned(p), SEEDS), study.runs(masked_supervised(p), SEEDS)
    return {
        SCRATCH: [_bought(size, study.runs(leg, SEEDS)) for size, leg in longer.items()],
        ENSEMBLE: _ensembles(members[0].parameters, trained),
        TAUGHT: [_bought("", study.runs(_student(p, members), SEEDS), *trained)],
        SMOOTHED: _smoothed(p, study),
        MASKED: [_bought("", masked)],
        TUNED: [_bought("", tuned, pretrained)],
    }


def _student(p: Parameters, teachers: Sequence[Leg], **changes: Any) -> Leg:
    """A network of the usual init, taught as KD.transfer's is."""
    own = replace(supervised(p).parameters, **{**SOFT, **changes})
    return Leg(own, taught_by=tuple(teachers))


def _smoothed(p: Parameters, study: Study) -> list[Bought]:
    """Labels smoothed by as much as the network's own answers are soft."""
    teacher = supervised(p)
    run = study.runs(_student(p, [teacher], soft_labels="smoothed"), SEEDS)
    return [_bought("", run, study.runs(teacher, SEEDS))]


def _bought(size: str, last: xr.Dataset, *before: xr.Dataset) -> Bought:
    """What a run got, and what it cost with the runs before it."""
    return Bought(size, _evaluations(last, *before), single_view(last), multi_view(last))


def _evaluations(*runs: xr.Dataset) -> np.ndarray:
    total: np.ndarray = np.sum([run["steps"].values for run in runs], 0)
    return total


def _ensembles(p: Parameters, members: Sequence[xr.Dataset]) -> list[Bought]:
    """The first members together, by the mean of their logits."""
    logits, labels = single_view_answers(p, members)
    return [
        Bought(str(n), _evaluations(*members[:n]), by_mean_logit(logits[:n], labels).mean(1), None)
        for n in SIZES
    ]


@style.styled
def draw(data: Data) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.COLUMN, 3.4)
    axes = figure.subplots()
    numbers = [row for name, bought in data.items() for row in _draw_way(axes, name, bought)]
    axes.set_xscale("log")
    axes.set(xlabel="gradient evaluations", ylabel="accuracy on single-view images")
    axes.set_ylim(top=1.01)
    shown = [
        Line2D([], [], ls="", marker=look["marker"], color=look["colour"], label=name)
        for name, look in LOOKS.items()
    ]
    figure.legend(handles=shown, loc="outside lower center", ncols=1)
    return figure, numbers


def _draw_way(axes: Axes, name: str, bought: Sequence[Bought]) -> Rows:
    """One way at all its sizes, joined by a line."""
    numbers: Rows = []
    for one in bought:
        cost = float(np.median(one.evaluations))
        told = style.point(axes, cost, one.single_view, within=(0, 1), **LOOKS[name])
        other = "" if one.multi_view is None else float(one.multi_view.mean())
        numbers.append(
            {"way": name, "size": one.size, "gradient evaluations": cost, **told,
             "multi-view mean": other}
        )  # fmt: skip
    path = [(row["gradient evaluations"], row["mean"]) for row in numbers]
    axes.plot(*zip(*path, strict=True), color=LOOKS[name]["colour"], lw=0.8, zorder=1)
    return numbers


FIGURE = RunsFigure(
    "cost",
    "what a lost view costs to learn, way by way",
    gather,
    draw,
    r"""Accuracy on test images that show one of two views of their class, against the gradients of
    the loss of all images that it took (median over seeds), those of teachers, members and
    pretraining too. Small dots are seeds, marks means with 90 % intervals. Every way starts
    from the same init and sees the same images and labels: labels alone until T, ten and a
    hundred times as long; the mean of the logits of 2, 5 and 10 networks of other inits; one
    network taught by the soft labels of those 10; one whose labels are smoothed by as much as
    its own answers are soft; labels on masked images, masks drawn anew in every step; and
    mask-reconstruction pretraining (masked autoencoder) with fine-tuning. A gradient with masks
    or of a reconstruction is up to three times as many products as one of the labels' loss.""",
)
