"""What reports show of a claim's findings: grids of cells, lines and pictures, by type alone.

Text, HTML, Markdown and LaTeX all show these, so that none says more than another.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..claims.concluded import ControlResult
from ..judge.findings import (
    Column,
    Curve,
    Estimate,
    Finding,
    Note,
    Picture,
    Row,
    Table,
    from_rows,
)
from ..judge.numbers import ABOVE_ZERO
from ..judge.verdicts import Verdict

INTERVAL = "90 % interval"


@dataclass(frozen=True)
class Cell:
    """A cell as it is written, with the plain value that it is sorted by."""

    words: str
    value: Any = None


@dataclass(frozen=True)
class Grid:
    """A table as it is shown."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True)
class Line:
    """A sentence, and what it is about where that is not the claim as a whole."""

    about: str
    words: str

    def __str__(self) -> str:
        return f"{self.about}: {self.words}" if self.about else self.words


Shown = Grid | Line | Picture


def found(claim: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of a claim in a record; one of before findings had types has tables and lines.

    The oldest stored records kept no details; nothing is shown of them. Raises
    KeyError, TypeError or ValueError for what is no record.
    """
    details = claim.get("details", {})
    if "findings" in claim:
        return from_rows(claim["findings"], details)
    return (*_old_tables(details), *_old_lines(details))


def _old_tables(details: Row) -> list[Table]:
    """Lists of rows with the same keys."""
    return [
        Table(name, rows)
        for name, rows in details.items()
        if isinstance(rows, list)
        and rows
        and all(isinstance(row, dict) and row.keys() == rows[0].keys() for row in rows)
    ]


def _old_lines(details: Row) -> list[Note]:
    """The sentences that reports used to show."""
    return [
        Note(name, tuple(details[name]))
        for name in ("lines", "diverged", "unfinished")
        if name in details
    ]


def shown(findings: Sequence[Finding]) -> list[Shown]:
    """What is shown of the findings, in their order."""
    return [item for finding in findings for item in _shown(finding)]


def _shown(finding: Finding) -> list[Shown]:
    """What is shown of one; nothing of what a record keeps for machines."""
    match finding:
        case Table():
            return [_grid(finding)] if finding.rows else []
        case Curve():
            return [_grid(_points(finding))]
        case Estimate(name=name):
            return [Line(name.replace("_", " "), _estimate(finding))]
        case Note(lines=lines, about=about):
            return [Line(about, line) for line in lines]
        case Picture():
            return [finding]
    return []


def _grid(table: Table) -> Grid:
    """A table with its cells written."""
    columns = table.shown
    rows = tuple(
        tuple(Cell(written(row, column), row.get(column.key)) for column in columns)
        for row in table.rows
    )
    return Grid(table.name, table.words, columns, rows)


def _points(curve: Curve) -> Table:
    """The points of a curve as a table."""
    columns = (
        Column("x", curve.x_label, "digits"), Column("y", curve.y_label, "digits"),
        Column("interval", INTERVAL, "digits"), Column("prediction", form="digits"),
        Column("rival", form="digits"),
    )  # fmt: skip
    points = zip(
        curve.x, curve.y, curve.low, curve.high, curve.prediction, curve.rival, strict=True
    )
    rows = [
        {"x": x, "y": y, "interval": [low, high], "prediction": prediction, "rival": rival}
        for x, y, low, high, prediction, rival in points
    ]
    return Table(curve.name, rows, f"curve, {curve.name}", columns)


def written(row: Row, column: Column) -> str:
    """A cell of a table in words."""
    value = row.get(column.key)
    match column.form:
        case "digits":
            words = _digits(value)
        case "band":
            words = band_in_words(_open(value or (None, None)), 4)
        case "yes":
            words = "yes" if value else "NO"
        case "estimate":
            words = cell(value) if not isinstance(value, Mapping) else _mean(**value)
        case _:
            words = cell(value)
    beside = row.get(column.beside) if column.beside else None
    return words if not _is_number(beside) else f"{words}: {beside:.3g}"


def cell(value: object) -> str:
    """A value of a table in short: three decimals, intervals in brackets, estimates by the mean."""
    if isinstance(value, Mapping) and "mean" in value:
        return cell(value["mean"])
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(cell(item) for item in value) + "]"
    if isinstance(value, float):
        return f"{value:.3f}" if math.isfinite(value) else "-"
    return "-" if value is None else str(value)


def _digits(value: object) -> str:
    """The same with four digits."""
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_digits(item) for item in value) + "]"
    return f"{value:.4g}" if _is_number(value) else "-"


def _is_number(value: object) -> bool:
    """Whether it is a finite number; a record has null for any other."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def _estimate(found: Estimate) -> str:
    """A number with its interval, and how it was judged where it is one of several statements."""
    if found.interval is None:
        return _digits(found.value) if _is_number(found.value) else "no value"
    words = _mean(found.value, found.interval)
    part = found.judged
    if part is None:
        return words
    if "needed" in part:
        true = f"{part['needed']} in {part['true_seeds']} of {part['seeds']} seeds"
        return f"{true}: {part['measured']}; mean {words}"
    return f"{words}, {target(part['threshold'], part['band'])}: {part['measured']}"


def _mean(mean: float | None, interval: Sequence[float | None]) -> str:
    """A mean with its interval."""
    if not _is_number(mean):
        return "no value"
    low, high = (f"{end:.4f}" if _is_number(end) else "-" for end in interval)
    return f"{mean:.4f} [{low}, {high}]"


def seen(item: ControlResult) -> str:
    """What the control's own measurement showed, in numbers."""
    m = item.measurement
    if m.trials is not None:
        return f"{m.successes} of {m.trials} {m.details.get('unit', 'seeds')}{not_known(m.details)}"
    if math.isnan(m.value):
        return m.statistic if m.measured is Verdict.ERROR else "no value"
    return f"{m.value:.3f} [{m.interval[0]:.3f}, {m.interval[1]:.3f}]"


def not_known(details: Mapping[str, Any]) -> str:
    """How many of a count of seeds may still come out either way; nothing where all are known."""
    number = details.get("seeds_not_known", 0)
    return f", {number} not known" if number else ""


def target(threshold: float, band: Sequence[float | None] | None) -> str:
    """What an interval is held against, in words."""
    return f"> {threshold:g}" if band is None else f"in {band_in_words(_open(band), 3)}"


def _open(band: Sequence[float | None]) -> tuple[float, float]:
    """A band whose missing ends are open, as in a record."""
    low, high = band
    return (-math.inf if low is None else low, math.inf if high is None else high)


def band_in_words(band: Sequence[float], digits: int) -> str:
    """A band as an interval; one that just excludes 0 begins with an open bracket."""
    low, high = band
    start = "(0" if low == ABOVE_ZERO else f"[{low:.{digits}g}"
    return f"{start}, {high:.{digits}g}]"
