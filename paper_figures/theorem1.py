"""Theorem 1 in one picture: every feature is learned by some kernel, and the control learns none.

One row per run. Left: the correlation of every feature with the kernel that crosses for it first.
Middle and right: all kernels before and after training, sorted by the feature that the initial
correlations predict, so a won lottery shows as a staircase. The seed is the first one, always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mrpverify.claims.evaluate import Collect, control_requests
from mrpverify.claims.legs import PRETRAINING
from mrpverify.claims.theorem1 import capture
from mrpverify.claims.theorem1.controls import NO_AMPLIFICATION
from mrpverify.claims.theorem1.lottery import predicted_first_feature
from mrpverify.claims.theorem1.runs import hold_level
from mrpverify.observe.correlations import first_crossed
from mrpverify.parameters import Framework, Parameters
from mrpverify.records.labelled import Request, join

SEEDS = range(4)
"""Seeds read: those of a control. The first one is drawn."""


@dataclass(frozen=True)
class Row:
    """One run of the figure: seed 0 of a regime."""

    title: str
    regime: Parameters
    run: xr.Dataset
    predicted: np.ndarray
    """Predicted first feature of each kernel [kernels]; a control has its claim's init, so the
    prediction of the claim is drawn beside it."""

    @property
    def initial(self) -> np.ndarray:
        """C at time 0 [kernels, features]."""
        return np.asarray(self.run["initial_correlations"].values)

    @property
    def final(self) -> np.ndarray:
        """C at T [kernels, features]."""
        return np.asarray(self.run["final_correlations"].values)


def gather(regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Row]:
    """The rows of the figure: both frameworks, then teacher-student without amplification."""
    rows: list[Row] = []
    titles: dict[Framework, str] = {"teacher-student": "Teacher-student", "mae": "MAE"}
    runs: dict[Framework, xr.Dataset] = {}
    for framework, title in titles.items():
        requests = [Request(regimes[framework], salt, seed) for seed in SEEDS]
        found = get(requests)
        runs[framework] = join([found[request] for request in requests])
        first = runs[framework].isel(seed=0)
        predicted = predicted_first_feature(regimes[framework], first)
        rows.append(Row(title, regimes[framework], first, predicted))
    regime = regimes["teacher-student"]
    own = {PRETRAINING: runs["teacher-student"]}
    (claim,) = capture.CLAIMS
    control = control_requests(claim, NO_AMPLIFICATION, regime, own, salt)[PRETRAINING][0]
    run = get([control])[control].isel(seed=0)
    title = "Control: teacher-student, gain 1"
    rows.append(Row(title, control.parameters, run, rows[0].predicted))
    return rows


def draw(rows: Sequence[Row]) -> tuple[Figure, list[dict[str, object]]]:
    """The figure, and the drawn numbers as flat rows."""
    figure, axes = plt.subplots(
        len(rows), 3, figsize=(13, 3.6 * len(rows)), width_ratios=(1.7, 1, 1), layout="constrained"
    )
    numbers: list[dict[str, object]] = []
    for row, (left, middle, right) in zip(rows, axes, strict=True):
        numbers += _draw_trajectories(left, row)
        numbers += _draw_matrices(middle, right, row)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle("Theorem 1: what each kernel knows, before and after pretraining (seed 0)")
    return figure, numbers


def _draw_trajectories(axes: Axes, row: Row) -> list[dict[str, object]]:
    """Correlation of every feature with the kernel that crosses for it first, over time."""
    regime, run = row.regime, row.run
    colours = plt.get_cmap("tab20")
    drawn = np.isfinite(
        run["time"].values
    )  # shorter than the longest seed: no snapshots at the end
    time, path = run["time"].values[drawn], run["correlations"].values[drawn]
    first = first_crossed(run["crossing_time"].values, run["crossing_correlations"].values)
    numbers: list[dict[str, object]] = []
    for feature in range(regime.features):
        times = run["crossing_time"].values[:, feature]
        crossed = np.isfinite(times).any()
        kernel = int(times.argmin() if crossed else row.final[:, feature].argmax())
        curve = path[:, kernel, feature]
        colour = colours(feature % 20)
        axes.plot(time, curve, color=colour, lw=1.3)
        if crossed:
            hit = first[kernel] == feature == row.predicted[kernel]
            axes.plot(
                times[kernel],
                regime.linear_from,
                "o",
                ms=6,
                color=colour,
                mfc=colour if hit else "white",
            )
        numbers += [
            _number(row, "trajectory", kernel, feature, t, c)
            for t, c in zip(time, curve, strict=True)
        ]
    _mark_levels(axes, regime, float(run["final_time"]))
    axes.set_title(row.title, loc="left", fontweight="bold")
    return numbers


def _mark_levels(axes: Axes, regime: Parameters, horizon: float) -> None:
    """Crossing level, capture threshold, labels and a legend for the markers."""
    axes.axhline(
        regime.linear_from, color="0.3", lw=0.8, ls="--", label=r"crossing level $\varrho$"
    )
    axes.axhline(
        hold_level(regime), color="0.3", lw=0.8, ls=":", label=r"capture threshold $\varrho/2$"
    )
    axes.plot([], [], "o", color="0.3", label="first feature, as predicted")
    axes.plot([], [], "o", color="0.3", mfc="white", label="later or unpredicted crossing")
    axes.set_xlim(0, horizon)
    axes.set_xlabel("physical time")
    axes.set_ylabel(r"correlation $\langle w_r, v\rangle$")


def _draw_matrices(before: Axes, after: Axes, row: Row) -> list[dict[str, object]]:
    """Kernel x feature correlations at time 0 and T, kernels sorted by their predicted feature."""
    order = np.lexsort((-row.initial.max(1), row.predicted))
    numbers: list[dict[str, object]] = []
    for axes, values, when in ((before, row.initial, "initial"), (after, row.final, "final")):
        limit = float(np.abs(values).max())
        picture = axes.imshow(
            values[order], aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit,
            interpolation="nearest",
        )  # fmt: skip
        axes.step(row.predicted[order] + 0.5, np.arange(len(order)), where="mid", color="k", lw=0.6)
        axes.step(row.predicted[order] - 0.5, np.arange(len(order)), where="mid", color="k", lw=0.6)
        axes.set_title(f"{when} correlations", loc="left")
        axes.set_xticks(
            range(row.regime.features),
            [
                f"{f // row.regime.views + 1},{f % row.regime.views + 1}"
                for f in range(row.regime.features)
            ],
            fontsize=6,
        )
        axes.set_xlabel("feature (class, view)")
        axes.set_ylabel("kernel, by predicted feature")
        before.figure.colorbar(picture, ax=axes, shrink=0.9)
        numbers += [
            _number(row, when, int(kernel), feature, None, values[kernel, feature])
            for kernel in order
            for feature in range(row.regime.features)
        ]
    return numbers


def _number(
    row: Row, panel: str, kernel: int, feature: int, time: float | None, correlation: float
) -> dict[str, object]:
    """One drawn number."""
    return {
        "run": row.title,
        "panel": panel,
        "kernel": kernel,
        "class": feature // row.regime.views + 1,
        "view": feature % row.regime.views + 1,
        "time": "" if time is None else f"{time:.6g}",
        "correlation": f"{correlation:.6g}",
        "predicted_winner": int(row.predicted[kernel]) == feature,
    }
