"""Do two networks from different inits agree? Two runs of each arm, beside two supervised ones.

Longer training and higher accuracy change the overlap by themselves, so every arm stands beside
supervised learning in three ways: at the accuracy of the arm's own networks (the matching rule),
with as many label steps, and with the long budget, where neither is equal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import xarray as xr

from ..records.provenance import Addressed, versions
from ..records.source import source_digest
from ..records.store import stored_or_made
from .cifar_runs import collect_trainings
from .cifar_study import OTHER_INIT, Study, studies
from .folder import manifest
from .learn.encoder import Classifier
from .learn.train import initial_classifier, network
from .learn.training import Training
from .networks import (
    accuracies,
    at_equal_accuracy,
    kept_states,
    looked_at,
    matched_on,
    pooled_features,
)
from .setup import Setup
from .similarity import linear_cka

UNTRAINED = "untrained"
OWN, MATCHED, EQUAL_STEPS, LONG = "own", "matched", "equal steps", "long"
"""Which two networks: the arm's own, or supervised ones in one of three states."""
Twins = tuple[Training, Training]
"""Two runs on the same images that differ in init, masks and batches."""


@dataclass(frozen=True)
class Agreement(Addressed):
    """Twins of one arm beside supervised twins."""

    arm: Twins
    untrained: bool
    """The networks the arm's runs begin with, in their place."""
    long: Twins
    equal_steps: Twins
    looked_at: int

    @property
    def trainings(self) -> list[Training]:
        """Every run that is needed."""
        return [*self.arm, *self.long, *self.equal_steps]

    def identity(self) -> dict[str, Any]:
        """Everything that determines the record."""
        return {
            "trainings": [training.key() for training in self.trainings],
            "untrained": self.untrained,
            "looked_at": self.looked_at,
            "source": _source(),
            "versions": versions(),
        }


def overlaps(setup: Setup) -> xr.Dataset:
    """``cka`` and ``accuracy`` [seed, arm, network] of all arms; accuracy is the twins' mean."""
    by_seed = []
    for study in studies(setup, manifest("cifar10")["digest"]):
        arms = _agreements(study, setup.settings.looked_at)
        runs = collect_trainings([t for arm in arms.values() for t in arm.trainings], setup)
        records = [
            stored_or_made(setup.store, arm, partial(agree, arm, runs)) for arm in arms.values()
        ]
        by_seed.append(xr.concat(records, dim="arm").assign_coords(arm=list(arms)))
    return xr.concat(by_seed, dim="seed")


def _agreements(study: Study, number: int) -> dict[str, Agreement]:
    """The arms of one seed: MAE-style pretraining, that on noise, shuffled labels, no training.

    An untrained network has no label steps; it stands beside the short budget.
    """
    first, second = study.twins(), study.twins(OTHER_INIT)
    twins = {name: (first[name], second[name]) for name in first}
    long, short = twins.pop("supervised long"), twins.pop("supervised short")
    found = {}
    for name, own in twins.items():
        equal = long if own[0].steps == long[0].steps else short
        found[name] = Agreement(own, False, long, equal, number)
    found[UNTRAINED] = Agreement(short, True, long, short, number)
    return found


def agree(agreement: Agreement, runs: Mapping[Training, xr.Dataset]) -> xr.Dataset:
    """Overlap and accuracy of the arm's networks and of the supervised ones [network]."""
    test, seen = matched_on(), looked_at(agreement.looked_at)
    pairs = [
        at_equal_accuracy(_states(agreement, own, runs), kept_states(beside, runs[beside]), test)
        for own, beside in zip(agreement.arm, agreement.long, strict=True)
    ]
    nets: dict[str, list[Classifier]] = {
        OWN: [own for own, _ in pairs],
        MATCHED: [beside for _, beside in pairs],
        EQUAL_STEPS: [_final(t, runs) for t in agreement.equal_steps],
        LONG: [_final(t, runs) for t in agreement.long],
    }
    images = seen.normalised(seen.images)
    cka = [linear_cka(*(pooled_features(net, images) for net in own)) for own in nets.values()]
    right = [accuracies(own, seen).mean() for own in nets.values()]
    return xr.Dataset(
        {"cka": ("network", cka), "accuracy": ("network", right)}, coords={"network": list(nets)}
    )


def _states(
    agreement: Agreement, training: Training, runs: Mapping[Training, xr.Dataset]
) -> list[Classifier]:
    """The states of an arm's run, or the network it begins with."""
    if agreement.untrained:
        return [initial_classifier(training)]
    return kept_states(training, runs[training])


def _final(training: Training, runs: Mapping[Training, xr.Dataset]) -> Classifier:
    """The network as a run ends."""
    return network(training, runs[training]["weights"].values)


@cache
def _source() -> str:
    """Digest of the source a record depends on."""
    here = Path(__file__).parent
    return source_digest(
        here / f"{name}.py" for name in ("matching", "networks", "overlap", "similarity")
    )
