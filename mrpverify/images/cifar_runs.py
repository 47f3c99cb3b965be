"""Getting training runs: from the store where they are, by training where they are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import xarray as xr

from ..records.collect import Machine
from ..records.provenance import provenance
from ..records.workers import InThisProcess, Processes, Workers, carried_out
from ..simulate.threads import one_thread
from . import cifar10
from .learn.encoder import CLASSES
from .learn.images import Labelled, labelled
from .learn.train import train
from .learn.training import Training
from .setup import Setup

_AXES = {
    "weights": ("weight",), "loss": ("point",), "logits": ("image", "class"),
    "snapshots": ("snapshot", "weight"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Job:
    """One training and the weights of the encoder it starts from [weight]."""

    training: Training
    start: np.ndarray | None


@cache
def data() -> tuple[Labelled, Labelled]:
    """Training and test images; raises MissingDataError."""
    arrays = cifar10.load()
    train_set = labelled(arrays["train_images"], arrays["train_labels"])
    return train_set, labelled(arrays["test_images"], arrays["test_labels"], train_set)


def collect_trainings(trainings: Sequence[Training], setup: Setup) -> dict[Training, xr.Dataset]:
    """The runs of all trainings, what they start from included.

    Every finished run is stored at once: an interruption loses only those in training. Raises
    ValueError where the data set has fewer images than a run asks for.
    """
    wanted = dict.fromkeys(trainings)
    wanted |= dict.fromkeys(t.start for t in trainings if t.start is not None)
    found: dict[Training, xr.Dataset] = {}
    for training in wanted:
        run = setup.store.load(training) if setup.store is not None else None
        if run is not None:
            found[training] = run
    setup.progress(len(found), len(wanted))
    missing = [training for training in wanted if training not in found]
    for training in missing:
        _check_pool(training)
    for stage in _stages(missing):
        jobs = [Job(training, _start(training, found)) for training in stage]
        with closing(carried_out(jobs, _workers(len(jobs), setup.machine))) as finished:
            for job, run in finished:
                found[job.training] = run
                if setup.store is not None:
                    setup.store.save(job.training, run)
                setup.progress(len(found), len(wanted))
    return found


def _check_pool(training: Training) -> None:
    """Raise ValueError where a class has too few images for an equal share of the pool."""
    if training.pool > (there := largest_pool()):
        raise ValueError(f"images.pool={training.pool}: allowed are at most {there} here.")


def largest_pool() -> int:
    """Training images of which every class has an equal share; raises MissingDataError."""
    return CLASSES * int(data()[0].labels.bincount(minlength=CLASSES).min())


def _workers(jobs: int, machine: Machine) -> Workers[Job, xr.Dataset]:
    """This process where one is enough, otherwise processes that may die without harm."""
    work = partial(carry_out, machine=machine)
    if machine.workers == 1 or jobs < 2:
        return InThisProcess(work)
    return Processes(work, min(machine.workers, jobs))


def carry_out(job: Job, machine: Machine) -> xr.Dataset:
    """Train one run and label its arrays."""
    train_set, test_set = data()
    with one_thread():
        arrays = train(job.training, train_set, test_set, job.start)
    return xr.Dataset(
        {name: (_AXES[name], values) for name, values in arrays.items()},
        attrs={
            **provenance(job.training, machine.device, job.training.precision),
            "training": repr(job.training),
            "salt": job.training.salt,
            "device": machine.name,
        },
    )


def accuracy(run: xr.Dataset) -> float:
    """Share of test images classified correctly."""
    return float((run["logits"].values.argmax(1) == data()[1].labels.numpy()).mean())


def _start(training: Training, found: Mapping[Training, xr.Dataset]) -> np.ndarray | None:
    """Weights of the encoder a training goes on from."""
    return None if training.start is None else found[training.start]["weights"].values


def _stages(trainings: Sequence[Training]) -> list[list[Training]]:
    """Seed by seed, so that an early stop leaves whole seeds; what others start from comes first.

    Within a stage the long runs begin.
    """
    stages: dict[tuple[int, bool], list[Training]] = {}
    for training in trainings:
        stages.setdefault((training.seed, training.start is not None), []).append(training)
    return [sorted(stages[place], key=lambda t: -t.steps * t.batch) for place in sorted(stages)]
