"""The files of a figure: SVG, PNG, the drawn numbers as CSV, and the caption as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..drawing.style import Drawn, styled
from ..records.atomic import replace_together
from .svg import slim

DPI = 200
KINDS = ("svg", "png", "csv", "md")
"""What is written of every figure."""


@styled
def write(folder: Path, name: str, title: str, drawn: Drawn, text: str) -> list[Path]:
    """Write the files of a figure, all of them or none; the same numbers give the same bytes.

    Raises OSError.
    """
    figure, numbers = drawn
    vector, pixels = io.StringIO(), io.BytesIO()
    figure.savefig(vector, format="svg", dpi=DPI, metadata={"Date": None, "Creator": None})
    figure.savefig(pixels, format="png", dpi=DPI, metadata={"Software": None})
    texts = (_table(numbers), text)
    contents = (slim(vector.getvalue(), title).encode(), pixels.getvalue(), *map(str.encode, texts))
    paths = files_of(folder, name)
    replace_together(dict(zip(paths, contents, strict=True)))
    return paths


def files_of(folder: Path, name: str) -> list[Path]:
    """Where a figure is written."""
    return [folder / f"{name}.{kind}" for kind in KINDS]


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
