"""A mask-pretrained network beside a supervised one, matched on accuracy: one record per pair."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
import xarray as xr

from ..records.labelled import versions
from .cifar_runs import collect_trainings, data
from .cifar_study import METHODS, Study, name_of, studies
from .folder import manifest
from .kernel_statistics import classes_per_kernel, directions_per_class
from .learn.descend import precision
from .learn.encoder import Classifier
from .learn.images import Labelled
from .learn.train import initial_classifier, network
from .learn.training import Training
from .matching import matched
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
from .similarity import linear_cka
from .source import source_digest

MATCHED_ON = 2000
"""Test images on which two networks are matched; they are looked at on others."""
PRETRAINED, SUPERVISED = "pretrained", "supervised"
ARMS = (*METHODS, "noise", "shuffled")
"""What stands beside supervised learning: the methods, pretrained on all images, and controls."""


@dataclass(frozen=True)
class Pair:
    """Two runs that are compared on test images; `key` is the record's address."""

    pretrained: Training
    supervised: Training
    looked_at: int

    def key(self) -> str:
        """Content hash of everything that determines the record."""
        content = [
            self.pretrained.key(), self.supervised.key(), self.looked_at, _source(), versions(),
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()


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
        records = [_compared(pair, runs, setup) for pair in pairs.values()]
        by_seed.append(xr.concat(records, dim="arm").assign_coords(arm=list(pairs)))
    return xr.concat(by_seed, dim="seed")


def _pairs(study: Study, looked_at: int) -> dict[str, Pair]:
    """The pairs of one seed, by arm."""
    runs = study.runs()
    beside = runs["supervised long"]
    found: dict[str, Training] = {m: runs[name_of(m, "all", study.few)] for m in METHODS}
    found["noise"] = runs[name_of("pixels", "noise", study.few)]
    found["shuffled"] = study.shuffled()
    return {arm: Pair(run, beside, looked_at) for arm, run in found.items()}


def _compared(pair: Pair, runs: Mapping[Training, xr.Dataset], setup: Setup) -> xr.Dataset:
    """The stored record of a pair, made if need be."""
    stored = setup.store.load(pair) if setup.store is not None else None
    if stored is None:
        stored = compare(pair, runs)
        if setup.store is not None:
            setup.store.save(pair, stored)
    return stored


def compare(pair: Pair, runs: Mapping[Training, xr.Dataset]) -> xr.Dataset:
    """Look at two networks in the states that the matching rule picks."""
    _, test = data()
    nets = _matched_networks(pair, runs, test.part(torch.arange(MATCHED_ON)))
    own = test.part(torch.arange(MATCHED_ON, MATCHED_ON + pair.looked_at))
    images, labels = own.normalised(own.images), own.labels
    clean = [(predict(images).argmax(1) == labels).numpy() for predict in map(_predict, nets)]
    both = torch.from_numpy(np.logical_and(*clean))
    seen = [_still_right(_predict(net), images[both], labels[both]) for net in nets]
    regions = [sufficient_regions(_predict(net), images[both], labels[both]).mean() for net in nets]
    features = [_pooled(net, images) for net in nets]
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


def _matched_networks(
    pair: Pair, runs: Mapping[Training, xr.Dataset], test: Labelled
) -> tuple[Classifier, Classifier]:
    """Both networks in the states picked on images that are not looked at."""
    states = [_states(t, runs[t]) for t in (pair.pretrained, pair.supervised)]
    images, labels = test.normalised(test.images), test.labels
    accuracies = [
        np.array([float((_predict(net)(images).argmax(1) == labels).float().mean()) for net in own])
        for own in states
    ]
    first, second = matched(*accuracies)
    return states[0][first], states[1][second]


def _states(training: Training, run: xr.Dataset) -> list[Classifier]:
    """Networks of the kept snapshots, or of the final state alone."""
    kept = run["snapshots"].values if "snapshots" in run else run["weights"].values[None]
    return [network(training, weights) for weights in kept]


def _still_right(predict: Predict, images: torch.Tensor, labels: torch.Tensor) -> np.ndarray:
    """Share still right without the own most decisive window and without the centre [fill, 2]."""
    found = []
    for fill in FILLS:
        decisive = right_without_decisive(*scan(predict, images, labels, fill)).mean()
        centre = (predict(without(images, CENTRE, fill)).argmax(1) == labels).float().mean()
        found.append([float(decisive), float(centre)])
    return np.array(found)


def overlap(setup: Setup) -> xr.Dataset:
    """Linear CKA of two runs that differ in their initialisation alone [seed, kind].

    Kinds: supervised, pixels (pretrained on all images, fine-tuned) and fresh (no training).
    """
    digest = manifest("cifar10")["digest"]
    rows = []
    for study in studies(setup, digest):
        first, second = study.runs(), study.other_init()
        pairs = {
            "supervised": (first["supervised long"], second["supervised long"]),
            "pixels": (first[name_of("pixels", "all", study.few)],
                       second[name_of("pixels", "all", study.few)]),
        }  # fmt: skip
        runs = collect_trainings([t for pair in pairs.values() for t in pair], setup)
        nets = {
            kind: [network(t, runs[t]["weights"].values) for t in p] for kind, p in pairs.items()
        }
        nets["fresh"] = [initial_classifier(t) for t in pairs["supervised"]]
        rows.append([_cka(own, setup.settings.looked_at) for own in nets.values()])
    return xr.Dataset({"cka": (("seed", "kind"), np.array(rows))}, coords={"kind": list(nets)})


def _cka(nets: Sequence[Classifier], looked_at: int) -> float:
    """Overlap of two networks' pooled features on the images looked at."""
    _, test = data()
    own = test.part(torch.arange(MATCHED_ON, MATCHED_ON + looked_at))
    images = own.normalised(own.images)
    return linear_cka(*(_pooled(net, images) for net in nets))


@torch.no_grad()
def _pooled(net: Classifier, images: torch.Tensor) -> np.ndarray:
    """Pooled last features [n, channels] of normalised images."""
    with precision("cpu"):
        return np.asarray(net.encoder(images).float().mean((2, 3)).numpy())


def _predict(net: Classifier) -> Predict:
    """The network as a function of normalised images."""

    @torch.no_grad()
    def predict(images: torch.Tensor) -> torch.Tensor:
        with precision("cpu"):
            return torch.cat([net(part).float() for part in torch.split(images, 500)])

    return predict


@cache
def _source() -> str:
    """Digest of the source a record depends on."""
    here = Path(__file__).parent
    names = ("comparison", "kernel_statistics", "matching", "occlusion", "windows")
    return source_digest(here / f"{name}.py" for name in names)
