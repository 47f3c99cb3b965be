"""What stands beside the count of images.multiview: the grid in other places, runner-up photos."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...images.repeated import repeated_objects
from ...images.shifted_grids import two_by_two
from ...images.windows import Window
from ...judge.intervals import clopper_pearson


def grid_places(windows: list[Window], good: np.ndarray) -> list[dict[str, Any]]:
    """Shares of photos with two sufficient windows, for every place of a two by two grid.

    `good` [photo, window] says which of the overlapping windows suffice. The last row takes the
    best place for each photo: it chooses after the fact and is no estimate of the share.
    """
    places = two_by_two(windows)
    counts = np.array([good[:, place].sum(1) for place in places])
    rows = [
        {"grid": _named(windows, place), **by_number(count)}
        for place, count in zip(places, counts, strict=True)
    ]
    return [*rows, {"grid": "the best place for each photo", **by_number(counts.max(0))}]


def places_line(rows: list[dict[str, Any]]) -> str:
    """The spread over places in words."""
    *fixed, best = rows
    shares = [row["share_two_or_more"] for row in fixed]
    return (
        f"the grid in {len(fixed)} other places: share {min(shares):.3f} to {max(shares):.3f}, "
        f"median {np.median(shares):.3f}; with the best place chosen for each photo "
        f"{best['share_two_or_more']:.3f}"
    )


def runner_up_photos(looks: xr.Dataset, named_runner_up: np.ndarray) -> list[dict[str, Any]]:
    """Recognised photos in which two windows name the runner-up class: why that control may pass.

    `named_runner_up` [photo, window] is over the deciding grid.
    """
    names, repeated = looks.attrs.get("class_names", {}), repeated_objects()
    return [
        {
            "photo": photo,
            "class": names.get(label, str(label)),
            "runner_up": names.get(second, str(second)),
            "windows": int(number),
            "repeated": repeated.get(photo, ""),
        }
        for photo, label, second, number in zip(
            looks["photo"].values.tolist(),
            looks["label"].values.tolist(),
            looks["runner_up"].values.tolist(),
            named_runner_up.sum(1),
            strict=True,
        )
        if number >= 2
    ]


def _named(windows: list[Window], place: tuple[int, int, int, int]) -> str:
    """Where the rows and the columns of a grid begin, in pixels."""
    first, last = windows[place[0]], windows[place[3]]
    return f"rows {first.top} and {last.top}, columns {first.left} and {last.left}"


def by_number(counts: np.ndarray) -> dict[str, Any]:
    """Photos by their number of sufficient windows [photos], the share with two or more."""
    many = int((counts >= 2).sum())
    return {
        "none": int((counts == 0).sum()),
        "one": int((counts == 1).sum()),
        "two_or_more": many,
        "share_two_or_more": many / len(counts),
        "interval": list(clopper_pearson(many, len(counts))),
    }
