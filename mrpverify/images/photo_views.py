"""What a network sees in each photo through windows: one stored record per photo."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from ..records.labelled import versions
from ..records.store import Store
from . import resnet50
from .folder import manifest
from .photos import CROP, Photo, load
from .source import source_digest
from .windows import Window, centred_grid, first_classes, sliding

SIDE = 96
"""Side of the windows that decide: about a fifth of the crop each."""
SIDES = (112, 96, 74, 64, 56)
"""Sweep: grids of 2x2, 2x2, 3x3, 3x3 and 4x4 windows."""
STRIDE = 32
"""Of the overlapping windows of side SIDE, which are counted beside the grid."""
RANDOM_SEED = 0
"""Of the network with random weights."""
NOT_TRIED = -1


@dataclass(frozen=True)
class Look:
    """One photo seen by the network of one set of weights; `key` is its address in the store."""

    photo: str
    """SHA-256 of the photo's file."""
    label: int
    weights: str
    """SHA-256 of the weights."""

    def key(self) -> str:
        """Content hash of everything that determines the record."""
        content = {**asdict(self), "source": _source(), "torch": versions()["torch"]}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def layout() -> list[tuple[str, Window]]:
    """Every window that is tried, with the name of its grid."""
    grids = [(f"grid {side}", w) for side in SIDES for w in centred_grid(side, CROP)]
    return grids + [("sliding", w) for w in sliding(SIDE, STRIDE, CROP)]


def collect_looks(store: Store | None, progress: Callable[[int, int], None]) -> xr.Dataset:
    """All photos seen by the trained network and by one with random weights.

    Variables: ``label`` and ``first`` [photo] (classes; first: rank 1 on the whole crop),
    ``runner_up`` [photo] (the best class but the first), ``window_first`` and
    ``random_window_first`` [photo, window] (-1 where the window was not tried).
    """
    photos, digests = load(), manifest("photos")["digests"]
    weights = manifest("resnet50")["digest"]
    records = []
    for done, photo in enumerate(photos):
        progress(done, len(photos))
        look = Look(digests[photo.name], photo.label, weights)
        record = store.load(look) if store is not None else None
        if record is None:
            record = _seen(photo)
            if store is not None:
                store.save(look, record)
        records.append(record.assign_coords(photo=[photo.name]))
    progress(len(photos), len(photos))
    return xr.concat(records, dim="photo")


@cache
def _trained() -> resnet50.ResNet50:
    """The fetched network, read when first needed."""
    return resnet50.load()


@cache
def _random() -> resnet50.ResNet50:
    """The same with fresh weights."""
    return resnet50.random_network(RANDOM_SEED)


def _seen(photo: Photo) -> xr.Dataset:
    """One photo through all windows; windows are tried where the whole crop is recognised."""
    net, chance, all_windows = _trained(), _random(), layout()
    prepared = net.prepared(photo.crop()[None])
    with torch.inference_mode():
        first, second = net(prepared)[0].topk(2).indices.tolist()
    seen = np.full(len(all_windows), NOT_TRIED)
    random_seen = seen.copy()
    if first == photo.label:
        deciding = np.array([name == f"grid {SIDE}" for name, _ in all_windows])
        seen = first_classes(net, prepared[0], [w for _, w in all_windows])
        random_seen[deciding] = first_classes(
            chance, prepared[0], [w for name, w in all_windows if name == f"grid {SIDE}"]
        )
    return xr.Dataset(
        {
            "label": ("photo", [photo.label]),
            "first": ("photo", [first]),
            "runner_up": ("photo", [second]),
            "window_first": (("photo", "window"), seen[None]),
            "random_window_first": (("photo", "window"), random_seen[None]),
        },
        coords={
            "grid": ("window", [name for name, _ in all_windows]),
            "top": ("window", [w.top for _, w in all_windows]),
            "left": ("window", [w.left for _, w in all_windows]),
            "side": ("window", [w.side for _, w in all_windows]),
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
