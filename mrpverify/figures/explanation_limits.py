"""How far the explanation goes: views at an angle, unequal views, wrong labels, a larger init.

Drawn from the stored records of the claims, salt by salt; nothing is trained.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..drawing import style
from ..drawing.style import Drawn, Rows
from .from_records import Found, RecordsFigure, numbers_of

Row = Mapping[str, Any]
BESIDE = 0.2
"""Room between the marks of two salts, in rows; on an axis of values a share of their distance."""
FORETOLD = {"color": style.ROLES["prediction"], "marker": "x"}
LOOKS: Mapping[str, dict[str, Any]] = {
    name: {"color": style.COLOURS[name], "marker": style.MARKS[name]}
    for name in ("supervised", "mae", "teacher-student")
} | {"masked": {"color": style.ROLES["band"], "marker": "o"}, "foretold": FORETOLD}
KEPT = {
    "fainter views held at T": ("held at $T$", "teacher-student"),
    "fainter views that are some kernel's first": ("some kernel's first", "teacher-student"),
    "the same foretold": ("foretold", "foretold"),
    "the same foretold if no view helped another": ("foretold without help", "foretold"),
    "the same foretold were all as loud": ("foretold, all as loud", "foretold"),
}
"""A number of CMP.keep -> its name in the panel, and its look."""
NOISE = {
    "single-view accuracy, masked minus fine-tuned": "masks with labels\n\u2212 pretraining",
    "single-view accuracy, fine-tuned minus supervised": "pretraining\n\u2212 labels alone",
    "single-view accuracy, a quarter minus four times as long": "head trained 1/4\n\u2212 4 times",
}
RIVALS = {
    "fine-tuned": ("pretraining", "mae"),
    "masked, larger init": ("masks with labels", "masked"),
    "not masked, larger init": ("labels alone", "supervised"),
}
TITLES = (
    "views at an angle", "unequal views", "fainter views, kept", "wrong labels",
    "rivals from a larger init",
)  # fmt: skip
LIMITS: Mapping[str, dict[str, Any]] = {
    "CMP.angle": {"ylim": (-0.004, None)},
    "CMP.unequal": {"ylim": (-0.03, 1.05), "xlim": (0.2, 0.7)},
    "CMP.keep": {"xlim": (None, 1.02)},
    "CMP.noise": {"xlim": (0, None)},
    "CMP.rival": {"xlim": (None, 1.004)},
}
"""Ends of axes, once all salts are drawn."""
CLAIMS = ("CMP.angle", "CMP.unequal", "CMP.keep", "CMP.noise", "CMP.rival")


@style.styled
def draw(found: Found) -> Drawn:
    """Every claim in a panel of its own, and the drawn numbers."""
    figure = style.sheet(style.PAGE, 4.7)
    upper, lower = style.parts(figure, (1, 1.05))
    axes = [*upper.subplots(1, 3), *lower.subplots(1, 2)]
    numbers: Rows = []
    draws = (_angle, _unequal, _keep, _noise, _rival)
    for panel, where, claim in zip(draws, axes, CLAIMS, strict=True):
        for place, (salt, row) in enumerate(found[claim].items()):
            shift = place - (len(found[claim]) - 1) / 2
            numbers += [{"claim": claim, "salt": salt, **told} for told in panel(where, row, shift)]
        where.set(**LIMITS.get(claim, {}))
    style.lettered(axes, TITLES)
    _legend(figure)
    return figure, numbers


def _legend(figure: Figure) -> None:
    """What marks and lines mean, below everything."""
    words = {"supervised": "labels alone", "masked": "masks with labels", "mae": style.NAMES["mae"],
             "teacher-student": style.NAMES["teacher-student"], "foretold": "foretold"}  # fmt: skip
    marks = [Line2D([], [], ls="", label=words[name], **LOOKS[name]) for name in words]
    rival = Line2D([], [], color=style.ROLES["rival"], ls="--", label="rival or threshold")
    line = Line2D([], [], label="foretold (line)", **style.PREDICTION)
    figure.legend(handles=[*marks, line, rival], loc="outside lower center", ncols=4)


def _mark(
    axes: Axes, x: float, row: Row, look: str, *, flat: bool = False, least: float = 0.0
) -> Row:
    """A mean with its interval, which ends where a share does; returns the numbers."""
    mean = float(row["mean"])
    low, high = (min(max(float(end), least), 1.0) for end in row["interval"])
    spread = [[mean - low], [high - mean]]
    shown: dict[str, Any] = {**LOOKS[look], "ls": "", "ms": 3.5, "capsize": 1.5, "zorder": 3}
    if flat:
        axes.errorbar([mean], [x], xerr=spread, **shown)
    else:
        axes.errorbar([x], [mean], yerr=spread, **shown)
    return {"mean": mean, "low": low, "high": high}


def _curve(axes: Axes, claim: Row, shift: float, factor: float) -> Rows:
    """A claim's curve: marks, its prediction as a line, its rival dashed; salts lie apart."""
    (curve,) = claim["details"]["curves"]
    axes.plot(curve["x"], curve["prediction"], **{**style.PREDICTION, "alpha": 0.6})
    axes.plot(curve["x"], curve["rival"], color=style.ROLES["rival"], ls="--", lw=0.9)
    told = []
    columns = (curve[key] for key in ("x", "y", "low", "high", "prediction", "rival"))
    for x, y, low, high, expected, rival in zip(*columns, strict=True):
        row = _mark(axes, x * factor**shift, {"mean": y, "interval": [low, high]}, "supervised")
        told.append({"of": curve["name"], "x": x, **row, "foretold": expected, "rival": rival})
    return told


def _angle(axes: Axes, claim: Row, shift: float) -> Rows:
    """What supervised learning loses against the cosine of a class's views."""
    axes.set(
        xscale="log", xlabel=r"cosine $\kappa$ of a class's views", ylabel="error, single-view"
    )
    axes.set_xticks([0.03, 0.05, 0.1], ["0.03", "0.05", "0.1"])
    axes.minorticks_off()
    return _curve(axes, claim, shift, 1.05)


def _unequal(axes: Axes, claim: Row, shift: float) -> Rows:
    """Where supervised learning learns the fainter view, and what pretraining captures."""
    told = _curve(axes, claim, shift, 1.05)
    name = "views captured, pretraining"
    for row in claim["details"]["ratios"]:
        x = float(row["S_2/S_1"])
        told.append({"of": name, "x": x, **_mark(axes, x * 1.05**shift, row[name], "mae")})
    axes.set(xlabel="$S_2/S_1$", ylabel="share")
    axes.set_xticks([0.3, 0.6])
    return told


def _keep(axes: Axes, claim: Row, shift: float) -> Rows:
    """Fainter views that some kernel holds first, and what was foretold of them."""
    told = []
    for place, (name, (_, look)) in enumerate(KEPT.items()):
        row = _mark(axes, place + BESIDE * shift, claim["details"][name], look, flat=True)
        told.append({"of": name, "x": "", **row})
    _rows(axes, [name for name, _ in KEPT.values()], "share of fainter views")
    return told


def _noise(axes: Axes, claim: Row, shift: float) -> Rows:
    """Differences of accuracy where labels are wrong, beside what is asked of them."""
    told = []
    for place, row in enumerate(numbers_of(claim, list(NOISE))):
        shown = {"mean": row["value"], "interval": row["interval"]}
        numbers = _mark(axes, place + BESIDE * shift, shown, "mae", flat=True, least=-1.0)
        told.append({"of": row["name"], "x": "", **numbers, "needed": row["band"][0]})
        axes.axvline(row["band"][0], color=style.ROLES["rival"], ls="--", lw=0.9, zorder=1)
    _rows(axes, list(NOISE.values()), "difference of single-view accuracy")
    return told


def _rival(axes: Axes, claim: Row, shift: float) -> Rows:
    """Single-view accuracy of pretraining and of its rivals, with all labels and with few."""
    told: Rows = []
    names: list[str] = []
    for few in ("", ", few labels"):
        for name, (words, look) in RIVALS.items():
            key = f"single-view accuracy, {name}{few}"
            place = len(names) + BESIDE * shift
            row = _mark(axes, place, claim["details"][key], look, flat=True)
            told.append({"of": key, "x": "", **row})
            names.append(f"{words}{', few' if few else ''}")
    _rows(axes, names, "single-view accuracy")
    return told


def _rows(axes: Axes, names: Sequence[str], what: str) -> None:
    """Names of rows, the first one above."""
    axes.set_yticks(range(len(names)), names, linespacing=1.0)
    axes.set(ylim=(len(names) - 0.5, -0.5), xlabel=what)
    axes.tick_params(axis="y", length=0)


FIGURE = RecordsFigure(
    "explanation_limits",
    "how far the explanation goes: angles, unequal views, wrong labels, rivals",
    CLAIMS,
    draw,
    r"""Means with 90 % intervals; marks beside each other are salts, lines what is foretold of each
    of them. (a) CMP.angle: error of supervised learning on images that show one view, where the two
    views of a class have a cosine; dashed what would be lost at a right angle. (b) CMP.unequal:
    share of classes in which supervised learning learns the fainter view, whose strength is a part
    of the other's; dashed were the start alone to decide. Squares: share of views that pretraining
    captures. (c) CMP.keep: share of the fainter views that the teacher-student objective holds at
    T, that are the first of some kernel, and what is foretold of that: from the own correlations of
    every kernel, without what views of one kernel help each other, and were all views as loud. (d)
    CMP.noise: where labels are wrong, what masks with labels gain over fine-tuned pretraining, what
    that gains over labels alone, and what a head that is trained for a quarter of the time gains
    over one for four times; dashed what is needed. (e) CMP.rival: pretraining with fine-tuning
    beside masks with labels, and labels alone, from a larger init; all labels, then few.""",
)
