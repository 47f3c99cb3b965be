"""Test accuracies of the CIFAR-10 study, seed by seed."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .cifar_runs import accuracy, collect_trainings, data
from .cifar_study import studies
from .folder import manifest
from .setup import Setup


def study_accuracies(setup: Setup) -> xr.Dataset:
    """``accuracy`` [seed, run] and ``by_ratio`` [sweep seed, ratio] on all test images.

    The attributes say how many test images there are and of which date and device the runs are.
    """
    own = studies(setup, manifest("cifar10")["digest"])
    rows, ratios, written = [], [], set()
    for number, study in enumerate(own):
        runs = study.runs()
        sweep = study.sweep() if number < setup.settings.sweep_seeds else {}
        found = collect_trainings([*runs.values(), *sweep.values()], setup)
        rows.append([accuracy(found[training]) for training in runs.values()])
        if sweep:
            ratios.append([accuracy(found[training]) for training in sweep.values()])
        written |= {run.attrs["written"][:10] for run in found.values()}
    return xr.Dataset(
        {
            "accuracy": (("seed", "run"), np.array(rows)),
            "by_ratio": (("sweep_seed", "ratio"), np.array(ratios)),
        },
        coords={"run": list(own[0].runs()), "ratio": list(own[0].sweep())},
        attrs={
            "test_images": len(data()[1]),
            "few": own[0].few,
            "labels": list(setup.settings.labels),
            "written": ", ".join(sorted(written)),
            "device": setup.machine.name,
        },
    )
