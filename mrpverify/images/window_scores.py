"""What two networks of different families say of every photo and of its overlapping windows.

One stored record per photo and network: log-probabilities of all classes, so that one network can
choose windows and the other judge them, for any class and at any photo's places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import xarray as xr

from ..records.provenance import Addressed, versions
from ..records.source import source_digest
from ..records.store import Store, stored_or_made
from . import efficientnet_lite, resnet50
from .folder import manifest
from .photos import CROP, Photo, load
from .windows import alone, sliding

SIDE, STRIDE = 96, 32
"""Of the windows in pixels: a fifth of the crop each, 25 of them, at most four without overlap."""
WINDOWS = tuple(sliding(SIDE, STRIDE, CROP))
RESNET, LITE, RANDOM = "ResNet50", "EfficientNet-Lite0", "random weights"
TRAINED = (RESNET, LITE)
RANDOM_SEED = 0
"""Of an EfficientNet-Lite0 with random weights: it chooses places without having seen anything."""


class Net(Protocol):
    """What a network has to be able to do."""

    def prepared(self, images: np.ndarray) -> torch.Tensor:
        """RGB bytes [n, h, w, 3] with 0 for what is hidden."""

    def __call__(self, prepared: torch.Tensor) -> torch.Tensor:
        """Logits [n, classes]."""


@dataclass(frozen=True)
class Score(Addressed):
    """One photo and its windows, scored by one network."""

    photo: str
    """SHA-256 of the photo's file."""
    label: int
    network: str
    weights: str
    """SHA-256 of the weights, or the seed of random ones."""

    def identity(self) -> dict[str, Any]:
        """Everything that determines the record."""
        return {"score": asdict(self), "source": _source(), "torch": versions()["torch"]}


def collect_scores(store: Store | None, progress: Callable[[int, int], None]) -> xr.Dataset:
    """The photos that both trained networks recognise whole, scored by all three.

    Variables: ``label`` [photo] (class), ``whole`` [network, photo, class] and ``windows``
    [network, photo, window, class] (log-probabilities).
    """
    photos, digests = load(), manifest("photos")["digests"]
    found: list[xr.Dataset] = []
    for network, weights in _weights().items():
        records: list[xr.Dataset] = []
        for photo in photos:
            done = len(found) * len(photos) + len(records)
            progress(done, len(_weights()) * len(photos))
            score = Score(digests[photo.name], photo.label, network, weights)
            record = stored_or_made(store, score, partial(_scored, photo, network))
            records.append(record.assign_coords(photo=[photo.name]))
        found.append(xr.concat(records, dim="photo"))
    progress(len(_weights()) * len(photos), len(_weights()) * len(photos))
    return recognised_by_both(xr.concat(found, dim="network"))


def recognised_by_both(scores: xr.Dataset) -> xr.Dataset:
    """The photos whose whole crop every trained network ranks in its class."""
    label = scores["label"].isel(network=0, drop=True)
    first = scores["whole"].sel(network=list(TRAINED)).argmax("class")
    is_right = (first == label).all("network").values
    return scores.assign(label=label).isel(photo=is_right)


def record_of(label: int, network: str, whole: np.ndarray, windows: np.ndarray) -> xr.Dataset:
    """The data set of one photo and network: `whole` [class], `windows` [window, class]."""
    return xr.Dataset(
        {
            "label": (("network", "photo"), [[label]]),
            "whole": (("network", "photo", "class"), whole[None, None]),
            "windows": (("network", "photo", "window", "class"), windows[None, None]),
        },
        coords={"network": [network]},
    )


def _weights() -> Mapping[str, str]:
    """What the weights of every network are called in its records."""
    return {
        RESNET: manifest("resnet50")["digest"],
        LITE: manifest(efficientnet_lite.NAME)["digest"],
        RANDOM: f"seed {RANDOM_SEED}",
    }


@cache
def _network(name: str) -> Net:
    """A network, read or drawn when first needed."""
    makers: Mapping[str, Callable[[], Net]] = {
        RESNET: resnet50.load,
        LITE: efficientnet_lite.load,
        RANDOM: partial(efficientnet_lite.random_network, RANDOM_SEED),
    }
    return makers[name]()


@torch.inference_mode()
def _scored(photo: Photo, network: str) -> xr.Dataset:
    """One photo; its windows stay NaN where a trained network does not recognise the whole."""
    net = _network(network)
    prepared = net.prepared(photo.crop()[None])
    whole = net(prepared)[0].log_softmax(0).numpy()
    windows = np.full((len(WINDOWS), len(whole)), np.nan, np.float32)
    if network not in TRAINED or whole.argmax() == photo.label:
        windows = net(alone(prepared[0], WINDOWS)).log_softmax(1).numpy()
    return record_of(photo.label, network, whole, windows)


@cache
def _source() -> str:
    """Digest of the source a record depends on."""
    here = Path(__file__).parent
    names = ("efficientnet_lite", "photos", "resnet50", "window_scores", "windows")
    return source_digest(here / f"{name}.py" for name in names)
