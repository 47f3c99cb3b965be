"""The reduced dynamics of one kernel over its simulated course, and every kernel's hitting time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ..claims.laws import reduced_dynamics as law
from ..claims.legs import PRETRAINING
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import Parameters
from ..theory import reduced_dynamics as theory
from .figure import RunsFigure, Study

SEEDS = 24
SHOWN = 6
"""Kernels of the left panel: as many, evenly spaced from the first to cross to the last."""
KINDS = {"co-occurring features": True, "every feature alone": False}
LOOKS = {
    "co-occurring features": {"color": style.COLOURS["teacher-student"], "ls": "-"},
    "every feature alone": {"color": style.COLOURS["supervised"], "ls": "--"},
}


@dataclass(frozen=True)
class Kernel:
    """One kernel's first feature on its way: simulated and predicted (time, correlation)."""

    index: int
    simulated: tuple[np.ndarray, np.ndarray]
    predicted: Mapping[str, tuple[np.ndarray, np.ndarray]]


@dataclass(frozen=True)
class Courses:
    """Kernels of seed 0, and hitting times of all kernels that cross."""

    level: float
    kernels: tuple[Kernel, ...]
    simulated: np.ndarray
    predicted: Mapping[str, np.ndarray]
    seeds: int


def gather(study: Study) -> Courses:
    """The runs of the claim, and the ODE from the same starts on the same images."""
    regime = study.regimes["teacher-student"]
    runs = study.runs(law.legs(regime)[PRETRAINING], SEEDS)
    seeds = [runs.isel(seed=seed) for seed in range(runs.sizes["seed"])]
    simulated = np.concatenate([law.simulated(run) for run in seeds])
    crossed = np.isfinite(simulated) & (simulated > 0)
    predicted = {
        name: np.concatenate([law.predicted(regime, run, kind) for run in seeds])[crossed]
        for name, kind in KINDS.items()
    }
    parameters = law.regime(regime)
    first = _kernels(parameters, seeds[0])
    return Courses(parameters.linear_from, first, simulated[crossed], predicted, len(seeds))


def _kernels(p: Parameters, run: xr.Dataset) -> tuple[Kernel, ...]:
    """Some of the kernels that cross, in the order in which they do."""
    hit = law.simulated(run)
    order = np.argsort(hit)[: int((np.isfinite(hit) & (hit > 0)).sum())]
    chosen = order[np.unique(np.linspace(0, len(order) - 1, SHOWN).round().astype(int))]
    return tuple(_kernel(p, run, int(kernel), float(hit[kernel])) for kernel in chosen)


def _kernel(p: Parameters, run: xr.Dataset, kernel: int, hit: float) -> Kernel:
    """Its first feature, simulated up to the crossing, and the ODE with each kind of moments."""
    feature = int(run["crossing_time"].values[kernel].argmin())
    time = run["time"].values
    before = time < hit  # NaN, beyond the end of a run, is not
    correlation = run["correlations"].values[before, kernel, feature]
    moments = law.moments_of(p, run)
    start = run["initial_correlations"].values[kernel]
    courses = {
        name: theory.course(p, moments if together else theory.alone(moments), start)
        for name, together in KINDS.items()
    }
    return Kernel(
        kernel,
        (np.append(time[before], hit), np.append(correlation, p.linear_from)),
        {name: (c.time, c.correlations[:, feature]) for name, c in courses.items()},
    )


@style.styled
def draw(courses: Courses) -> Drawn:
    """The figure, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 2.7)
    axes = figure.subplots(1, 3)
    numbers = _draw_courses(axes[0], courses)
    numbers += _draw_times(axes[1], courses)
    numbers += _draw_errors(axes[2], courses)
    crossing = f"{len(courses.simulated)} kernels, {courses.seeds} seeds"
    style.lettered(axes, ["to the first crossing, seed 0", crossing, "error, per kernel"])
    style.legend_below(figure, axes[0], 3)
    return figure, numbers


def _draw_courses(axes: Axes, courses: Courses) -> Rows:
    """Simulated courses as dots, predicted ones as lines."""
    numbers: Rows = []
    for kernel in courses.kernels:
        lines = {
            "simulated": (kernel.simulated, {"color": "0.45", "marker": ".", "ls": "", "ms": 3})
        }
        for name, course in kernel.predicted.items():
            lines[name] = (course, dict(LOOKS[name]))
        for name, ((time, correlation), look) in lines.items():
            there = np.isfinite(time)
            words = name if name == "simulated" else f"predicted, {name}"
            label = words if kernel is courses.kernels[0] else None
            axes.plot(time[there], correlation[there] / courses.level, label=label, **look)  # type: ignore[arg-type]
            numbers += [
                _row("course", name, kernel.index, float(t), float(c) / courses.level)
                for t, c in zip(time[there], correlation[there], strict=True)
            ]
    axes.axhline(1, color="0.6", lw=0.6)
    last = max(kernel.simulated[0][-1] for kernel in courses.kernels)
    axes.set(
        xlabel="physical time", ylabel=r"leading correlation $c/\varrho$", xlim=(0, 1.15 * last)
    )
    axes.set_yscale("log")
    style.logarithmic(axes.yaxis)
    return numbers


def _draw_times(axes: Axes, courses: Courses) -> Rows:
    """Every kernel's hitting time, simulated against predicted."""
    numbers: Rows = []
    ends = np.array([courses.simulated.min(), courses.simulated.max()])
    axes.plot(ends, ends, **style.PREDICTION)
    for name in reversed(KINDS):
        found = np.isfinite(courses.predicted[name])
        times = courses.simulated[found], courses.predicted[name][found]
        axes.plot(*times, ls="", marker=".", ms=3.5, mew=0, alpha=0.8, color=LOOKS[name]["color"])
        numbers += _rows("hitting time", name, *times)
    axes.set(xscale="log", yscale="log")
    style.logarithmic(axes.xaxis)
    style.logarithmic(axes.yaxis)
    axes.set(xlabel="hitting time, simulated", ylabel="hitting time, predicted")
    return numbers


def _draw_errors(axes: Axes, courses: Courses) -> Rows:
    """Share of the kernels whose hitting time is predicted to within an error."""
    numbers: Rows = []
    share = np.arange(1, len(courses.simulated) + 1) / len(courses.simulated)
    for place, (name, predicted) in enumerate(courses.predicted.items()):
        error = np.sort(np.minimum(100 * np.abs(predicted / courses.simulated - 1), 100.0))
        axes.step(error, share, where="post", **LOOKS[name])  # type: ignore[arg-type]
        axes.annotate(
            f"median {np.median(error):.2g} %", (0.03, 0.93 - 0.09 * place), fontsize=7.5,
            xycoords="axes fraction", color=LOOKS[name]["color"],
        )  # fmt: skip
        numbers += _rows("error", name, error, share)
    axes.axvline(law.ALLOWED, **style.ASYMPTOTIC)
    axes.annotate(
        "allowed\nmedian", (law.ALLOWED * 1.12, 0.03), fontsize=7,
        xycoords=("data", "axes fraction"),
    )  # fmt: skip
    axes.set_xscale("log")
    style.logarithmic(axes.xaxis)
    axes.set(xlabel="error of the hitting time, %", ylabel="share of kernels")
    return numbers


def _rows(panel: str, curve: str, x: np.ndarray, y: np.ndarray) -> Rows:
    """One drawn point per kernel."""
    points = zip(x, y, strict=True)
    return [_row(panel, curve, i, float(a), float(b)) for i, (a, b) in enumerate(points)]


def _row(panel: str, curve: str, kernel: int, x: float, y: float) -> dict[str, object]:
    """One drawn point."""
    return {"panel": panel, "curve": curve, "kernel": kernel, "x": x, "y": y}


FIGURE = RunsFigure(
    "reduced_dynamics",
    "one differential equation per kernel against its simulated crossing",
    gather,
    draw,
    r"""(a) The leading correlation of some kernels of seed 0 up to their first crossing of
    $\varrho$: simulated (dots), and the reduced dynamics from the same start with the moments of
    the same images, once with features that occur together and once as if every feature were alone
    (lines). (b) The hitting time of every kernel that crosses, predicted against simulated; on the
    line they agree. (c) The share of kernels whose hitting time is predicted to within an error,
    and the median error that the claim allows (dotted).""",
)
