"""Error against the share mu of single-view images: supervised learning beside pretraining.

Upper row: overall error with mu e(k, s) (L12) and 0.5 mu, for few foreign features and for many.
Lower row: single-view accuracy against single-view training images per view, where supervised
learning goes from losing the view that lost to learning it from its own images.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import matplotlib.pyplot as plt
import numpy as np
import style
from matplotlib.figure import Figure

from mrpverify.claims import legs
from mrpverify.claims.accuracies import overall, single_view
from mrpverify.claims.evaluate import Collect
from mrpverify.parameters import Framework, Parameters
from mrpverify.theory import supervised as theory

SEEDS = range(8)
SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
SHARES_PRETRAINED = (0.02, 0.1, 0.4)
PRESENCE = (1.0, 4.0)
"""Factors on the regime's s: its own, and as many foreign features as s/k = 0.2 allows."""


@dataclass(frozen=True)
class Panel:
    """One value of s: per share mu the accuracies of every seed."""

    regime: Parameters
    error: Mapping[str, list[np.ndarray]]
    single: Mapping[str, list[np.ndarray]]


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Panel]:
    """Runs of both learners over mu, for each s."""
    return [_panel(regimes["mae"], factor, salt, get) for factor in PRESENCE]


def _panel(regime: Parameters, factor: float, salt: str, get: Collect) -> Panel:
    """All runs at one s."""
    own = replace(regime, off_class=factor * regime.off_class)
    shares = {"supervised": SHARES, "mae": SHARES_PRETRAINED}
    make = {"supervised": legs.supervised, "mae": legs.fine_tuned}
    error: dict[str, list[np.ndarray]] = {}
    single: dict[str, list[np.ndarray]] = {}
    for name, values in shares.items():
        laws = [replace(own, single_view=mu) for mu in values]
        found = [style.runs_of(make[name](law), salt, SEEDS, get) for law in laws]
        error[name] = [1 - overall(law, runs) for law, runs in zip(laws, found, strict=True)]
        single[name] = [single_view(runs) for runs in found]
    return Panel(own, error, single)


def draw(panels: list[Panel]) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn numbers."""
    figure, axes = plt.subplots(2, len(panels), figsize=(11, 8.2), layout="constrained")
    numbers: list[dict[str, object]] = []
    for panel, (above, below) in zip(panels, axes.T, strict=True):
        name = f"s = {panel.regime.off_class:g}"
        numbers += style.in_panel(f"overall error, {name}", _draw_error(above, panel))
        numbers += style.in_panel(f"single-view accuracy, {name}", _draw_accuracy(below, panel))
        above.set_title(f"{name}, k = {panel.regime.classes}", loc="left", fontweight="bold")
    figure.suptitle("Single-view images: what supervised learning loses, and until when")
    return figure, numbers


LABELS = {"supervised": "supervised learning", "mae": "MAE, fine-tuned"}


def _draw_error(axes: plt.Axes, panel: Panel) -> list[dict[str, object]]:
    """Overall error on both logarithmic axes, with its predictions."""
    p, shares = panel.regime, np.array(SHARES)
    numbers = _bands(axes, panel.error, lambda mu: mu)
    finite = [theory.overall_error(p, float(mu)) for mu in shares]
    numbers += style.line(axes, shares, finite, r"$\mu\, e(k,s)$ (L12)", **style.PREDICTION)
    numbers += style.line(
        axes, shares, 0.5 * shares, r"$0.5\,\mu$ ($s\to\infty$)", **style.ASYMPTOTIC
    )
    axes.set_xscale("log")
    axes.set_yscale("symlog", linthresh=1e-3, linscale=0.4)
    axes.set_ylim(-2e-4, 0.6)
    axes.set_xlabel(r"share $\mu$ of single-view images")
    axes.set_ylabel("overall test error")
    axes.legend(frameon=False, fontsize=9)
    return numbers


def _draw_accuracy(axes: plt.Axes, panel: Panel) -> list[dict[str, object]]:
    """Single-view accuracy against single-view training images of one view."""
    p = panel.regime

    def images(mu: float) -> float:
        return p.images * mu / p.features

    numbers = _bands(axes, panel.single, images)
    law = theory.single_view_accuracy(p)
    ends = [images(SHARES[0]), images(SHARES[-1])]
    numbers += style.line(axes, ends, [law, law], "L12: one view per class", **style.PREDICTION)
    axes.set_xscale("log")
    axes.set_ylim(0.45, 1.02)
    axes.set_xlabel(r"single-view training images per view, $N\mu/(2k)$")
    axes.set_ylabel("accuracy on single-view test images")
    axes.legend(frameon=False, fontsize=9, loc="lower right")
    return numbers


def _bands(
    axes: plt.Axes, curves: Mapping[str, list[np.ndarray]], place: object
) -> list[dict[str, object]]:
    """Both learners over their shares."""
    shares = {"supervised": SHARES, "mae": SHARES_PRETRAINED}
    numbers: list[dict[str, object]] = []
    for name, values in curves.items():
        x = [place(mu) for mu in shares[name]]  # type: ignore[operator]
        numbers += style.band(axes, x, values, style.COLOURS[name], LABELS[name])
    return numbers
