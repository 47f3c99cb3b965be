"""Other places for a grid of two by two windows: does the place of the grid decide the count?"""

from __future__ import annotations

from collections.abc import Sequence

from .windows import Window


def two_by_two(windows: Sequence[Window]) -> list[tuple[int, int, int, int]]:
    """Indices of four of these windows in two rows and two columns that do not overlap.

    Windows are of one side and lie on a square lattice of places. Top left, top right, bottom left,
    bottom right; one tuple per way to choose the rows and the columns.
    """
    places = {(w.top, w.left): index for index, w in enumerate(windows)}
    starts = sorted({w.top for w in windows})
    apart = [(a, b) for a in starts for b in starts if b - a >= windows[0].side]
    return [
        (places[a, c], places[a, d], places[b, c], places[b, d]) for a, b in apart for c, d in apart
    ]
