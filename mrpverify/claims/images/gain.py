"""images.gain [A]: mask-reconstruction pretraining beats supervised learning on real images.

Two arms. ``images.gain`` is the theory's: pretraining sees exactly the labelled images. Practice is
``images.gain-all``: pretraining sees all images of the pool. Both with few labels, against the
better of supervised learning's two budgets, so that no arm is short of steps.
"""

from __future__ import annotations

from typing import Any

import xarray as xr

from ...images.accuracies import study_accuracies
from ...images.cifar_study import METHODS, name_of
from ...images.setup import Setup
from ...images.sizes import check_training
from ...judge.findings import Finding, Note, Picture, Table, recorded
from ...judge.intervals import mean_interval
from ...judge.measurement import Measurement
from ..claim import Control, NetworkClaim
from ..paired import differences_above_zero, not_supported

BUDGETS = ("supervised short", "supervised long")


def measure(setup: Setup, found: xr.Dataset) -> Measurement:
    """Paired difference of test accuracy to supervised learning, for the arms asked for."""
    del setup
    beside = better_budget(found)
    differences = {
        f"{arm} - {beside}": of(found, arm) - of(found, beside) for arm in found.attrs["arms"]
    }
    return differences_above_zero(
        differences, "test accuracy: fine-tuned - supervised, paired over seeds",
        _beside(found, beside), 1 / found.attrs["test_images"],
    )  # fmt: skip


def of(found: xr.Dataset, run: str) -> Any:
    """Accuracies of a run [seed]."""
    return found["accuracy"].sel(run=run).values


def better_budget(found: xr.Dataset) -> str:
    """The budget of supervised learning with the higher mean accuracy."""
    return max(BUDGETS, key=lambda run: float(of(found, run).mean()))


def _beside(found: xr.Dataset, beside: str) -> tuple[Finding, ...]:
    """Every run's accuracy, mask ratios, the conclusion in words."""
    few = found.attrs["few"]
    accuracy = [_row(str(run), of(found, str(run))) for run in found["run"].values]
    ratios = [
        _row(f"{ratio:g}", found["by_ratio"].sel(ratio=ratio).values)
        for ratio in found["ratio"].values
    ]
    line = (
        f"{few} labels, {found.attrs['test_images']} test images; trained "
        f"{found.attrs['written']} on {found.attrs['device']}; supervised learning with the "
        f"better of its two budgets: {beside}"
    )
    return (
        Table("accuracies", accuracy), Table("mask_ratios", ratios), Note("lines", (line,)),
        *recorded(beside=beside),
    )  # fmt: skip


def _row(run: str, values: Any) -> dict[str, Any]:
    """Mean accuracy of one run with its interval over seeds."""
    low, high = mean_interval(values)
    return {"run": run, "mean": float(values.mean()), "interval": [low, high], "seeds": len(values)}


def labelled_arms(setup: Setup) -> xr.Dataset:
    """The study, asked about pretraining on the labelled images."""
    return _asked(setup, "labelled")


def all_arms(setup: Setup) -> xr.Dataset:
    """The study, asked about pretraining on all images."""
    return _asked(setup, "all")


def _asked(setup: Setup, pictures: str) -> xr.Dataset:
    """Accuracies with the arms that are judged."""
    found = study_accuracies(setup)
    arms = [name_of(method, pictures, found.attrs["few"]) for method in METHODS]
    return found.assign_attrs(arms=arms, seen=pictures)


def pictures(setup: Setup, found: xr.Dataset) -> tuple[Picture, ...]:
    """Accuracy against labels for the claim's arm, mask ratios, linear probe."""
    from ...images.figures import label_efficiency

    del setup
    title = (
        "Accuracy against the number of labels, by mask ratio and of a linear probe: means over "
        "training seeds with 90 % intervals, single seeds as small dots. In the tables MAE-style "
        "is 'pixels' and data2vec-style is 'teacher'"
    )
    return (Picture(title, lambda: label_efficiency.draw(found, [found.attrs["seen"]])[0]),)


NOISE = Control(
    "pretraining on noise images",
    "reconstructing noise teaches nothing about images: no gain over supervised learning",
    look=lambda setup, found: found.assign_attrs(
        arms=[name_of("pixels", "noise", found.attrs["few"])]
    ),
    failed=not_supported,
)
NO_PRETRAINING = Control(
    "a fresh network in place of the pretrained one",
    "fine-tuning's steps alone are no gain over the better budget",
    look=lambda setup, found: found.assign_attrs(arms=["supervised short"]),
    failed=not_supported,
)

_SHARED: dict[str, Any] = {
    "provenance": "[A] abstract; budgets and sizes [D]",
    "role": "finding",
    "role_reason": "whether it holds at this size, encoder and budget is the open question",
    "horizon": "none",
    "measure": measure,
    "controls": {None: (NOISE, NO_PRETRAINING)},
    "needs": ("cifar10",),
    "fits": check_training,
    "pictures": pictures,
}

CLAIMS = (
    NetworkClaim(
        id="images.gain",
        name="images.gain",
        statement="with few labels, MAE-style and data2vec-style pretraining on exactly the "
        "labelled images both raise CIFAR-10 accuracy above supervised learning",
        order=2,
        evidence=labelled_arms,
        **_SHARED,
    ),
    NetworkClaim(
        id="images.gain-all",
        name="images.gain-all",
        statement="with few labels, MAE-style and data2vec-style pretraining on all images both "
        "raise CIFAR-10 accuracy above supervised learning",
        order=3,
        evidence=all_arms,
        **_SHARED,
    ),
)
