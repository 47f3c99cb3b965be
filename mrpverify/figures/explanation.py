"""What does the work? Ensembles, masks and reconstruction beside supervised learning, on one law.

One column wide, its panels below each other: it has to be read on a phone as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..claims.accuracies import single_view
from ..claims.explanation import initial_scale, labelled_view
from ..claims.laws.foretold import foretell
from ..claims.legs import fine_tuned, masked_supervised, supervised
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..observe.ensemble import by_majority, by_mean_logit
from ..parameters import Parameters
from ..records.answers import single_view_answers
from .figure import RunsFigure, Study

SEEDS, MEMBERS, FINE = 8, 8, 12
"""Seeds, networks of an ensemble, and initial scales of the foretold line."""
SCRATCH, VOTE, MEAN = "labels alone", f"vote of {MEMBERS}", f"mean of {MEMBERS}"
MASKED, TUNED = "masks and labels", "masks, reconstruction,\nthen labels"
LOOKS: Mapping[str, dict[str, Any]] = {
    SCRATCH: {"colour": style.COLOURS["supervised"], "marker": style.MARKS["supervised"]},
    VOTE: {"colour": "0.45", "marker": "v"},
    MEAN: {"colour": "0.45", "marker": "^"},
    MASKED: {"colour": style.ROLES["band"], "marker": "o"},
    TUNED: {"colour": style.COLOURS["mae"], "marker": style.MARKS["mae"]},
}
GROUPS = (
    "the view on\nthe labelled image", "its sibling, where\none kernel holds both",
    "its sibling,\nwhere none does",
)  # fmt: skip
TITLES = ("who knows an image of one view", "from a larger init", "one label a class, one view")
BESIDE = 0.17


@dataclass(frozen=True, eq=False)
class Data:
    """Accuracies on single-view test images, each [seeds]."""

    ways: Mapping[str, np.ndarray]
    scales: Sequence[float]
    """sigma_0/varrho, increasing."""
    by_scale: Mapping[str, Sequence[np.ndarray]]
    foretold: tuple[np.ndarray, np.ndarray]
    """Scales and mean accuracies of supervised learning by its flow."""
    condition: tuple[float, float]
    """Where the condition on the losing view ends, and where its sides are equal."""
    groups: Mapping[str, Sequence[np.ndarray]]
    """By learner, for each of GROUPS; NaN in a seed without such a view."""


def gather(study: Study) -> Data:
    """The masked autoencoder's regime, everything from one init and one data set."""
    p = study.regimes["mae"]
    regimes = [p, *(initial_scale.regime(p, growth) for growth in initial_scale.GROWTHS)]
    ways = {MASKED: masked_supervised, TUNED: fine_tuned, SCRATCH: supervised}
    by_scale = {
        name: [np.asarray(single_view(study.runs(leg(own), SEEDS))) for own in regimes]
        for name, leg in ways.items()
    }
    scales = [own.init_scale / own.linear_from for own in regimes]
    return Data(
        {**{name: by_scale[name][0] for name in ways}, **_ensembles(p, study)},
        scales,
        by_scale,
        _foretold(p, scales, study),
        (scales[1], scales[2]),
        _groups(p, study),
    )


def _ensembles(p: Parameters, study: Study) -> dict[str, np.ndarray]:
    """Eight supervised networks of other inits, together."""
    legs = [supervised(p, member=member) for member in range(MEMBERS)]
    members = [study.runs(leg, SEEDS) for leg in legs]
    answers = single_view_answers(legs[0].parameters, members)
    return {VOTE: by_majority(*answers).mean(1), MEAN: by_mean_logit(*answers).mean(1)}


def _foretold(
    p: Parameters, scales: Sequence[float], study: Study
) -> tuple[np.ndarray, np.ndarray]:
    """What the flow says of the same draws at scales between the measured ones."""
    leg = supervised(p)
    drawn = study.runs(leg, SEEDS)
    x = np.geomspace(scales[0], scales[-1], FINE)
    said = [foretell(leg.parameters, drawn, float(scale / scales[0])).accuracy for scale in x]
    return x, np.array([float(np.nanmean(one)) for one in said])


def _groups(p: Parameters, study: Study) -> dict[str, list[np.ndarray]]:
    """One labelled image a class that shows one view: accuracy by what the shown view is."""
    legs = labelled_view.legs(p)
    names = {TUNED: labelled_view.TUNED, MASKED: labelled_view.masked_leg("one view", 1.0)}
    runs = {name: study.runs(legs[leg], SEEDS) for name, leg in names.items()}
    encoder = study.runs(legs[labelled_view.ENCODER], SEEDS)
    views = labelled_view.groups(p, encoder, runs[TUNED]).values()
    return {
        name: [labelled_view.accuracy_among(run, among) for among in views]
        for name, run in runs.items()
    }


@style.styled
def draw(data: Data) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.COLUMN, 6.6)
    axes = figure.subplots(3, 1, height_ratios=(1.15, 1.25, 1))
    numbers: Rows = []
    for panel, where in zip((_draw_ways, _draw_scales, _draw_groups), axes, strict=True):
        numbers += panel(where, data)
    style.lettered(axes, TITLES)
    shown = [Line2D([], [], ls="", marker=look["marker"], color=look["colour"],
                    label=name.replace("\n", " ")) for name, look in LOOKS.items()]  # fmt: skip
    lines = [Line2D([], [], label="labels alone, foretold", **style.PREDICTION)]
    figure.legend(handles=[*shown, *lines], loc="outside lower center", ncols=2)
    return figure, numbers


def _draw_ways(axes: Axes, data: Data) -> Rows:
    """Every way to learn, with its mean in figures."""
    numbers: Rows = []
    for place, name in enumerate(LOOKS):
        told = style.point(axes, place, data.ways[name], flat=True, within=(0, 1), **LOOKS[name])
        numbers.append({"panel": "ways", "learner": _flat(name), "x": "", **told})
        axes.text(1.012, place, f"{told['mean']:.3f}", va="center", fontsize=8)
    axes.set_yticks(range(len(LOOKS)), list(LOOKS))
    axes.set(ylim=(len(LOOKS) - 0.5, -0.5), xlabel="accuracy on single-view images")
    axes.set_xlim(right=1.004)
    axes.tick_params(axis="y", length=0)
    return numbers


def _draw_scales(axes: Axes, data: Data) -> Rows:
    """Accuracy over initial scale; where the theory's condition on it ends."""
    numbers: Rows = []
    axes.axvspan(*data.condition, color="0.92", lw=0, zorder=0)
    axes.text(
        data.condition[0] * 0.95, 0.62, "the condition ends \u2192", fontsize=7.5,
        transform=axes.get_xaxis_transform(), ha="right", va="bottom",
    )  # fmt: skip
    x, y = data.foretold
    axes.plot(x, y, **style.PREDICTION)
    numbers += [
        {"panel": "scales", "learner": "foretold", "x": float(a), "mean": float(b), "low": "",
         "high": "", "seeds": ""} for a, b in zip(x, y, strict=True)
    ]  # fmt: skip
    for shift, (name, found) in zip((0.97, 1.03, 1.0), data.by_scale.items(), strict=True):
        for scale, values in zip(data.scales, found, strict=True):
            told = style.point(axes, scale * shift, values, within=(0, 1), **LOOKS[name])
            numbers.append({"panel": "scales", "learner": _flat(name), "x": scale, **told})
    axes.set_xscale("log")
    style.logarithmic(axes.xaxis)
    axes.set(xlabel=r"initial scale $\sigma_0/\varrho$", ylabel="accuracy")
    axes.set(ylim=(None, 1.01), xlim=(data.scales[0] / 1.2, data.scales[-1] * 1.2))
    return numbers


def _draw_groups(axes: Axes, data: Data) -> Rows:
    """What one label for one view teaches about either view."""
    numbers: Rows = []
    for shift, (name, found) in zip((-BESIDE, BESIDE), data.groups.items(), strict=True):
        for place, values in enumerate(found):
            known = values[np.isfinite(values)]
            if len(known):
                told = style.point(axes, place + shift, known, flat=True, within=(0, 1),
                                   **LOOKS[name])  # fmt: skip
                row = {"panel": "one label", "learner": _flat(name), "x": _flat(GROUPS[place])}
                numbers.append({**row, **told})
    axes.set_yticks(range(len(GROUPS)), GROUPS)
    axes.set(ylim=(len(GROUPS) - 0.5, -0.5), xlim=(-0.02, 1.02), xlabel="accuracy on its images")
    axes.tick_params(axis="y", length=0)
    return numbers


def _flat(name: str) -> str:
    return name.replace("\n", " ")


FIGURE = RunsFigure(
    "explanation",
    "what does the work: ensembles, masks, reconstruction",
    gather,
    draw,
    r"""Accuracy on test images that show one of two views of their class; small dots are seeds,
    marks means with 90 % intervals. (a) Five ways to learn from the same images and the same init:
    labels alone, eight such networks that vote or whose logits are averaged, labels on masked
    images, and mask-reconstruction pretraining (masked autoencoder) with fine-tuning. (b) The same
    from larger inits; the line is what the closed flow of a seed's own views foretells of labels
    alone. The condition that a losing view does not grow ends at the left edge of the grey band,
    its sides are equal at the right one. (c) Where masks with labels and reconstruction differ: one
    labelled image a class, that shows one view. Its sibling, which pretraining saw beside it,
    should be known where one pretrained kernel holds both.""",
)
