"""From whitened pictures to raw ones: what is captured and gained, encoding by encoding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from ..claims.dominoes import arms, encodings
from ..claims.dominoes.encodings import BEYOND, CELLS
from ..drawing import style
from ..drawing.style import Drawn, Rows
from ..images.folder import missing_message
from ..parameters import PRETRAINING
from .figure import Study

SEEDS = 4
COLUMNS = ("captured", "answered", "probe", "tuned", "supervised")
WORDS = ("captured", "answered", "probe", "fine-tuned", "supervised")
SHARES = LinearSegmentedColormap.from_list("shares", ["#ffffff", style.COLOURS["teacher-student"]])
DARK = 0.7
"""Value from which a number is written in white."""
TITLES = {"teacher-student": "teacher-student", "mae": "masked autoencoder, decoder bias"}


@dataclass(frozen=True)
class Row:
    """One encoding under one framework."""

    framework: str
    cell: str
    foretold: bool
    conditions: Mapping[str, float]
    """Left over right, by condition; half at most where it holds."""
    values: np.ndarray
    """Means over seeds of COLUMNS."""


def gather(study: Study) -> list[Row]:
    """Every encoding under both frameworks."""
    return [
        _row(study, framework, cell, changes)
        for framework in PRETRAINING
        for cell, changes in _cells().items()
    ]


def _cells() -> Mapping[str, Mapping[str, object]]:
    """The claim's cells and the figure's, by dimension where they are whitened."""
    every = {**CELLS, **BEYOND}
    whitened = sorted((c for c in every if "whitened" in c), key=lambda c: int(c.split()[-1]))
    return {cell: every[cell] for cell in (*whitened, *(c for c in every if c not in whitened))}


def _row(study: Study, framework: str, cell: str, changes: Mapping[str, object]) -> Row:
    regime = study.regimes[framework]
    legs = encodings.legs(regime, {cell: changes})
    runs = {name: study.runs(leg, SEEDS) for name, leg in legs.items()}
    found = encodings.seen(regime, runs, cell, changes)
    conditions = encodings.needed(regime, changes)
    return Row(
        framework,
        cell,
        all(c.holds for c in conditions),
        {c.id: c.left / c.right for c in conditions},
        np.array([getattr(found, name).mean() for name in COLUMNS]),
    )


@style.styled
def draw(data: Sequence[Row]) -> Drawn:
    """A table of shares for each framework, its fill from white (none) to blue (all)."""
    frameworks = list(dict.fromkeys(row.framework for row in data))
    figure = style.sheet(style.PAGE, 2.8)
    axes = figure.subplots(1, len(frameworks), sharey=True, squeeze=False)[0]
    for own, framework in zip(axes, frameworks, strict=True):
        _draw_table(own, [row for row in data if row.framework == framework])
    style.lettered(axes, [TITLES[framework] for framework in frameworks])
    return figure, _numbers(data)


def _draw_table(axes: Axes, rows: Sequence[Row]) -> None:
    """A line an encoding, those above the rule foretold to carry the theory."""
    values = np.stack([row.values for row in rows])
    axes.imshow(values, cmap=SHARES, vmin=0, vmax=1, aspect="auto", interpolation="nearest")
    for (line, column), value in np.ndenumerate(values):
        dark = "w" if value > DARK else "0.2"
        axes.text(column, line, f"{value:.2f}", ha="center", va="center", fontsize=6, color=dark)
    axes.axhline(sum(row.foretold for row in rows) - 0.5, color="k", lw=1.0)
    axes.set_yticks(range(len(rows)), [row.cell for row in rows])
    axes.set_xticks(range(len(WORDS)), WORDS, rotation=30, ha="right")
    axes.tick_params(length=0)


def _numbers(data: Sequence[Row]) -> Rows:
    """Every cell of both tables, and the conditions behind the rule."""
    return [
        {
            "framework": row.framework,
            "encoding": row.cell,
            "foretold": row.foretold,
            **dict(zip(COLUMNS, map(float, row.values), strict=True)),
            **{name: row.conditions.get(name, "") for name in encodings.NEEDED},
        }
        for row in data
    ]


@dataclass(frozen=True)
class DominoesMap:
    """The map; it shows numbers alone, and needs the pictures to have them."""

    name: str = "dominoes_map"
    title: str = "from whitened pictures to raw ones: what is captured, and what it is worth"

    def gather(self, study: Study) -> list[Row]:
        """All cells on the study's salt."""
        return gather(study)

    def draw(self, data: list[Row]) -> Drawn:
        """The picture and its numbers."""
        return draw(data)

    def caption(self, data: list[Row]) -> str:
        """What is seen."""
        carried = sum(row.foretold for row in data) // len({row.framework for row in data})
        return (
            "Encodings from the theory's end (above) to the pictures' (below). Captured: share of "
            "the features held class-purely at T, along measured directions. Answered: the same by "
            "what kernels answer to test pictures, without a direction. Then accuracies on "
            "single-view test images: linear probe, fine-tuned, supervised learning five times as "
            f"long as the recipe. Means over at most {SEEDS} seeds. For the {carried} encodings "
            "above the rule the conditions that class-purity hangs on hold of the encoded pictures "
            "(nearly orthogonal features, small foreign responses, one direction a feature)."
        )

    def obstacle(self, published: bool) -> str:
        """The pictures have to be there."""
        del published
        return missing_message(arms.NEEDS)


FIGURE = DominoesMap()
