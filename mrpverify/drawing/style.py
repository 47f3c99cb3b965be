"""The one style of all figures: sizes, colours, lines of predictions, marks of measurements.

What is measured is a mark (with its 90 % interval or a band over seeds), what is predicted a dark
line. Colours are those of Okabe and Ito, told apart with any colour vision; legends stand outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure, FigureBase, SubFigure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from ..judge.intervals import mean_interval

Rows = list[dict[str, Any]]
Drawn = tuple[Figure, Rows]
"""A figure, and the numbers in it."""

COLUMN, PAGE = 3.35, 6.9
"""Width of one column of a journal, and of a page (two columns), in inches."""

_BLUE, _SKY, _GREEN, _ORANGE = "#0072b2", "#56b4e9", "#009e73", "#e69f00"
_VERMILION, _PURPLE = "#d55e00", "#cc79a7"

COLOURS = {
    "teacher-student": _BLUE,
    "mae": _GREEN,
    "supervised": _VERMILION,
    "contrastive": _PURPLE,
    "clustering": _ORANGE,
    "untrained": "0.55",
}
"""One colour per objective, the same in every figure."""
MARKS = {
    "teacher-student": "o", "mae": "s", "supervised": "D", "contrastive": "^", "clustering": "v",
    "untrained": "P",
}  # fmt: skip
"""One mark per objective, for those who print without colours."""
NAMES = {
    "teacher-student": "teacher-student", "mae": "masked autoencoder", "supervised": "supervised",
    "contrastive": "contrastive", "clustering": "clustering", "untrained": "untrained",
}  # fmt: skip
"""Objectives in words."""
ARM_COLOURS = {
    "pixels": COLOURS["mae"],
    "teacher": COLOURS["teacher-student"],
    "noise": "0.45",
    "shuffled": _PURPLE,
    "supervised": COLOURS["supervised"],
    "untrained": COLOURS["untrained"],
}
ARM_NAMES = {
    "pixels": "MAE-style",
    "teacher": "data2vec-style",
    "noise": "MAE on noise",
    "shuffled": "shuffled labels",
    "supervised": "supervised",
    "untrained": "untrained",
}
ROLES = {"measured": _BLUE, "prediction": "0.15", "rival": "0.5", "band": _SKY}
"""Colours of a comparison of one number with its prediction."""

PREDICTION: dict[str, Any] = {"color": ROLES["prediction"], "lw": 1.1, "zorder": 1.5}
ASYMPTOTIC: dict[str, Any] = {**PREDICTION, "ls": ":"}

_LOOK: dict[str, Any] = {
    "font.family": "STIXGeneral", "mathtext.fontset": "stix", "font.size": 8.5,
    "axes.titlesize": 8.5, "axes.titlelocation": "left", "axes.labelsize": 8.5,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "legend.fontsize": 7.5, "legend.frameon": False,
    "figure.titlesize": 9.5, "axes.linewidth": 0.6, "lines.linewidth": 1.1, "lines.markersize": 4,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5, "ytick.minor.size": 1.5, "axes.spines.top": False,
    "axes.spines.right": False, "legend.handlelength": 1.8, "legend.columnspacing": 1.4,
    "axes.unicode_minus": True, "svg.hashsalt": "mrpverify", "svg.fonttype": "path",
}  # fmt: skip

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def styled(draw: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """A function that draws or writes a figure, in this style whatever the user's own settings."""

    @wraps(draw)
    def in_style(*arguments: Arguments.args, **options: Arguments.kwargs) -> Result:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_LOOK)  # type: ignore[arg-type]
            return draw(*arguments, **options)

    return in_style


def sheet(width: float, height: float) -> Figure:
    """An empty figure of this size in inches that lays its panels out itself."""
    return Figure(figsize=(width, height), layout="constrained")


def parts(figure: Figure, heights: Sequence[float]) -> list[SubFigure]:
    """The figure cut into parts of these heights, from the top."""
    cut: Any = figure.subfigures(len(heights), 1, height_ratios=list(heights), squeeze=False)
    return list(cut[:, 0])


def legend_below(figure: FigureBase, axes: Axes, columns: int, side: str = "center") -> None:
    """The legend of one panel under the whole figure, every label once; left, center or right."""
    handles, labels = axes.get_legend_handles_labels()
    once = dict(zip(labels, handles, strict=True))
    place: Any = f"outside lower {side}"
    figure.legend(list(once.values()), list(once), loc=place, ncols=columns)


def lettered(panels: Sequence[Axes], titles: Sequence[str]) -> None:
    """Titles of panels with their letters: (a), (b), ..."""
    for letter, (axes, title) in zip(
        "abcdefghijkl", zip(panels, titles, strict=True), strict=False
    ):
        axes.set_title(f"({letter}) {title}")


def in_short(value: float, digits: int = 4) -> str:
    """A number with so many digits, beyond 10^4 with a power of ten, in mathtext."""
    if np.isinf(value):
        return "\u221e" if value > 0 else "\u2212\u221e"
    if value == 0 or 1e-3 <= abs(value) < 1e4:
        return f"{float(f'{value:.{digits}g}'):g}".replace("-", "\u2212")
    factor, power = f"{value:.{digits - 1}e}".split("e")
    factor = factor.rstrip("0").rstrip(".") if "." in factor else factor
    times = "" if factor == "1" else rf"{factor} \cdot "
    return rf"${times}10^{{{int(power)}}}$"


def logarithmic(axis: Axis) -> None:
    """Ticks of a logarithmic axis: powers of ten, with 2 and 5 between where there are few."""
    low, high = axis.get_view_interval()
    few = np.log10(high / low) < 2.5
    axis.set_major_locator(LogLocator(subs=(1, 2, 5) if few else (1,), numticks=8))
    axis.set_major_formatter(FuncFormatter(lambda value, _: in_short(value)))
    axis.set_minor_formatter(NullFormatter())


def point(
    axes: Axes, x: float, values: np.ndarray, colour: str, *, flat: bool = False, marker: str = "o",
    within: tuple[float, float] = (-np.inf, np.inf),
) -> dict[str, Any]:  # fmt: skip
    """Every seed as a small dot, their mean with its 90 % interval; returns the numbers.

    `values` are [seeds]. Values run upwards, or to the right where `flat`; an interval that is open
    (fewer than two seeds) is left out, and none goes beyond `within`, the values that can be.
    """
    mean, interval = float(np.mean(values)), mean_interval(values)
    known = np.isfinite(interval).all()
    low, high = (float(np.clip(end, *within)) for end in interval)
    faint: dict[str, Any] = {"ls": "", "marker": ".", "ms": 3.5, "mew": 0, "alpha": 0.5}
    strong: dict[str, Any] = {"fmt": marker, "ms": 4, "capsize": 2, "zorder": 3}
    spread = [[mean - low], [high - mean]] if known else None
    here = np.full(len(values), x)
    if flat:
        axes.plot(values, here, color=colour, zorder=2, **faint)
        axes.errorbar([mean], [x], xerr=spread, color=colour, **strong)
    else:
        axes.plot(here, values, color=colour, zorder=2, **faint)
        axes.errorbar([x], [mean], yerr=spread, color=colour, **strong)
    return {
        "mean": mean,
        "low": low if known else "",
        "high": high if known else "",
        "seeds": len(values),
    }


def measured(
    axes: Axes, x: Sequence[float], values: Sequence[np.ndarray], colour: str, label: str,
    marker: str = "o", within: tuple[float, float] = (-np.inf, np.inf),
) -> Rows:  # fmt: skip
    """Means over seeds as marks with 90 % intervals, no line between them; returns the numbers.

    `values` holds [seeds] for every x. No interval goes beyond `within`, the values that can be.
    """
    mean = np.array([float(np.nanmean(v)) for v in values])
    low, high = np.array([mean_interval(v) for v in values]).T
    low, high = (np.where(np.isfinite(end), end.clip(*within), end) for end in (low, high))
    spread = np.where(np.isfinite([low, high]), np.abs([mean - low, high - mean]), 0)
    axes.errorbar(x, mean, spread, fmt=marker, color=colour, label=label, capsize=2, lw=1, zorder=3)
    return [
        {"curve": label, "x": float(a), "mean": float(b), "low": float(c), "high": float(d)}
        for a, b, c, d in zip(x, mean, low, high, strict=True)
    ]


def line(axes: Axes, x: Sequence[float], y: Sequence[float], label: str, **look: Any) -> Rows:
    """A prediction without spread; returns the drawn numbers."""
    axes.plot(x, y, label=label, **look)
    return [
        {"curve": label, "x": float(a), "mean": float(b), "low": "", "high": ""}
        for a, b in zip(x, y, strict=True)
    ]


def in_panel(name: str, numbers: Sequence[dict[str, Any]]) -> Rows:
    """The same numbers with the name of their panel."""
    return [{"panel": name, **row} for row in numbers]


def pair_in_legend(axes: Axes) -> None:
    """What the two markers of a matched pair mean."""
    beside = "supervised, state of nearest accuracy"
    axes.plot([], [], "o", color="0.2", label="network named below")
    axes.plot([], [], "s", color=ARM_COLOURS["supervised"], label=beside)


def bare(axes: Axes) -> None:
    """No ticks and no frame: the axes hold a picture."""
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def listed(items: Sequence[object]) -> str:
    """Items with commas between them."""
    return ", ".join(str(item) for item in items)
