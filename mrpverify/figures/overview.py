"""The whole theory in one picture with measured numbers: what is learned, what is kept, its worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from ..claims import legs
from ..claims.accuracies import block_views, captured_views, single_view
from ..claims.legs import PRETRAINING as BEFORE
from ..claims.legs import Leg
from ..claims.theorem1 import capture
from ..claims.theorem2 import retain
from ..claims.theorem2.runs import FINE_TUNED
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..judge.measurement import Measurement
from ..parameters import PRETRAINING, Parameters
from ..theory import supervised as theory
from .figure import RunsFigure, Study

SEEDS = 24


@dataclass(frozen=True)
class Framework:
    """What one framework and supervised learning from the same init on the same data come to."""

    regime: Parameters
    scratch: Parameters
    captured: Measurement
    retained: Measurement
    learned: np.ndarray
    """Share of the features held after pretraining [seeds]."""
    kept: np.ndarray
    """Share of the features held after fine-tuning [seeds]."""
    accuracy: np.ndarray
    """On single-view test images, fine-tuned [seeds]."""
    scratch_learned: np.ndarray
    scratch_accuracy: np.ndarray


def gather(study: Study) -> list[Framework]:
    """Three legs of both frameworks."""
    return [_framework(study.regimes[name], study) for name in PRETRAINING]


def _framework(p: Parameters, study: Study) -> Framework:
    """One framework: pretraining, fine-tuning, and supervised learning beside them."""
    own = legs.supervised(p)
    before, after, scratch = (study.runs(leg, SEEDS) for leg in (Leg(p), legs.fine_tuned(p), own))
    return Framework(
        p, own.parameters,
        capture.measure(p, before),
        retain.measure(p, {BEFORE: before, FINE_TUNED: after}),
        captured_views(p, before).mean((1, 2)),
        captured_views(p, after).mean((1, 2)),
        single_view(after),
        block_views(p, scratch).mean((1, 2)),
        single_view(scratch),
    )  # fmt: skip


@style.styled
def draw(found: Sequence[Framework]) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 4.5)
    above, below = figure.subfigures(2, 1, height_ratios=(1.15, 1))
    _draw_scheme(above.subplots(), found)
    axes = below.subplots(1, 3, sharey=True)
    numbers = _draw_rows(axes, found)
    axes[0].set_yticks([0, 1, 2.4, 3.4], _row_names(found))
    axes[0].set_ylim(3.9, -0.5)
    titles = ("features learned", "features kept downstream", "single-view images recognised")
    for letter, place, title in zip("bcd", axes, titles, strict=True):
        place.set_title(f"({letter}) {title}")
    style.legend_below(figure, axes[2], 4)
    return figure, numbers


def _row_names(found: Sequence[Framework]) -> list[str]:
    """The learners of the lower panels."""
    names = [style.NAMES[own.regime.framework] for own in found]
    return [*names, *(f"supervised, init of the\n{name}" for name in names)]


def _draw_rows(axes: Sequence[Axes], found: Sequence[Framework]) -> Rows:
    """Shares over seeds, with what the theory says of each."""
    numbers: Rows = []
    for place, own in enumerate(found):
        name, beside = own.regime.framework, place + 2.4
        rows = (
            (axes[0], place, own.learned, name, 1.0, "features learned"),
            (axes[1], place, own.kept, name, 1.0, "features kept"),
            (axes[2], place, own.accuracy, name, 1.0, "single-view accuracy"),
            (axes[0], beside, own.scratch_learned, "supervised",
             (1 + theory.both_views_probability(own.scratch)) / 2, "features learned"),
            (axes[2], beside, own.scratch_accuracy, "supervised", _expected(own.scratch),
             "single-view accuracy"),
        )  # fmt: skip
        for panel, y, values, learner, expected, quantity in rows:
            row = style.point(
                panel, y, values, style.COLOURS[learner], flat=True, marker=style.MARKS[learner]
            )
            panel.plot([expected] * 2, [y - 0.32, y + 0.32], **style.PREDICTION)
            init = "" if learner == name else f", init of {name}"
            numbers.append(
                {"learner": f"{learner}{init}", "quantity": quantity, "predicted": expected, **row}
            )
    for panel in axes:
        panel.axhspan(1.7, 3.9, color="0.95", lw=0, zorder=0)
        panel.tick_params(axis="y", length=0)
    axes[0].set(xlim=(0.45, 1.02), xlabel="share of all features")
    axes[1].set(xlim=(0.45, 1.02), xlabel="share of all features")
    axes[1].text(0.735, 2.9, "no pretraining:\nnothing to keep", ha="center", va="center",
                 fontsize=7.5, color="0.4")  # fmt: skip
    axes[2].set_xlabel("test accuracy")
    axes[2].plot([], [], "o", color="0.3", label="mean over seeds, 90 % interval")
    axes[2].plot([], [], ".", color="0.3", alpha=0.5, label="one seed")
    axes[2].plot([], [], label="predicted", **style.PREDICTION)
    return numbers


def _expected(p: Parameters) -> float:
    """Single-view accuracy of supervised learning: L12 for a class with one view, 1 with both."""
    both = theory.both_views_probability(p)
    return both + (1 - both) * theory.single_view_accuracy(p)


def _draw_scheme(axes: Axes, found: Sequence[Framework]) -> None:
    """From images to what a learner knows, with the numbers of both frameworks in the boxes."""
    axes.set(xlim=(0, 100), ylim=(0, 44))
    axes.set_axis_off()
    axes.set_title("(a) the theory, with the numbers of these runs")
    p = found[0].regime
    scratch = np.concatenate([own.scratch_learned for own in found])
    both = 2 * scratch.mean() - 1
    _box(axes, 0, 15, 17, 17,
         f"images: {p.classes} classes,\n{p.views} features (views) each;\na share $\\mu = {p.single_view:g}$\nshows one of them")  # fmt: skip
    colour = style.COLOURS["teacher-student"]
    _box(axes, 24, 26, 31, 16, f"mask-reconstruction pretraining\nlearns all {p.features} features\n"
         + _in_seeds([(own.regime.framework, own.captured) for own in found]), colour)  # fmt: skip
    _box(axes, 62, 26, 38, 16, "fine-tuning loses none of them\n"
         + _in_seeds([(own.regime.framework, own.retained) for own in found])
         + f"\nsingle-view accuracy {_mean([own.accuracy for own in found])}", colour)  # fmt: skip
    wrong = style.COLOURS["supervised"]
    _box(axes, 24, 3, 31, 16, "supervised learning learns the view\nits initialisation favours, and both in\n"
         f"near ties: {100 * both:.0f} % of the classes", wrong)  # fmt: skip
    _box(axes, 62, 3, 38, 16, "an image that shows the other view\nis at the mercy of foreign features:\n"
         f"single-view accuracy {_mean([own.scratch_accuracy for own in found])}", wrong)  # fmt: skip
    for start, end in (
        ((17, 26), (24, 33)),
        ((17, 20), (24, 11)),
        ((55, 34), (62, 34)),
        ((55, 11), (62, 11)),
    ):
        axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, color="0.3", lw=0.8)
        )


def _in_seeds(measured: Sequence[tuple[str, Measurement]]) -> str:
    """In how many seeds a claim is true, for every framework."""
    short = {"teacher-student": "teacher-student", "mae": "MAE"}
    told = [f"{short[name]} {m.successes} of {m.trials}" for name, m in measured]
    return f"({', '.join(told)} seeds)"


def _mean(values: Sequence[np.ndarray]) -> str:
    """Means of both frameworks, once where they agree."""
    shown = [f"{float(np.mean(own)):.3f}" for own in values]
    return " and ".join(dict.fromkeys(shown))


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, text: str, colour: str = "0.3"
) -> None:
    """A frame with words in it."""
    axes.add_patch(
        FancyBboxPatch(
            (x + 1, y + 1), width - 2, height - 2, boxstyle="round,pad=1", fc="w", ec=colour, lw=1
        )
    )
    axes.text(x + width / 2, y + height / 2, text, ha="center", va="center", fontsize=7.8)


FIGURE = RunsFigure(
    "overview",
    "what mask pretraining learns, what supervised learning learns, what fine-tuning keeps",
    gather,
    draw,
    r"""(a) The theory from images to what a learner knows, with the numbers of these runs. (b)
    Share of all features held by a class-pure kernel after pretraining, and by supervised learning
    from the same init on the same images. (c) The same after fine-tuning. (d) Accuracy on
    single-view test images, which show one view of their class. Dots are seeds, marks means with
    90 % intervals; dark ticks are predictions: 1 for what follows pretraining, and for supervised
    learning one view of every class plus the near ties in which it learns both, with the accuracy
    of L12 for the others.""",
)
