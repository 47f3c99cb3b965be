"""What the claims after pretraining read from labelled runs, with their fixed levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ..judge.findings import Column, Estimate, Table
from ..observe.accuracy import by_class, confusion, multi_view_accuracy, single_view_accuracy
from ..observe.capture import captured
from ..parameters import STAND_INS, Parameters
from .observed import crossed, final, hold_level, holds

IN_DISTRIBUTION = "in distribution"
"""The test law that is the training law (`law` axis of a labelled run)."""

MULTI_VIEW_ACCURACY = STAND_INS["multi_view_accuracy"].value
SINGLE_VIEW_ACCURACY = STAND_INS["single_view_accuracy"].value
EQUAL = STAND_INS["equal_accuracy"].value
GAIN = STAND_INS["accuracy_gain"].value

KINDS = ("multi_view", "single_view", "overall", "train_multi_view", "train_single_view")
COLUMNS = (
    Column("leg"),
    *(Column(kind, form="estimate") for kind in KINDS),
    Column("learned_share", "features learned"),
)
"""What is shown of the accuracies of a leg."""


def resolution(parameters: Parameters) -> float:
    """How finely an accuracy is known: one image of the test set."""
    return 1 / parameters.test_images


def counts(runs: xr.Dataset, law: str = IN_DISTRIBUTION) -> tuple[np.ndarray, np.ndarray]:
    """Right answers and images on a test law, both [seeds, classes, shown]."""
    own = runs.sel(law=law)
    return own["test_correct"].values, own["test_number"].values


def multi_view(runs: xr.Dataset, law: str = IN_DISTRIBUTION) -> np.ndarray:
    """Accuracy on multi-view test images [seeds]."""
    return multi_view_accuracy(*counts(runs, law))


def single_view(runs: xr.Dataset, law: str = IN_DISTRIBUTION) -> np.ndarray:
    """Accuracy on single-view test images [seeds]."""
    return single_view_accuracy(*counts(runs, law))


def of_one_view(runs: xr.Dataset) -> xr.Dataset:
    """The runs with single-view test images in the place of multi-view ones, on every test law.

    For controls: an accuracy on images that show every view, of images that do not.
    """
    shown = {name: runs[name].copy() for name in ("test_correct", "test_number")}
    for counted in shown.values():
        counted.values[..., 0] = counted.values[..., 1:].sum(-1)
    return runs.assign(shown)


def kinds_exchanged(runs: xr.Dataset) -> xr.Dataset:
    """The runs with multi-view and single-view test images in each other's place; for controls."""
    found = of_one_view(runs)
    for name in ("test_correct", "test_number"):
        found[name].values[..., 1:] = 0
        found[name].values[..., 1] = runs[name].values[..., 0]
    return found


def overall(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Accuracy on the data law itself, a share mu of single-view images [seeds]."""
    mu = parameters.single_view
    return np.asarray((1 - mu) * multi_view(runs) + mu * single_view(runs))


def captured_views(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Views held by a class-pure kernel at the end of a run [seeds, classes, views], bool."""
    features = captured(final(runs), crossed(runs), parameters.views, hold_level(parameters))
    return by_class(features, parameters.views)


def block_views(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Views held by a kernel of their own class's block [seeds, classes, views], bool.

    For supervised learning, whose head reads a class from its block alone.
    """
    pairs = holds(parameters, runs)
    return np.asarray(own_block(parameters, pairs).any(-2))


def own_block(parameters: Parameters, pairs: np.ndarray) -> np.ndarray:
    """[..., kernels, features] -> each class's own kernels and views [..., classes, m, views]."""
    k, m = parameters.classes, parameters.kernels_per_class
    blocks = pairs.reshape(*pairs.shape[:-2], k, m, k, parameters.views)
    return np.stack([blocks[..., i, :, i, :] for i in range(k)], axis=-3)


def table(parameters: Parameters, runs: xr.Dataset, learned: np.ndarray) -> dict[str, Any]:
    """Accuracies of one leg with their intervals, and the confusion of shown and learned views."""
    correct, number = counts(runs)
    accuracies = {
        "multi_view": multi_view(runs),
        "single_view": single_view(runs),
        "overall": overall(parameters, runs),
        "train_multi_view": runs["train_accuracy"].values[:, 0],
        "train_single_view": runs["train_accuracy"].values[:, 1],
    }
    return {
        **{
            name: Estimate.of_share(name, values, resolution(parameters)).summary()
            for name, values in accuracies.items()
        },
        "learned_share": float(learned.mean()),
        "confusion": confusion(correct, number, learned),
    }


def accuracies(legs: Mapping[str, Mapping[str, Any]]) -> tuple[Table, ...]:
    """The tables of legs (`table`) as findings: accuracies, and the confusion of every leg."""
    rows = [{"leg": leg, **row} for leg, row in legs.items()]
    return (
        Table("accuracies", rows, columns=COLUMNS, kept={"accuracies": dict(legs)}),
        *(_confusion(leg, row["confusion"]) for leg, row in legs.items()),
    )


def _confusion(leg: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """View shown in the image against views learned by its class: accuracy and images."""
    learned = sorted({row["learned"] for row in rows})
    cells = {
        (row["shown"], row["learned"]): f"{row['accuracy']:.3f} ({row['images']})" for row in rows
    }
    shown = [
        {
            "image shows": view,
            **{f"class learned {name}": cells.get((view, name)) for name in learned},
        }
        for view in dict.fromkeys(row["shown"] for row in rows)
    ]
    title = f"{leg}: accuracy (images)"
    return Table(title, shown, title, kept={})


def estimates(values: Mapping[str, np.ndarray], finest: float = 0.0) -> tuple[Estimate, ...]:
    """Means over seeds [seeds] with their 90 % t-intervals, by name."""
    return tuple(Estimate.of(name, own, finest) for name, own in values.items())


def shares(values: Mapping[str, np.ndarray], finest: float = 0.0) -> tuple[Estimate, ...]:
    """The same of values in [0, 1], such as accuracies: no interval goes beyond."""
    return tuple(Estimate.of_share(name, own, finest) for name, own in values.items())


def summary(values: np.ndarray, finest: float = 0.0) -> dict[str, Any]:
    """Mean over seeds with its 90 % t-interval as a cell of a table; null where there is none."""
    return Estimate.of("", values, finest).summary()


def share(values: np.ndarray, finest: float = 0.0) -> dict[str, Any]:
    """The same of values in [0, 1]."""
    return Estimate.of_share("", values, finest).summary()
