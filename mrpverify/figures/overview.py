"""The whole theory in one picture with measured numbers: what is learned, kept, and its worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
from ..drawing.style import Drawn
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
    figure = style.sheet(style.PAGE, 4.3)
    above, below = style.parts(figure, (1.1, 1))
    _draw_scheme(above.subplots(), found)
    axes = below.subplots(1, 2, sharey=True)
    numbers = [_draw_row(axes, row) for row in _rows(found)]
    for panel in axes:
        panel.axhspan(1.7, _PLACES[-1] + 0.7, color="0.95", lw=0, zorder=0)
        panel.tick_params(axis="y", length=0)
        for label, look in _KEY.items():
            panel.plot([], [], label=label, **look)
    axes[0].set_yticks(_PLACES, _row_names(found))
    axes[0].set_ylim(_PLACES[-1] + 0.7, -0.5)
    axes[0].set_title("(b) features held by a class-pure kernel")
    axes[0].set_xlabel("share of all features")
    axes[1].set_title("(c) single-view images recognised")
    axes[1].set_xlabel("test accuracy")
    style.legend_below(figure, axes[1], 4)
    return figure, numbers


_PLACES = (0.0, 1.0, 2.4, 3.8)
"""Where the learners stand: both frameworks, then supervised learning from either init."""
_KEY: dict[str, dict[str, Any]] = {
    "predicted": style.PREDICTION,
    "mean over seeds, 90 % interval": {"color": "0.3", "marker": "o", "lw": 1.1},
    "before fine-tuning": {"color": "0.3", "marker": "o", "ls": "", "mfc": "w"},
    "one seed": {"color": "0.3", "marker": ".", "ls": "", "alpha": 0.5},
}
"""What the lines and marks of the lower panels mean."""


@dataclass(frozen=True)
class Row:
    """One quantity of one learner: where it is drawn, every seed, and what is predicted."""

    panel: int
    y: float
    values: np.ndarray
    learner: str
    quantity: str
    predicted: float
    hollow: bool = False


def _row_names(found: Sequence[Framework]) -> list[str]:
    """The learners of the lower panels."""
    names = [style.NAMES[own.regime.framework] for own in found]
    return [*names, *(f"supervised, init of the\n{name}" for name in names)]


def _rows(found: Sequence[Framework]) -> list[Row]:
    """What the lower panels show."""
    rows = []
    for place, own in enumerate(found):
        name, y = own.regime.framework, _PLACES[len(found) + place]
        beside = f"supervised, init of {name}"
        learned = (1 + theory.both_views_probability(own.scratch)) / 2
        rows += [
            Row(0, place - 0.17, own.learned, name, "features learned", 1.0, True),
            Row(0, place + 0.17, own.kept, name, "features kept", 1.0),
            Row(1, place, own.accuracy, name, "single-view accuracy", 1.0),
            Row(0, y, own.scratch_learned, beside, "features learned", learned),
            Row(1, y, own.scratch_accuracy, beside, "single-view accuracy",
                _expected(own.scratch)),
        ]  # fmt: skip
    return rows


def _draw_row(axes: Sequence[Axes], row: Row) -> dict[str, Any]:
    """All seeds, their mean and its prediction; returns the numbers."""
    learner = row.learner.split(",")[0]
    panel, colour = axes[row.panel], style.COLOURS[learner]
    panel.plot([row.predicted] * 2, [row.y - 0.3, row.y + 0.3], **style.PREDICTION)
    told = style.point(panel, row.y, row.values, colour, flat=True, marker=style.MARKS[learner],
                       within=(0, 1))  # fmt: skip
    if row.hollow:
        panel.plot(told["mean"], row.y, style.MARKS[learner], color=colour, mfc="w", zorder=4)
    return {
        "learner": row.learner, "quantity": row.quantity, "predicted": row.predicted, **told
    }  # fmt: skip


def _expected(p: Parameters) -> float:
    """Single-view accuracy of supervised learning: L12 for a class with one view, 1 with both."""
    both = theory.both_views_probability(p)
    return both + (1 - both) * theory.single_view_accuracy(p)


def _draw_scheme(axes: Axes, found: Sequence[Framework]) -> None:
    """From images to what a learner knows, with the numbers of both frameworks in the boxes."""
    axes.set(xlim=(-0.5, 100.5), ylim=(0, 42))
    axes.set_axis_off()
    axes.set_title("(a) the theory, with the numbers of these runs")
    p = found[0].regime
    both = 100 * (2 * np.mean([own.scratch_learned for own in found]) - 1)
    captured, retained = (
        _in_seeds([(own.regime.framework, getattr(own, name)) for own in found])
        for name in ("captured", "retained")
    )
    own, beside = style.COLOURS["teacher-student"], style.COLOURS["supervised"]
    _box(
        axes,
        (0, 12),
        18,
        "0.3",
        rf"""images: {p.classes} classes with
        {p.features // p.classes} features (views) each;
        a share $\mu = {p.single_view:g}$ of them
        shows one view""",
    )
    _box(
        axes,
        (24, 23),
        34,
        own,
        f"""mask-reconstruction pretraining
        learns all {p.features} features
        {captured}""",
    )
    _box(
        axes,
        (64, 23),
        36,
        own,
        f"""fine-tuning loses none of them
        {retained}
        single-view accuracy {_mean([f.accuracy for f in found])}""",
    )
    _box(
        axes,
        (24, 2),
        34,
        beside,
        f"""supervised learning learns the view
        that its initialisation favours, and both
        in near ties: {both:.0f} % of the classes""",
    )
    _box(
        axes,
        (64, 2),
        36,
        beside,
        f"""an image that shows the other view
        is at the mercy of foreign features:
        single-view accuracy {_mean([f.scratch_accuracy for f in found])}""",
    )
    for start, end in _ARROWS:
        axes.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=8, color="0.3", lw=0.8)
        )


_ARROWS = (((18, 24), (24, 30)), ((18, 18), (24, 12)), ((58, 31), (64, 31)), ((58, 10), (64, 10)))
"""Start and end of the arrows between the boxes."""
_HIGH = 17
"""Height of a box."""


def _in_seeds(measured: Sequence[tuple[str, Measurement]]) -> str:
    """In how many seeds a claim is true, for every framework."""
    short = {"teacher-student": "teacher-student", "mae": "MAE"}
    told = [f"{short[name]} {m.successes} of {m.trials}" for name, m in measured]
    return f"({', '.join(told)} seeds)"


def _mean(values: Sequence[np.ndarray]) -> str:
    """Means of both frameworks, once where they agree."""
    shown = [f"{float(np.mean(own)):.3f}" for own in values]
    return " and ".join(dict.fromkeys(shown))


def _box(axes: Axes, at: tuple[float, float], width: float, colour: str, text: str) -> None:
    """A frame with words in it, its lower left corner `at`."""
    (x, y), words = at, "\n".join(line.strip() for line in text.splitlines())
    frame = FancyBboxPatch(
        (x + 1, y + 1), width - 2, _HIGH - 2, boxstyle="round,pad=1", fc="w", ec=colour, lw=1
    )
    axes.add_patch(frame)
    axes.text(x + width / 2, y + _HIGH / 2, words, ha="center", va="center", fontsize=7.5)


FIGURE = RunsFigure(
    "overview",
    "what mask pretraining learns, what supervised learning learns, what fine-tuning keeps",
    gather,
    draw,
    r"""(a) The theory from images to what a learner knows, with the numbers of these runs; where
    the two frameworks differ, teacher-student comes first. (b) Share of all features held by a
    class-pure kernel after pretraining (hollow) and after fine-tuning (full), and by supervised
    learning from the same init on the same images. (c) Accuracy on single-view test images, which
    show one view of their class. Dots are seeds, marks means with 90 % intervals; dark ticks are
    predictions: 1 for pretraining and what follows it, and for supervised learning one view of
    every class plus the near ties in which it learns both, with the accuracy of L12 for the other
    classes.""",
)
