"""Theorem 1 in one picture: which features kernels learn, beside a control without a drive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from ..claims.evaluate import control_requests
from ..claims.legs import PRETRAINING, Leg
from ..claims.observed import hold_level
from ..claims.theorem1 import capture
from ..claims.theorem1.controls import NO_AMPLIFICATION
from ..claims.theorem1.lottery import predicted_first_feature
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import PRETRAINING as FRAMEWORKS
from ..parameters import Framework, Parameters
from ..records.labelled import join
from .figure import RunsFigure, Study

SEEDS = 24
CONTROL = "control: gain 1"
BAND = (0.05, 0.95)
"""Shares of the seeds between which a band lies."""
TIMES = np.linspace(0, 1, 121)
"""Times at which curves are drawn, in units of T."""
_WHEN = {"initial": "at the start", "final": "at $T$"}
QUANTILES = {"first feature to cross": 0.0, "median feature": 0.5, "last": 1.0}
"""Features of a seed that are drawn, by their rank in the order of crossing."""


@dataclass(frozen=True)
class Learner:
    """The runs of one framework, or of the control."""

    name: str
    framework: Framework
    regime: Parameters
    runs: xr.Dataset
    """Along `seed`."""

    @property
    def crossing(self) -> np.ndarray:
        """When each feature is first crossed by any kernel, in units of T [seeds, features]."""
        times = self.runs["crossing_time"].values.min(1)
        return np.asarray(times / self.runs["final_time"].values[:, None])


def gather(study: Study) -> list[Learner]:
    """Both frameworks, then teacher-student without amplification."""
    learners = [
        Learner(style.NAMES[name], name, study.regimes[name],
                study.runs(Leg(study.regimes[name]), SEEDS))
        for name in FRAMEWORKS
    ]  # fmt: skip
    own = learners[0]
    (claim,) = capture.CLAIMS
    asked = control_requests(
        claim, NO_AMPLIFICATION, own.regime, {PRETRAINING: own.runs}, study.salt
    )[PRETRAINING]
    found = study.get(asked)
    runs = join([found[request] for request in asked])
    return [*learners, Learner(CONTROL, own.framework, asked[0].parameters, runs)]


@style.styled
def draw(learners: Sequence[Learner]) -> Drawn:
    """The figure, and the drawn numbers as flat rows."""
    figure = style.sheet(style.PAGE, 5.3)
    above, below = style.parts(figure, (1, 1.3))
    axes = above.subplots(1, 3)
    numbers: Rows = []
    trained = learners[:2]
    for place, learner in zip(axes[:2], trained, strict=True):
        numbers += _draw_courses(place, learner)
    numbers += _draw_captured(axes[2], learners)
    maps, stages, more = _draw_maps(below, trained)
    names = [learner.name for learner in trained]
    style.lettered([*axes, *maps], [*names, "features crossed", *stages])
    for place, side, columns in ((axes[0], "left", 2), (axes[2], "right", 1)):
        style.legend_below(above, place, columns, side)
    return figure, numbers + more


def _draw_courses(axes: Axes, learner: Learner) -> Rows:
    """Lambda/varrho of the first, the median and the last feature to cross, over the seeds."""
    numbers: Rows = []
    level = learner.regime.linear_from
    curves = _courses(learner)
    colours = ("0.15", "#cc79a7", "#e69f00")
    for (name, values), colour in zip(curves.items(), colours, strict=True):
        numbers += _band(axes, values / level, colour, f"{name}", learner.name)
    axes.axhline(1, color="0.3", lw=0.7, ls="--", label=r"crossing: $\varrho$")
    held = hold_level(learner.regime) / level
    axes.axhline(held, color="0.3", lw=0.7, ls=":", label=r"held above: $\varrho/2$")
    axes.set(xlim=(0, 1), xlabel="time, in units of $T$")
    axes.set_ylim(bottom=0)
    axes.set_ylabel(r"correlation $\Lambda/\varrho$")
    return numbers


def _courses(learner: Learner) -> dict[str, np.ndarray]:
    """Lambda of features by their rank in the order of crossing, [seeds, TIMES] each."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in QUANTILES}
    crossing = learner.crossing
    for seed in range(learner.runs.sizes["seed"]):
        run = learner.runs.isel(seed=seed)
        known = np.isfinite(run["time"].values)
        time = run["time"].values[known] / float(run["final_time"])
        largest = run["correlations"].values[known].max(1)
        order = np.argsort(crossing[seed])
        for name, share in QUANTILES.items():
            feature = order[round(share * (len(order) - 1))]
            # The crossing itself is known exactly, between two snapshots.
            when = np.append(time, crossing[seed, feature])
            value = np.append(largest[:, feature], learner.regime.linear_from)
            place = np.argsort(when, kind="stable")
            there = np.isfinite(when[place])
            found[name].append(np.interp(TIMES, when[place][there], value[place][there]))
    return {name: np.stack(values) for name, values in found.items()}


def _band(
    axes: Axes, values: np.ndarray, colour: str, label: str, panel: str, **look: object
) -> Rows:
    """Median over seeds of values [seeds, TIMES], with a band of most seeds."""
    low, middle, high = (np.quantile(values, share, axis=0) for share in (BAND[0], 0.5, BAND[1]))
    axes.plot(TIMES, middle, color=colour, label=label, **look)  # type: ignore[arg-type]
    axes.fill_between(TIMES, low, high, color=colour, alpha=0.2, lw=0)
    return [
        {"panel": panel, "curve": label, "time": float(t), "median": float(m), "low": float(a),
         "high": float(b)}
        for t, m, a, b in zip(TIMES, middle, low, high, strict=True)
    ]  # fmt: skip


def _draw_captured(axes: Axes, learners: Sequence[Learner]) -> Rows:
    """Share of the features that some kernel has crossed for, over time."""
    numbers: Rows = []
    for learner in learners:
        values = (learner.crossing[:, None, :] <= TIMES[:, None]).mean(-1)
        control = learner.name == CONTROL
        colour = "0.45" if control else style.COLOURS[learner.framework]
        look = {"ls": "--"} if control else {}
        numbers += _band(axes, values, colour, learner.name, "features crossed", **look)
    axes.set(xlim=(0, 1), ylim=(-0.03, 1.03), xlabel="time, in units of $T$")
    axes.set_ylabel("share of features crossed")
    return numbers


def _draw_maps(part: SubFigure, learners: Sequence[Learner]) -> tuple[list[Axes], list[str], Rows]:
    """Kernels against features at the start and at T, in seed 0; panels, their titles, numbers."""
    places = part.subplots(1, 4)
    titles: list[str] = []
    numbers: Rows = []
    for number, learner in enumerate(learners):
        run = learner.runs.isel(seed=0)
        predicted = predicted_first_feature(learner.regime, run)
        initial = run["initial_correlations"].values
        order = np.lexsort((-initial.max(1), predicted))
        for axes, when in zip(places[2 * number :], ("initial", "final"), strict=False):
            values = run[f"{when}_correlations"].values[order]
            _draw_map(axes, values, predicted[order], learner.regime)
            largest = np.abs(values).max() / learner.regime.linear_from
            size = style.in_short(float(largest), 2).strip("$")
            titles.append(f"{learner.name},\n{_WHEN[when]}, up to ${size}\\,\\varrho$")
            numbers += _cells(learner, when, order, values, predicted)
        places[2 * number].set_ylabel("kernel, by predicted feature")
    return list(places), titles, numbers


def _draw_map(axes: Axes, values: np.ndarray, predicted: np.ndarray, p: Parameters) -> None:
    """Correlations in units of their largest, and the feature predicted for every kernel."""
    limit = float(np.abs(values).max())
    axes.imshow(
        values / limit, aspect="auto", cmap="PuOr_r", vmin=-1, vmax=1, interpolation="nearest"
    )
    rows = (np.arange(len(predicted))[:, None] + [-0.5, 0.5]).ravel()
    for side in (-0.5, 0.5):
        axes.plot(np.repeat(predicted, 2) + side, rows, color="k", lw=0.5)
    classes = np.arange(p.classes)
    axes.set_xticks(classes * p.views + (p.views - 1) / 2, classes + 1)
    axes.tick_params(length=0)
    axes.set_xlabel("feature, by class")


def _cells(
    learner: Learner, when: str, order: np.ndarray, values: np.ndarray, predicted: np.ndarray
) -> Rows:
    """The lines of a map: one per kernel, one column per feature."""
    views = learner.regime.views
    return [
        {
            "panel": f"{learner.name}, {when}", "kernel": int(kernel),
            "predicted": _feature(int(predicted[kernel]), views),
            **{_feature(f, views): float(f"{c:.4g}") for f, c in enumerate(values[row])},
        }
        for row, kernel in enumerate(order)
    ]  # fmt: skip


def _feature(index: int, views: int) -> str:
    """A feature by its class and view: v_1_2."""
    return f"v_{index // views + 1}_{index % views + 1}"


FIGURE = RunsFigure(
    "theorem1",
    "which features kernels learn and when, beside a control that should learn none",
    gather,
    draw,
    r"""(a, b) The largest correlation $\Lambda$ of a feature with any kernel, in units of
    $\varrho$, for the feature of a seed that is crossed first, for the median one and for the
    last; medians over the seeds with bands from 5 to 95 %, over the time in units of the run's
    horizon $T$. (c) The share of features that some kernel has crossed for, in both frameworks
    and in the control without amplification (gain 1), where it should be 0. (d to g) Correlations
    of all kernels (lines) with all features (columns) in seed 0 at the start and at $T$, in units
    of the largest; kernels are sorted by the feature that the initial correlations predict, which
    the black staircase encloses, so a lottery that goes as predicted shows as colour inside it.""",
)
