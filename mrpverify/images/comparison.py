"""A mask-pretrained network beside a supervised one, matched on accuracy: one record per pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import xarray as xr

from ..records.provenance import Addressed, versions
from ..records.source import source_digest
from ..records.store import stored_or_made
from .cifar_runs import collect_trainings
from .cifar_study import METHODS, Study, name_of, studies
from .folder import manifest
from .kernel_statistics import classes_per_kernel, directions_per_class
from .learn.training import Training
from .networks import (
    at_equal_accuracy,
    kept_states,
    looked_at,
    matched_on,
    pooled_features,
    predictor,
)
from .occlusion import (
    CENTRE,
    FILLS,
    Predict,
    right_without_decisive,
    scan,
    sufficient_regions,
    without,
)
from .setup import Setup

PRETRAINED, SUPERVISED = "pretrained", "supervised"


@dataclass(frozen=True)
class Pair(Addressed):
    """Two runs that are compared on test images."""

    pretrained: Training
    supervised: Training
    looked_at: int

    def identity(self) -> dict[str, Any]:
        """Everything that determines the record."""
        return {
            "trainings": [self.pretrained.key(), self.supervised.key()],
            "looked_at": self.looked_at,
            "source": _source(),
            "versions": versions(),
        }


def compare_all(setup: Setup) -> xr.Dataset:
    """Every arm beside supervised learning, for every seed.

    Variables: ``accuracy`` [seed, arm, network] of the matched states on the images looked at,
    ``still_right`` [seed, arm, network, fill, window], ``regions`` [.., network],
    ``directions`` and ``classes`` [.., network]. The first two of a pair are over images that both
    networks classify correctly.
    """
    digest = manifest("cifar10")["digest"]
    by_seed = []
    for study in studies(setup, digest):
        pairs = _pairs(study, setup.settings.looked_at)
        runs = collect_trainings(
            [t for pair in pairs.values() for t in (pair.pretrained, pair.supervised)], setup
        )
        records = [
            stored_or_made(setup.store, pair, partial(compare, pair, runs))
            for pair in pairs.values()
        ]
        by_seed.append(xr.concat(records, dim="arm").assign_coords(arm=list(pairs)))
    return xr.concat(by_seed, dim="seed")


def _pairs(study: Study, number: int) -> dict[str, Pair]:
    """The pairs of one seed, by arm: the methods, pretrained on all images, and the controls.

    The untrained arm is an untrained encoder with a trained head: the other measures need answers.
    """
    runs = study.runs()
    beside = runs["supervised long"]
    found: dict[str, Training] = {m: runs[name_of(m, "all", study.few)] for m in METHODS}
    found["noise"] = runs[name_of("pixels", "noise", study.few)]
    found["shuffled"] = study.shuffled()
    found["untrained"] = runs["probe random"]
    return {arm: Pair(run, beside, number) for arm, run in found.items()}


def compare(pair: Pair, runs: Mapping[Training, xr.Dataset]) -> xr.Dataset:
    """Look at two networks in the states that the matching rule picks.

    What is measured on images that both classify correctly is NaN where there are none.
    """
    first, second = (kept_states(t, runs[t]) for t in (pair.pretrained, pair.supervised))
    nets = at_equal_accuracy(first, second, matched_on())
    own = looked_at(pair.looked_at)
    images, labels = own.normalised(own.images), own.labels
    clean = [(predict(images).argmax(1) == labels).numpy() for predict in map(predictor, nets)]
    both = torch.from_numpy(np.logical_and(*clean))
    seen = [_still_right(predictor(net), images[both], labels[both]) for net in nets]
    regions = [_regions(predictor(net), images[both], labels[both]) for net in nets]
    features = [pooled_features(net, images) for net in nets]
    directions = [directions_per_class(f, labels.numpy()).mean() for f in features]
    classes = [np.nanmean(classes_per_kernel(f, labels.numpy())) for f in features]
    return xr.Dataset(
        {
            "accuracy": ("network", [c.mean() for c in clean]),
            "both_right": ((), int(both.sum())),
            "still_right": (("network", "fill", "window"), np.array(seen)),
            "regions": ("network", regions),
            "directions": ("network", directions),
            "classes": ("network", classes),
        },
        coords={
            "network": [PRETRAINED, SUPERVISED],
            "fill": list(FILLS),
            "window": ["own most decisive", "centre"],
        },
    )


def _still_right(predict: Predict, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Share still right without the own most decisive window and without the centre [fill, 2]."""
    if len(images) == 0:
        return np.full((len(FILLS), 2), np.nan)
    found = []
    for fill in FILLS:
        decisive = right_without_decisive(*scan(predict, images, labels, fill)).mean()
        centre = (predict(without(images, CENTRE, fill)).argmax(1) == labels).float().mean()
        found.append([float(decisive), float(centre)])
    return np.array(found)


def _regions(predict: Predict, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Mean number of disjoint windows that each suffice alone."""
    if len(images) == 0:
        return float("nan")
    return float(sufficient_regions(predict, images, labels).mean())


@cache
def _source() -> str:
    """Digest of the source a record depends on."""
    here = Path(__file__).parent
    names = ("comparison", "kernel_statistics", "matching", "networks", "occlusion", "windows")
    return source_digest(here / f"{name}.py" for name in names)
