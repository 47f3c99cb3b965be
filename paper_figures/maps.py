"""Where a claim stops holding: the cells of a sweep's plan with their verdicts, and derived lines.

A cell is green where the claim is SUPPORTED, red where it is REFUTED, grey where the seeds do not
decide; in it stands in how many of its seeds the claim is true. Lines are derived, not fitted. The
plans are those of ``python -m mrpverify.sweep``, and the preset of the command is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from scipy.optimize import brentq

from mrpverify.claims.evaluate import Collect, evaluate
from mrpverify.parameters import Framework, Parameters
from mrpverify.records.labelled import Request
from mrpverify.sweep.plan import Sweep, lay_out, read_plan
from mrpverify.theory import assumptions
from mrpverify.theory.plateau import shared_floor

PLANS = Path(__file__).parent.parent / "experiments"
COLOURS = {"SUPPORTED": "#5fae74", "REFUTED": "#d97a6c", "INCONCLUSIVE": "0.78", "ERROR": "0.2"}
WORDS = {
    "theta": "theta, share of visible patches",
    "tau": "constant gain tau",
    "sigma_0": "initial scale sigma_0",
    "Delta": "Delta, drive over decay",
}

SEARCHED = (np.log(1.1), np.log(1e9))
"""log Delta between which the boundary of the leak race is looked for."""

Row = dict[str, Any]
Line = tuple[str, np.ndarray, dict[str, Any]]
"""Label, y over the given x, style."""


@dataclass(frozen=True)
class MapFigure:
    """The map of one plan: two of its axes, and a third one (or the claim) for the panels."""

    plan: str
    x: str
    y: str
    panel: str
    boundaries: Callable[[Parameters, np.ndarray], list[Line]]
    """Derived lines of a panel, from one of its regimes and values of x."""
    titles: Mapping[str, str]
    log_x: bool = False

    def gather(self, regimes: Mapping[Framework, Parameters], salt: str, get: Collect) -> list[Row]:
        """One row per cell, framework and claim."""
        del regimes  # the plan names its preset
        sweep = lay_out(read_plan(PLANS / f"{self.plan}.toml"), self.plan, salt=salt)
        found = get(_first_runs(sweep))  # all at once: seeds and cells share batches and cores

        def known(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            return {**found, **get([r for r in requests if r not in found])}

        return [row for index in range(len(sweep.cells)) for row in _cell(sweep, index, known)]

    def draw(self, rows: Sequence[Row]) -> tuple[Figure, list[dict[str, object]]]:
        """The figure, and its cells and lines as flat rows."""
        panels = list(dict.fromkeys(row[self.panel] for row in rows))
        figure, axes = plt.subplots(
            1, len(panels), figsize=(5.4 * len(panels), 6.6), sharey=True, squeeze=False,
            layout="constrained",
        )  # fmt: skip
        flat = [{k: v for k, v in row.items() if k != "regime"} | {"line": ""} for row in rows]
        for panel, own in zip(panels, axes[0], strict=True):
            flat += self._draw_panel(own, panel, [r for r in rows if r[self.panel] == panel])
        axes[0, 0].set_ylabel(WORDS.get(self.y, self.y))
        trials = max(row["trials"] for row in rows)
        figure.suptitle(f"in a cell: seeds of {trials} in which the claim is true", fontsize=9)
        shown = [v for v in COLOURS if v in {row["measured"] for row in rows}]
        handles = [Patch(color=COLOURS[verdict], label=verdict) for verdict in shown]
        handles += axes[0, -1].get_legend_handles_labels()[0]
        figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9)
        return figure, flat

    def _draw_panel(self, axes: Axes, panel: Any, rows: Sequence[Row]) -> list[dict[str, object]]:
        """Cells and lines of one panel; returns the lines as rows."""
        levels = _edges(sorted({row[self.y] for row in rows}))
        columns = _columns(sorted({row[self.x] for row in rows}), self.log_x)
        for row in rows:
            low, high = levels[row[self.y]]
            left, right = columns[row[self.x]]
            axes.bar(
                left, high - low, right - left, low, align="edge",
                color=COLOURS[row["measured"]], edgecolor="w",
            )  # fmt: skip
            axes.annotate(
                str(row["successes"]), (row[self.x], row[self.y]), ha="center", va="center",
                fontsize=7,
            )  # fmt: skip
        ends = min(columns.values())[0], max(columns.values())[1]
        x = np.geomspace(*ends) if self.log_x else np.linspace(*ends)
        lines = self.boundaries(rows[0]["regime"], x)
        for label, y, style in lines:
            axes.plot(x, y, label=label, lw=2, **style)
        axes.set_yscale("log")
        axes.set_yticks(list(levels), [f"{v:g}" for v in levels])
        axes.set_ylim(min(levels.values())[0], max(levels.values())[1])
        if self.log_x:
            axes.set_xscale("log")
        axes.set_xticks(list(columns), [f"{v:g}" for v in columns])
        axes.minorticks_off()
        axes.set_xlim(*ends)
        axes.set_xlabel(WORDS.get(self.x, self.x))
        axes.set_title(self.titles[str(panel)], loc="left")
        return [
            {self.panel: panel, self.x: float(a), self.y: float(b), "line": label}
            for label, y, _ in lines
            for a, b in zip(x, y, strict=True)
        ]


def _edges(levels: Sequence[float]) -> dict[float, tuple[float, float]]:
    """The cell around every level, halfway to its neighbours in logarithms."""
    middle = np.log(levels)
    between = (middle[1:] + middle[:-1]) / 2
    ends = [2 * middle[0] - between[0], *between, 2 * middle[-1] - between[-1]]
    cells = zip(np.exp(ends[:-1]), np.exp(ends[1:]), strict=True)
    return dict(zip(levels, cells, strict=True))


def _columns(values: Sequence[float], log: bool) -> dict[float, tuple[float, float]]:
    """The cell around every value of x: to its neighbours in logarithms, or of one width."""
    if log:
        return _edges(values)
    half = 0.35 * float(min(np.diff(values)))
    return {value: (value - half, value + half) for value in values}


def _first_runs(sweep: Sweep) -> list[Any]:
    """The runs that every claim of every cell begins with."""
    return [
        request
        for cell in sweep.cells
        for framework, regime in cell.regimes.items()
        for claim in sweep.claims
        if framework in claim.frameworks
        for leg in claim.runs_needed(regime).values()
        for request in leg.requests(sweep.salt, range(sweep.seeds))
    ]


def _cell(sweep: Sweep, index: int, get: Collect) -> list[Row]:
    """The verdicts of one cell."""
    cell = sweep.cells[index]
    results = evaluate(sweep.claims, cell.regimes, range(sweep.seeds), sweep.salt, get)
    return [
        {
            **cell.point,
            "framework": result.framework,
            "claim": result.claim.id,
            "measured": str(result.measurement.measured),
            "successes": result.measurement.successes,
            "trials": result.measurement.trials,
            "violated": ";".join(condition.id for condition in result.violated),
            "regime": cell.regimes[result.framework],  # type: ignore[index]
        }
        for result in results
    ]


def gain_boundaries(regime: Parameters, visible: np.ndarray) -> list[Line]:
    """Between which gains a kernel of one feature, or of all views of a class, stays (L3, L4)."""
    floors = np.array([replace(regime, visible=float(x)).gain_floor for x in visible])
    lines: list[Line] = []
    for held in sorted({1, regime.views}):
        own = np.array([shared_floor(float(floor), held) for floor in floors])
        word = "one feature" if held == 1 else "both views in one kernel"
        style = {"ls": "-" if held == 1 else "--"}
        lines.append((f"grows above ({word})", own ** (1 / regime.power), {"color": "C0", **style}))
        lines.append((f"diverges above ({word})", own, {"color": "C4", **style}))
    return lines


def scale_boundary(regime: Parameters, visible: np.ndarray) -> list[Line]:
    """The largest sigma_0 inside the regime condition on the initial scale (section 1)."""
    (condition,) = (c for c in assumptions.conditions(regime) if c.id == "initial scale")
    largest = regime.init_scale * condition.margin / condition.needed_ratio
    style = {"color": "C0", "ls": "-"}
    return [("regime condition: initial scale", np.full(len(visible), largest), style)]


def race_boundary(regime: Parameters, scales: np.ndarray) -> list[Line]:
    """The least Delta at which kernels stay class-pure until T (L16), where there is one."""
    limits = np.array([_least_amplification(replace(regime, init_scale=float(s))) for s in scales])
    return [("regime condition: leak race", limits, {"color": "C0", "ls": "-"})]


def _least_amplification(regime: Parameters) -> float:
    """Where the condition on the leak race holds with its needed ratio, NaN where it has no end."""

    def spare(log_delta: float) -> float:
        p = replace(regime, amplification=float(np.exp(log_delta)))
        (race,) = (c for c in assumptions.conditions(p) if c.id == "leak race")
        return float(np.log(race.margin / race.needed_ratio))

    low, high = SEARCHED
    if spare(low) > 0 or spare(high) < 0:
        return float("nan")
    return float(np.exp(brentq(spare, low, high, xtol=0.01)))


FIGURES = {
    "map_gain": MapFigure(
        "map_gain", "theta", "tau", "views", gain_boundaries,
        {"1": "T1.capture, one view per class", "2": "T1.capture, two views per class"},
    ),
    "map_init": MapFigure(
        "map_init", "theta", "sigma_0", "claim", scale_boundary,
        {"T1.capture": "T1.capture", "T1.specialise": "T1.specialise"},
    ),
    "map_leak": MapFigure(
        "map_leak", "sigma_0", "Delta", "claim", race_boundary,
        {"T1.capture": "T1.capture", "T1.specialise": "T1.specialise"}, log_x=True,
    ),
}  # fmt: skip
