"""Error against the share mu of single-view images: supervised learning beside pretraining."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from matplotlib.axes import Axes

from ..claims import legs
from ..claims.accuracies import overall, single_view
from ..claims.legs import Leg
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import Framework, Parameters
from ..theory import supervised as theory
from .figure import RunsFigure, Study

SEEDS = 8
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
SHARES_PRETRAINED = (0.02, 0.1, 0.4)
PRESENCE = (1.0, 4.0)
"""Factors on the regime's s: its own, and as many foreign features as s/k = 0.2 allows."""
APART = 1.09
"""Factor between the marks of one share mu, so that learners that agree do not hide each other."""


@dataclass(frozen=True)
class Curve:
    """One learner: its regime in the preset, its leg, the shares mu it is run at, and its look."""

    regime: Framework
    leg: Callable[[Parameters], Leg]
    shares: tuple[float, ...]
    colour: str
    marker: str
    shift: int


CURVES = {
    "supervised learning, small init": Curve(
        "supervised", legs.supervised, SHARES, style.COLOURS["supervised"], "D", -1
    ),
    "supervised learning, init of the MAE": Curve(
        "mae", legs.supervised, SHARES, style.COLOURS["clustering"], "^", 0
    ),
    "MAE, fine-tuned": Curve(
        "mae", legs.fine_tuned, SHARES_PRETRAINED, style.COLOURS["mae"], "s", 1
    ),
}


@dataclass(frozen=True)
class Panel:
    """One value of s: per share mu the accuracies of every seed."""

    regime: Parameters
    error: Mapping[str, list[np.ndarray]]
    single: Mapping[str, list[np.ndarray]]


def gather(study: Study) -> list[Panel]:
    """Runs of both learners over mu, for each s."""
    return [_panel(study, factor) for factor in PRESENCE]


def _panel(study: Study, factor: float) -> Panel:
    """All runs at one s."""
    error: dict[str, list[np.ndarray]] = {}
    single: dict[str, list[np.ndarray]] = {}
    for name, curve in CURVES.items():
        regime = study.regimes[curve.regime]
        laws = [
            replace(regime, off_class=factor * regime.off_class, single_view=mu)
            for mu in curve.shares
        ]
        found = [study.runs(curve.leg(law), SEEDS) for law in laws]
        error[name] = [1 - overall(law, runs) for law, runs in zip(laws, found, strict=True)]
        single[name] = [single_view(runs) for runs in found]
    return Panel(laws[0], error, single)


@style.styled
def draw(panels: Sequence[Panel]) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 4.9)
    axes = figure.subplots(2, len(panels), sharey="row")
    numbers: Rows = []
    titles = []
    for panel, (above, below) in zip(panels, axes.T, strict=True):
        name = f"s = {panel.regime.off_class:g}"
        numbers += style.in_panel(f"overall error, {name}", _draw_error(above, panel))
        numbers += style.in_panel(f"single-view accuracy, {name}", _draw_accuracy(below, panel))
        share = panel.regime.off_class / panel.regime.classes
        titles.append(f"$s = {panel.regime.off_class:.3g}$, $s/k = {share:.3g}$")
    axes[0, 0].set_ylabel("overall test error")
    axes[1, 0].set_ylabel("accuracy on single-view test images")
    style.lettered(axes.ravel(), [*titles, *titles])
    style.legend_below(figure, axes[0, 0], 3)
    return figure, numbers


def _draw_error(axes: Axes, panel: Panel) -> Rows:
    """Overall error on logarithmic axes that reach down to 0, with its predictions."""
    p, shares = panel.regime, np.array(SHARES)
    finite = [theory.overall_error(p, float(mu)) for mu in shares]
    label = r"predicted for one view per class (L12)"
    numbers = style.line(axes, SHARES, finite, label, **style.PREDICTION)
    limit = [0.5 * mu for mu in SHARES]
    numbers += style.line(
        axes, SHARES, limit, r"$\mu/2$, the limit $s\to\infty$", **style.ASYMPTOTIC
    )
    numbers += _measured(axes, panel.error, lambda mu: mu)
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1e-3, linscale=0.4)
    axes.set_ylim(-2e-4, 0.6)
    axes.set_xlabel(r"share $\mu$ of single-view images")
    return numbers


def _draw_accuracy(axes: Axes, panel: Panel) -> Rows:
    """Single-view accuracy against single-view training images of one view."""
    p = panel.regime

    def images(mu: float) -> float:
        return p.images * mu / p.features

    law = theory.single_view_accuracy(p)
    ends = [images(SHARES[0]), images(SHARES[-1])]
    numbers = style.line(axes, ends, [law, law], "L12: one view per class", **style.PREDICTION)
    numbers += _measured(axes, panel.single, images)
    axes.set_xscale("log")
    axes.set_ylim(0.45, 1.02)
    axes.set_xlabel(r"single-view training images per view, $N\mu/(2k)$")
    return numbers


def _measured(
    axes: Axes, curves: Mapping[str, list[np.ndarray]], place: Callable[[float], float]
) -> Rows:
    """All learners over their shares, set apart sideways."""
    numbers: Rows = []
    for name, values in curves.items():
        look = CURVES[name]
        x = [place(mu) * APART**look.shift for mu in look.shares]
        rows = style.measured(axes, x, values, look.colour, name, look.marker, within=(0, 1))
        numbers += [{**row, "x": place(mu)} for row, mu in zip(rows, look.shares, strict=True)]
    return numbers


FIGURE = RunsFigure(
    "single_view",
    "single-view images: what supervised learning loses, and until when",
    gather,
    draw,
    r"""Left few foreign features in an image, right as many as the theory allows. (a, b) Overall
    test error against the share $\mu$ of single-view images (the axis is linear below $10^{-3}$);
    the line is what a learner of one view per class loses, $\mu\, e(k, s)$ of L12, the dotted one
    its limit for many foreign features. (c, d) Accuracy on single-view test images against the
    number of single-view training images that show one view: from enough of them supervised
    learning can learn the view that lost. Marks are means over seeds with 90 %
    intervals, set apart sideways.""",
)
