"""The files of a figure: SVG, PNG, the drawn numbers as CSV, and the caption as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..drawing.style import Drawn, styled
from .svg import slim

DPI = 200
KINDS = ("svg", "png", "csv", "md")
"""What is written of every figure."""


@styled
def write(folder: Path, name: str, title: str, drawn: Drawn, text: str) -> list[Path]:
    """Write the files of a figure; the same numbers give the same bytes. Raises OSError."""
    figure, numbers = drawn
    paths = [folder / f"{name}.{kind}" for kind in KINDS]
    vector = io.StringIO()
    figure.savefig(vector, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    paths[0].write_text(slim(vector.getvalue(), title), encoding="utf-8")
    figure.savefig(paths[1], dpi=DPI, metadata={"Software": None})
    paths[2].write_text(_table(numbers), encoding="utf-8", newline="")
    paths[3].write_text(text, encoding="utf-8")
    return paths


def _table(numbers: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same columns as CSV; numbers with six digits, more are noise."""
    columns = list(dict.fromkeys(key for row in numbers for key in row))
    file = io.StringIO()
    writer = csv.DictWriter(file, fieldnames=columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _short(value) for key, value in row.items()} for row in numbers)
    return file.getvalue()


def _short(value: Any) -> Any:
    """A number with six digits; everything else as it is."""
    return f"{value:.6g}" if isinstance(value, float) else value
