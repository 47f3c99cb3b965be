"""images.multiview [A]: photos show several regions of their class that each suffice alone.

The number, fixed beforehand: windows of 96 px on the largest grid without overlap, centred in the
network's 224 px crop (2x2, 16 px from the edges), everything outside set to the training mean; a
window suffices when the photo's class is ranked first of 1000.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ...images.photo_parts import look_at_parts, shown_photos
from ...images.photo_views import DECIDES, GRIDS, SIDE, SLIDING, collect_looks, windows_of
from ...images.repeated import repeated_objects
from ...images.resnet50 import class_names
from ...images.setup import Setup
from ...images.windows import Window, most_disjoint
from ...judge.findings import Finding, Note, Picture, Table, recorded
from ...judge.intervals import clopper_pearson
from ...judge.measurement import Measurement
from ...judge.verdicts import measured_above
from ..claim import Control, NetworkClaim
from .multiview_counts import by_number, grid_places, places_line, runner_up_photos

if TYPE_CHECKING:
    from ...images.figures.windows_per_photo import Counts

HALF = 0.5
"""'Most' photos: the one-sided lower bound must clear one half."""
CONTROL_LIMIT = 0.1
"""A control fails as it should when the upper bound of its share is below this."""


def evidence(setup: Setup) -> xr.Dataset:
    """Every photo through its windows; the class asked for is the photo's own."""
    looks = collect_looks(setup.store, setup.progress)
    looks = looks.assign_attrs(class_names=dict(enumerate(class_names())))
    return looks.assign(asked=looks["label"], answer=looks["window_first"])


def measure(setup: Setup, looks: xr.Dataset) -> Measurement:
    """Share of correctly classified photos with at least two disjoint sufficient windows."""
    del setup
    counts = sufficient_windows(looks, DECIDES)
    many, trials = int((counts >= 2).sum()), len(counts)
    interval = clopper_pearson(many, trials)
    return Measurement(
        f"share of correctly classified photos with >= 2 disjoint sufficient {SIDE} px windows",
        many / trials,
        interval,
        HALF,
        measured_above(interval, HALF),
        many,
        trials,
        findings=_beside(looks, counts),
    )


def recognised(looks: xr.Dataset) -> xr.Dataset:
    """The photos whose whole crop is classified correctly."""
    return looks.isel(photo=(looks["first"] == looks["label"]).values)


def sufficient(looks: xr.Dataset, grid: str) -> np.ndarray:
    """Which windows of a grid suffice for the class asked for [recognised photos, windows]."""
    own = recognised(looks).isel(window=(looks["grid"] == grid).values)
    return np.asarray((own["answer"] == own["asked"]).values)


def sufficient_windows(looks: xr.Dataset, grid: str) -> np.ndarray:
    """Number of sufficient windows of a grid without overlap [recognised photos]."""
    return np.asarray(sufficient(looks, grid).sum(1))


def _beside(looks: xr.Dataset, counts: np.ndarray) -> tuple[Finding, ...]:
    """Counts, sweep over sizes, overlapping windows, repeated objects, the bound on mu."""
    names = recognised(looks)["photo"].values.tolist()
    repeated = repeated_objects()
    once = np.where([name in repeated for name in names], np.minimum(counts, 1), counts)
    one = int((counts == 1).sum())
    low, high = clopper_pearson(one, len(counts))
    places = grid_places(_places(looks, SLIDING), sufficient(looks, SLIDING))
    asked_runner_up = looks.assign(asked=looks["runner_up"])
    sweep = [
        _row(f"{DECIDES} (decides)", counts),
        _row(f"{DECIDES}, repeated objects once", once),
        _row(f"{SIDE} px, overlapping: most disjoint", _sliding(looks)),
        *(_row(g, sufficient_windows(looks, g)) for g in GRIDS if g not in (DECIDES, SLIDING)),
    ]
    in_two = runner_up_photos(recognised(looks), sufficient(asked_runner_up, DECIDES))
    lines = (
        f"exactly one sufficient window: {one} of {len(counts)} photos, a bound on the share "
        f"mu of single-view images: {one / len(counts):.3f} [{low:.3f}, {high:.3f}]; none: "
        f"{int((counts == 0).sum())}, counted apart",
        places_line(places),
    )
    return (
        Table("sweep", sweep),
        Table("grid_places", places),
        Table("runner_up_in_two_windows", in_two),
        Note("lines", lines),
        *recorded(
            unit="photos",
            photos=looks.sizes["photo"],
            recognised=len(names),
            repeated_objects={n: repeated[n] for n in names if n in repeated},
            no_sufficient_window=[n for n, c in zip(names, counts, strict=True) if c == 0],
            exactly_one={"share": one / len(counts), "interval": [low, high], "bounds": "mu"},
        ),
    )


def _row(grid: str, counts: np.ndarray) -> dict[str, Any]:
    """Shares of photos by their number of sufficient windows, one row of the sweep."""
    return {"windows": grid, "mean": round(float(counts.mean()), 3), **by_number(counts)}


def _sliding(looks: xr.Dataset) -> np.ndarray:
    """Largest number of disjoint sufficient windows among the overlapping ones [photos]."""
    places = _places(looks, SLIDING)
    return np.array(
        [
            most_disjoint([w for w, good in zip(places, row, strict=True) if good])
            for row in sufficient(looks, SLIDING)
        ]
    )


def _places(looks: xr.Dataset, grid: str) -> list[Window]:
    """The windows of one grid."""
    return windows_of(looks.isel(window=(looks["grid"] == grid).values))


def _below_limit(setup: Setup, measurement: Measurement) -> bool:
    """Whether a control's share is certainly small."""
    del setup
    return measurement.interval[1] < CONTROL_LIMIT


RUNNER_UP = Control(
    "the runner-up class in place of the photo's own",
    f"windows do not name just any likely class: upper bound < {CONTROL_LIMIT:g}",
    look=lambda setup, looks: looks.assign(asked=looks["runner_up"]),
    failed=_below_limit,
)
RANDOM_WEIGHTS = Control(
    "the same network with random weights",
    f"the pictures alone do not make windows suffice: upper bound < {CONTROL_LIMIT:g}",
    look=lambda setup, looks: looks.assign(answer=looks["random_window_first"]),
    failed=_below_limit,
)


def pictures(setup: Setup, looks: xr.Dataset) -> tuple[Picture, ...]:
    """The counts behind the number, and the first recognised photos with what the network saw."""
    from ...images.figures import photo_parts, windows_per_photo

    del setup
    names = recognised(looks)["photo"].values.tolist()
    counts = "Sufficient windows: share of photos with two or more (left), photos by number (right)"
    sheet = (
        "Eigen-CAM and NMF parts of one feature map at two resolutions, chosen by file name alone. "
        "Under Eigen-CAM, which knows no class: its share of the map's variance. Under the parts: "
        "those that alone, pushed through the head, rank the photo's class first. "
        "The photos are not ours to publish: keep this page to yourself"
    )
    return (
        Picture(
            counts,
            lambda: windows_per_photo.draw(counts_of_windows(looks), HALF, CONTROL_LIMIT)[0],
        ),
        Picture(sheet, lambda: photo_parts.draw(look_at_parts(shown_photos(names)))[0]),
    )


def counts_of_windows(looks: xr.Dataset) -> Counts:
    """Sufficient windows of every recognised photo, large windows first; own class and controls.

    The network with random weights saw the deciding grid alone.
    """
    grids = sorted(GRIDS, key=lambda grid: -GRIDS[grid][0].side)
    runner_up = looks.assign(asked=looks["runner_up"])
    random = looks.assign(answer=looks["random_window_first"])
    return {
        "the photo's own class": _by_grid(looks, grids),
        "control: the runner-up class": _by_grid(runner_up, grids),
        "control: random weights": _by_grid(random, [DECIDES]),
    }


def _by_grid(looks: xr.Dataset, grids: Sequence[str]) -> dict[str, np.ndarray]:
    """Number of disjoint sufficient windows [recognised photos], by grid in words."""
    words = {grid: f"{grid} px" for grid in grids}
    words |= {DECIDES: f"{DECIDES} px (decides)", SLIDING: f"{SIDE} px (overlapping)"}
    return {
        words[grid]: _sliding(looks) if grid == SLIDING else sufficient_windows(looks, grid)
        for grid in grids
    }


CLAIMS = (
    NetworkClaim(
        id="images.multiview",
        name="images.multiview",
        statement="most photos that a trained network recognises show at least two disjoint "
        "windows that each suffice alone",
        provenance="[A] abstract (multi-view data); the number [D]",
        role="gate",
        role_reason="the data law of every theorem here rests on it",
        horizon="none",
        measure=measure,
        controls={None: (RUNNER_UP, RANDOM_WEIGHTS)},
        order=1,
        evidence=evidence,
        needs=("resnet50", "photos"),
        pictures=pictures,
    ),
)
