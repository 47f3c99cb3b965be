"""The reduced dynamics of one kernel over its simulated course, and every kernel's hitting time.

Left: the leading correlation of the kernels of one seed, simulated and as an ODE, to the first
crossing. Middle: predicted against simulated hitting times of all kernels of all seeds. Right: how
many kernels are predicted to within an error, with and without the features that co-occur.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import style
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mrpverify.claims.evaluate import Collect
from mrpverify.claims.laws import reduced_dynamics as law
from mrpverify.claims.legs import PRETRAINING
from mrpverify.parameters import Framework, Parameters
from mrpverify.theory import reduced_dynamics as theory

SEEDS = range(24)
SHOWN = 6
"""Kernels of the left panel: as many, evenly spaced from the first to cross to the last."""
KINDS = {"co-occurring features": True, "every feature alone": False}
COLOURS = {"co-occurring features": "#1b6ca8", "every feature alone": "#d1622b"}


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


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> Courses:
    """The runs of the claim, and the ODE from the same starts on the same images."""
    regime = regimes["teacher-student"]
    runs = style.runs_of(law.legs(regime)[PRETRAINING], salt, SEEDS, get)
    seeds = [runs.isel(seed=seed) for seed in range(runs.sizes["seed"])]
    simulated = np.concatenate([law.simulated(run) for run in seeds])
    crossed = np.isfinite(simulated) & (simulated > 0)
    predicted = {
        name: np.concatenate([law.predicted(regime, run, kind) for run in seeds])[crossed]
        for name, kind in KINDS.items()
    }
    parameters = law.regime(regime)
    first = _kernels(parameters, seeds[0])
    return Courses(parameters.linear_from, first, simulated[crossed], predicted)


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


def draw(courses: Courses) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn numbers."""
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), layout="constrained")
    numbers = _draw_courses(axes[0], courses)
    numbers += _draw_times(axes[1], courses)
    numbers += _draw_errors(axes[2], courses)
    figure.suptitle("Reduced dynamics of one teacher-student kernel", fontweight="bold")
    return figure, numbers


def _draw_courses(axes: Axes, courses: Courses) -> list[dict[str, object]]:
    """Simulated courses in full, predicted ones dashed."""
    numbers: list[dict[str, object]] = []
    for kernel in courses.kernels:
        lines = {"simulated": (kernel.simulated, {"color": "0.2", "lw": 2.2, "alpha": 0.6})}
        for name, course in kernel.predicted.items():
            lines[name] = (course, {"color": COLOURS[name], "lw": 1.2, "ls": "--"})
        for name, ((time, correlation), look) in lines.items():
            there = np.isfinite(time)
            label = name if kernel is courses.kernels[0] else None
            axes.plot(time[there], correlation[there] / courses.level, label=label, **look)
            numbers += [
                _row("course", name, kernel.index, float(t), float(c) / courses.level)
                for t, c in zip(time[there], correlation[there], strict=True)
            ]
    axes.axhline(1, color="0.6", lw=0.8)
    last = max(kernel.simulated[0][-1] for kernel in courses.kernels)
    axes.set(xlabel="physical time", ylabel="leading correlation / varrho", xlim=(0, 1.15 * last))
    axes.set_yscale("log")
    axes.set_title("kernels of seed 0, to their first crossing", loc="left", fontsize=10)
    axes.legend(fontsize=8)
    return numbers


def _draw_times(axes: Axes, courses: Courses) -> list[dict[str, object]]:
    """Every kernel's hitting time, predicted against simulated."""
    numbers: list[dict[str, object]] = []
    for name in reversed(KINDS):
        found = np.isfinite(courses.predicted[name])
        times = courses.simulated[found], courses.predicted[name][found]
        axes.plot(*times, ".", ms=4, alpha=0.6, color=COLOURS[name], label=name)
        numbers += _rows("hitting time", name, *times)
    ends = np.array([courses.simulated.min(), courses.simulated.max()])
    axes.plot(ends, ends, label="predicted = simulated", **style.PREDICTION)
    axes.set(xscale="log", yscale="log")
    axes.set(xlabel="hitting time, simulated", ylabel="hitting time, predicted")
    title = f"all {len(courses.simulated)} kernels that cross, {len(SEEDS)} seeds"
    axes.set_title(title, loc="left", fontsize=10)
    axes.legend(fontsize=8)
    return numbers


def _draw_errors(axes: Axes, courses: Courses) -> list[dict[str, object]]:
    """Share of the kernels whose hitting time is predicted to within an error."""
    numbers: list[dict[str, object]] = []
    share = np.arange(1, len(courses.simulated) + 1) / len(courses.simulated)
    for name, predicted in courses.predicted.items():
        error = np.sort(np.minimum(100 * np.abs(predicted / courses.simulated - 1), 100.0))
        label = f"{name}: median {np.median(error):.2g} %"
        axes.plot(error, share, color=COLOURS[name], label=label)
        numbers += _rows("error", name, error, share)
    axes.axvline(law.ALLOWED, label="allowed median", **style.ASYMPTOTIC)
    axes.set(xscale="log", xlabel="error of the hitting time, per cent", ylabel="share of kernels")
    axes.set_title("error, per kernel", loc="left", fontsize=10)
    axes.legend(fontsize=8, loc="upper left")
    return numbers


def _rows(panel: str, curve: str, x: np.ndarray, y: np.ndarray) -> list[dict[str, object]]:
    """One drawn point per kernel."""
    points = zip(x, y, strict=True)
    return [_row(panel, curve, i, float(a), float(b)) for i, (a, b) in enumerate(points)]


def _row(panel: str, curve: str, kernel: int, x: float, y: float) -> dict[str, object]:
    """One drawn point."""
    return {"panel": panel, "curve": curve, "kernel": kernel, "x": f"{x:.6g}", "y": f"{y:.6g}"}
