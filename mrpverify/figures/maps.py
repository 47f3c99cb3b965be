"""Where a claim stops holding: the cells of a sweep's plan, and the derived lines over them.

The plans are those of ``mrpverify sweep``, and the preset of the command is not asked. Lines are
derived, not fitted. A cell in which the claim is false is no failure where the lines say so: fills
show the share of seeds in which it is true, from white to blue, and nothing is painted red.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure as Sheet
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from scipy.optimize import brentq

from ..claims.evaluate import Collect, evaluate
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..parameters import Parameters
from ..records.labelled import Request
from ..regime import preset_folder
from ..sweep.plan import Sweep, lay_out, read_plan
from ..theory import assumptions
from ..theory.plateau import shared_floor
from .figure import Study

WORDS = {
    "theta": r"share of visible patches $\theta$",
    "tau": r"constant gain $\tau$",
    "sigma_0": r"initial scale $\sigma_0$",
    "Delta": r"drive over decay $\Delta$",
}
SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", style.COLOURS["teacher-student"]])
"""Share of the seeds in which the claim is true, 0 to 1."""
STRONG = 0.9
"""Opacity of the fills, so that lines stand out from them."""
DARK = 0.6
"""Share from which a number in a cell is written in white."""

_GROWS, _DIVERGES = style.COLOURS["clustering"], style.COLOURS["supervised"]

SEARCHED = (np.log(1.1), np.log(1e9))
"""log Delta between which the boundary of the leak race is looked for."""

Row = dict[str, Any]
Line = tuple[str, np.ndarray, dict[str, Any]]
"""Label, y over the given x, style."""


@dataclass(frozen=True)
class MapFigure:
    """The map of one plan: two of its axes, and a third one (or the claim) for the panels."""

    name: str
    title: str
    x: str
    y: str
    panel: str
    boundaries: Callable[[Parameters, np.ndarray], list[Line]]
    """Derived lines of a panel, from one of its regimes and values of x."""
    titles: Mapping[str, str]
    text: str
    log_x: bool = False
    from_y: float = 0.0
    """The y axis is logarithmic in y minus this."""

    def gather(self, study: Study) -> list[Row]:
        """One row per cell, framework and claim."""
        plan = read_plan(preset_folder() / f"{self.name}.toml")
        sweep = lay_out(plan, self.name, salt=study.salt, seeds=study.most_seeds)
        found = study.get(_first_runs(sweep))  # all at once: seeds and cells share batches, cores

        def known(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
            return {**found, **study.get([r for r in requests if r not in found])}

        return [row for index in range(len(sweep.cells)) for row in _cell(sweep, index, known)]

    def caption(self, data: Sequence[Row]) -> str:
        """What is seen."""
        looks = sorted({row["trials"] for row in data})
        seeds = f"{' or '.join(map(str, looks))} of them"
        sooner = ": a cell is asked no more once it is decided" if len(looks) > 1 else ""
        return (
            f"{' '.join(self.text.split())} Each cell holds in how many of its seeds the claim is "
            f"true ({seeds}{sooner}), its fill the share of them from white (none) to blue (all); "
            f"a framed cell is SUPPORTED, a hatched one INCONCLUSIVE, the others REFUTED. Lines "
            f"are derived, not fitted. The regimes are those of the plan `{self.name}`."
        )

    def obstacle(self, published: bool) -> str:
        """Nothing is in the way of a figure of numbers."""
        del published
        return ""

    @style.styled
    def draw(self, rows: Sequence[Row]) -> Drawn:
        """The figure, and its cells and lines as flat rows."""
        panels = list(dict.fromkeys(row[self.panel] for row in rows))
        figure = style.sheet(style.PAGE, 4.3)
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        flat = [{k: v for k, v in row.items() if k != "regime"} | {"line": ""} for row in rows]
        for panel, own in zip(panels, axes, strict=True):
            flat += self._draw_panel(own, panel, [r for r in rows if r[self.panel] == panel])
        axes[0].set_ylabel(WORDS.get(self.y, self.y))
        style.lettered(axes, [self.titles[str(panel)] for panel in panels])
        _legend(figure, axes[-1])
        return figure, flat

    def _draw_panel(self, axes: Axes, panel: Any, rows: Sequence[Row]) -> Rows:
        """Cells and lines of one panel; returns the lines as rows."""
        levels = _edges(sorted({row[self.y] for row in rows}), self.from_y)
        values = sorted({row[self.x] for row in rows})
        columns = _edges(values) if self.log_x else _columns(values)
        for row in rows:
            _draw_cell(
                axes, row, columns[row[self.x]], levels[row[self.y]], row[self.x], row[self.y]
            )
        ends = min(columns.values())[0], max(columns.values())[1]
        x = np.geomspace(*ends) if self.log_x else np.linspace(*ends)
        lines = self.boundaries(rows[0]["regime"], x)
        for label, y, look in lines:
            axes.plot(x, y, label=label, lw=1.6, zorder=2, **look)
        self._set_axes(axes, list(columns), list(levels))
        axes.set_ylim(min(levels.values())[0], max(levels.values())[1])
        axes.set_xlim(*ends)
        return [
            {self.panel: panel, self.x: float(a), self.y: float(b), "line": label}
            for label, y, _ in lines
            for a, b in zip(x, y, strict=True)
        ]

    def _set_axes(self, axes: Axes, columns: Sequence[float], levels: Sequence[float]) -> None:
        """Scales, and a tick at every value of the grid."""
        start = self.from_y
        forth, back = (lambda y: np.log(np.maximum(y - start, 1e-9))), (lambda u: start + np.exp(u))
        axes.set_yscale("function", functions=(forth, back))
        if self.log_x:
            axes.set_xscale("log")
        axes.set_yticks(levels, [f"{v:g}" for v in levels])
        axes.set_xticks(columns, [f"{v:g}" for v in columns])
        axes.minorticks_off()
        axes.tick_params(length=0)
        axes.set_xlabel(WORDS.get(self.x, self.x))


def _draw_cell(
    axes: Axes, row: Row, across: tuple[float, float], up: tuple[float, float], x: float, y: float
) -> None:
    """One cell: filled by its share, framed where SUPPORTED, hatched where INCONCLUSIVE."""
    share = row["successes"] / row["trials"]
    (left, right), (low, high) = across, up
    looks: dict[str, dict[str, Any]] = {
        "SUPPORTED": {"ec": "k", "lw": 1.0, "zorder": 1.3},
        "INCONCLUSIVE": {"ec": "0.75", "lw": 0.4, "hatch": "////", "zorder": 1.2},
    }
    look = looks.get(row["measured"], {"ec": "0.85", "lw": 0.4, "zorder": 1.1})
    fill = SHARES(STRONG * share)  # behind the number too, which stands over the lines
    axes.bar(left, high - low, right - left, low, align="edge", fc=fill, **look)
    axes.annotate(
        str(row["successes"]), (x, y), ha="center", va="center", fontsize=7, zorder=2.2,
        color="w" if share > DARK else "0.35", bbox={"fc": fill, "ec": "none", "pad": 0.8},
    )  # fmt: skip


def _legend(figure: Sheet, axes: Axes) -> None:
    """Cells first, then the lines."""
    full = SHARES(STRONG)
    handles: list[Patch | Line2D] = [
        Patch(fc=full, ec="k", label="SUPPORTED (framed)"),
        Patch(fc=SHARES(0.8), ec="0.75", hatch="////", label="INCONCLUSIVE (hatched)"),
        Patch(fc="w", ec="0.7", label="REFUTED (neither)"),
    ]
    lines = [line for line in axes.get_lines() if not str(line.get_label()).startswith("_")]
    figure.legend(handles=[*handles, *lines], loc="outside lower center", ncols=3)


def _edges(values: Sequence[float], start: float = 0.0) -> dict[float, tuple[float, float]]:
    """The cell around every value, halfway to its neighbours in log(value - start)."""
    middle = np.log(np.array(values) - start)
    between = (middle[1:] + middle[:-1]) / 2
    ends = [2 * middle[0] - between[0], *between, 2 * middle[-1] - between[-1]]
    cells = zip(start + np.exp(ends[:-1]), start + np.exp(ends[1:]), strict=True)
    return dict(zip(values, ((float(a), float(b)) for a, b in cells), strict=True))


def _columns(values: Sequence[float]) -> dict[float, tuple[float, float]]:
    """The cell around every value, of one width."""
    half = 0.5 * float(min(np.diff(values)))
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
        look = {"ls": "-" if held == 1 else "--"}
        lines.append(
            (f"grows above ({word})", own ** (1 / regime.power), {"color": _GROWS, **look})
        )
        lines.append((f"diverges above ({word})", own, {"color": _DIVERGES, **look}))
    return lines


def scale_boundary(regime: Parameters, visible: np.ndarray) -> list[Line]:
    """The largest sigma_0 inside the regime condition on the initial scale (section 1)."""
    (condition,) = (c for c in assumptions.conditions(regime, ()) if c.id == "initial scale")
    largest = regime.init_scale * condition.margin / condition.needed_ratio
    label = "regime condition: initial scale"
    return [(label, np.full(len(visible), largest), {"color": _GROWS})]


def race_boundary(regime: Parameters, scales: np.ndarray) -> list[Line]:
    """The least Delta at which kernels stay class-pure until T (L16), where there is one."""
    limits = np.array([_least_amplification(replace(regime, init_scale=float(s))) for s in scales])
    return [("regime condition: leak race", limits, {"color": _GROWS})]


def _least_amplification(regime: Parameters) -> float:
    """Where the condition on the leak race holds with its needed ratio, NaN where it has no end."""

    def spare(log_delta: float) -> float:
        p = replace(regime, amplification=float(np.exp(log_delta)))
        (race,) = (c for c in assumptions.conditions(p, [p.framework]) if c.id == "leak race")
        return float(np.log(race.margin / race.needed_ratio))

    low, high = SEARCHED
    if spare(low) > 0 or spare(high) < 0:
        return float("nan")
    return float(np.exp(brentq(spare, low, high, xtol=0.01)))


_CAPTURE = {"T1.capture": "T1.capture: every feature captured",
            "T1.specialise": "T1.specialise: kernels of one class"}  # fmt: skip

FIGURES = (
    MapFigure(
        "map_gain",
        "Theorem 1 under a constant gain: mask ratio against gain",
        "theta", "tau", "views", gain_boundaries,
        {"1": "T1.capture, one view per class", "2": "T1.capture, two views per class"},
        r"""Where T1.capture holds for a teacher-student of constant gain $\tau$, for classes of
        one view and of two. Between the lines of one style a kernel that holds one feature (full)
        or all views of its class (dashed) grows and then rests (L3, L4); below it decays, above it
        diverges, so the claim should be false in both. The gain axis is logarithmic in $\tau -
        1$.""",
        from_y=1.0,
    ),
    MapFigure(
        "map_init",
        "Theorem 1 as the initialisation grows: mask ratio against initial scale",
        "theta", "sigma_0", "claim", scale_boundary, _CAPTURE,
        r"""Where the claims hold for a teacher-student as the initial scale $\sigma_0$ grows, over
        the mask ratio; below the line the regime condition on the initial scale holds.""",
    ),
    MapFigure(
        "map_leak",
        "does a smaller init help? Initial scale against drive",
        "sigma_0", "Delta", "claim", race_boundary, _CAPTURE,
        r"""Where the claims hold for a teacher-student over the initial scale and the drive
        $\Delta$; above the line the regime condition on the leak race (L16) holds: a smaller init
        needs a larger $\Delta$ for its kernels to be captured before they leak into other
        classes.""",
        log_x=True,
    ),
)  # fmt: skip
