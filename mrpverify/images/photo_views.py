"""What a network sees in each photo through windows: one stored record per photo and grid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from ..records.provenance import Addressed, versions
from ..records.source import source_digest
from ..records.store import Store, stored_or_made
from . import resnet50
from .folder import manifest
from .photos import CROP, Photo, load
from .windows import Window, centred_grid, first_classes, sliding

SIDE = 96
"""Side of the windows that decide: about a fifth of the crop each."""
STRIDE = 32
"""Of the overlapping windows of side SIDE, which are counted beside the grid."""
DECIDES, SLIDING = f"grid {SIDE}", "sliding"
GRIDS: Mapping[str, tuple[Window, ...]] = {
    DECIDES: tuple(centred_grid(SIDE, CROP)),
    SLIDING: tuple(sliding(SIDE, STRIDE, CROP)),
    **{f"grid {side}": tuple(centred_grid(side, CROP)) for side in (64, 112, 74, 56)},
}
"""Sets of windows, the one that decides first; the others are the sweep (3x3, 2x2, 3x3, 4x4)."""
RANDOM_SEED = 0
"""Of the network with random weights, which sees the deciding grid alone."""
NOT_TRIED = -1
"""In place of a class: the photo is not recognised whole, so its windows say nothing."""


@dataclass(frozen=True)
class Look(Addressed):
    """One photo seen by the network of one set of weights."""

    photo: str
    """SHA-256 of the photo's file."""
    label: int
    weights: str
    """SHA-256 of the weights."""
    grid: str

    def identity(self) -> dict[str, Any]:
        """Everything that determines the record."""
        return {"look": asdict(self), "source": _source(), "torch": versions()["torch"]}


def collect_looks(store: Store | None, progress: Callable[[int, int], None]) -> xr.Dataset:
    """All photos seen by the trained network and by one with random weights.

    Variables: ``label`` and ``first`` [photo] (classes; first: rank 1 on the whole crop),
    ``runner_up`` [photo] (the best class but the first), ``window_first`` and
    ``random_window_first`` [photo, window] (NOT_TRIED where the window was not tried).
    """
    photos, digests = load(), manifest("photos")["digests"]
    weights = manifest("resnet50")["digest"]
    parts: list[xr.Dataset] = []
    for grid in GRIDS:
        records: list[xr.Dataset] = []
        for photo in photos:
            progress(len(parts) * len(photos) + len(records), len(GRIDS) * len(photos))
            look = Look(digests[photo.name], photo.label, weights, grid)
            record = stored_or_made(store, look, partial(_seen, photo, grid))
            records.append(record.assign_coords(photo=[photo.name]))
        parts.append(xr.concat(records, dim="photo"))
    progress(len(GRIDS) * len(photos), len(GRIDS) * len(photos))
    return joined(parts)


def joined(parts: Sequence[xr.Dataset]) -> xr.Dataset:
    """The grids of the same photos side by side along `window`."""
    windows = xr.concat([part[list(_BY_WINDOW)] for part in parts], dim="window")
    return windows.merge(parts[0].drop_dims("window"))


_BY_WINDOW = ("window_first", "random_window_first")


@cache
def _trained() -> resnet50.ResNet50:
    """The fetched network, read when first needed."""
    return resnet50.load()


@cache
def _random() -> resnet50.ResNet50:
    """The same with fresh weights."""
    return resnet50.random_network(RANDOM_SEED)


def _seen(photo: Photo, grid: str) -> xr.Dataset:
    """One photo through one grid; windows are tried where the whole crop is recognised."""
    net, windows = _trained(), GRIDS[grid]
    prepared = net.prepared(photo.crop()[None])
    with torch.inference_mode():
        first, second = net(prepared)[0].topk(2).indices.tolist()
    seen = random_seen = np.full(len(windows), NOT_TRIED)
    if first == photo.label:
        seen = first_classes(net, prepared[0], windows)
        if grid == DECIDES:
            random_seen = first_classes(_random(), prepared[0], windows)
    return record_of(photo.label, first, second, grid, seen, random_seen)


def record_of(
    label: int, first: int, second: int, grid: str, seen: np.ndarray, random_seen: np.ndarray
) -> xr.Dataset:
    """The data set of one photo and one grid."""
    windows = GRIDS[grid]
    return xr.Dataset(
        {
            "label": ("photo", [label]),
            "first": ("photo", [first]),
            "runner_up": ("photo", [second]),
            "window_first": (("photo", "window"), seen[None]),
            "random_window_first": (("photo", "window"), random_seen[None]),
        },
        coords={
            "grid": ("window", [grid] * len(windows)),
            "top": ("window", [w.top for w in windows]),
            "left": ("window", [w.left for w in windows]),
            "side": ("window", [w.side for w in windows]),
        },
    )


def windows_of(looks: xr.Dataset) -> list[Window]:
    """The windows along the axis `window`."""
    places = (looks[name].values.tolist() for name in ("top", "left", "side"))
    return [Window(*place) for place in zip(*places, strict=True)]


@cache
def _source() -> str:
    """Digest of the source a record depends on."""
    here = Path(__file__).parent
    files = ("photo_views.py", "photos.py", "resnet50.py", "windows.py")
    return source_digest(here / name for name in files)
