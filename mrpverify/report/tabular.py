"""Tables of LaTeX that fit into the column of a plain article, whatever stands in their cells.

A column of long cells breaks its lines; columns that do not fit beside each other go into tables
of their own, one below the other, each with the first column again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

ROOM = 330.0
"""Points that a table may take of the 345 of ``article``."""
BETWEEN = 6.0
"""Points between two columns."""
WIDEST = 105.0
"""Points of a column from which on its lines are broken."""
BELOW = r"\\[1.5ex]"
"""What stands between two tables of one macro."""

Rows = Sequence[Sequence[str]]


def panels(head: Sequence[str], rows: Rows, escaped: Callable[[str], str]) -> list[list[str]]:
    """The tables of these cells; `escaped` makes words LaTeX."""
    widths = [_width([head[i], *(row[i] for row in rows)]) for i in range(len(head))]
    return [
        tabular(
            "".join(f"p{{{widths[i]:.0f}pt}}" for i in places),
            [_ragged(escaped(head[i])) for i in places],
            [[_ragged(escaped(row[i])) for i in places] for row in rows],
        )
        for places in _beside(widths)
    ]


def tabular(columns: str, head: Sequence[str], rows: Rows) -> list[str]:
    """Lines of a booktabs table; cells are LaTeX already."""
    return [
        rf"\begin{{tabular}}{{@{{}}{columns}@{{}}}}", r"  \toprule", _row(head), r"  \midrule",
        *map(_row, rows), r"  \bottomrule", r"\end{tabular}",
    ]  # fmt: skip


def _row(cells: Sequence[str]) -> str:
    """A line; braces keep a bracket at its begin from being an option of the line before."""
    first, *others = cells
    return "  " + " & ".join([f"{{{first}}}", *others]) + r" \tabularnewline"


def _ragged(cell: str) -> str:
    """A cell whose words keep their spaces and break only between words."""
    return rf"\raggedright {cell}"


def _beside(widths: Sequence[float]) -> list[list[int]]:
    """Columns that fit beside each other, table by table, the first in every one."""
    found = [[0]]
    for place in range(1, len(widths)):
        taken = sum(widths[i] + BETWEEN for i in found[-1])
        if taken + widths[place] > ROOM and len(found[-1]) > 1:
            found.append([0])
        found[-1].append(place)
    return found


def _width(cells: Sequence[str]) -> float:
    """Points of a column: its longest cell, or where that is too wide its longest word."""
    longest = max(map(_points, cells))
    word = max((_points(word) for cell in cells for word in cell.split()), default=0.0)
    return max(min(longest, WIDEST), word)


def _points(words: str) -> float:
    """About how wide words are in the size of footnotes, rather more than less."""
    return 1.0 + sum(map(_of_character, words))


def _of_character(character: str) -> float:
    """Points of one character; what is not ASCII is written as its code."""
    if not character.isascii():
        return 28.0
    if character in " .,;:'!|()[]ijlt/":
        return 3.6
    return 7.4 if character in "mwMW%@_<>=+~^\\&" or character.isupper() else 4.9
