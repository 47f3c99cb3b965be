"""The cells of the map from whitened to raw: how a picture is encoded, and the arms on each.

Fewer images than in the recipe, for a cell costs as much as all other claims on its arms. Whitened
codes are the recipe's but for d. Raw pixels keep the first 60 principal components about zero, 0.93
of their squared length: a rotation, which a Gaussian init does not see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import xarray as xr

from ...dominoes.measured import conditions, measured
from ...dominoes.responses import responses
from ...observe.capture import is_apart
from ...parameters import Parameters
from ...theory.condition import Condition
from ..accuracies import captured_views, multi_view, share, single_view, summary
from ..claim import Runs
from ..legs import Leg, Legs
from ..observed import reached
from . import arms

SMALLER: dict[str, Any] = {"images": 100, "test_images": 500, "deadline": 20.0}
MAE_DEADLINE = 2000.0
"""No gain speeds a masked autoencoder up: on raw pixels it takes 600 to 900 (salt "explore")."""
LONGER = 5.0
"""Supervised learning takes up to 150 on raw pixels, where the recipe's 50 are too few."""
RAW: dict[str, Any] = {"encoding": "principal", "dimension": 60, "centred": "no"}
SOON: dict[str, Any] = {"teacher-student": 3.0, "mae": 200.0}
"""Deadline of windows, four times as many patches: covered in 1 and in 240 (salt "explore")."""
PROBE_WORK = 1000
"""Where kernels answer to everything alike a probe is stiff: it gets as much as others need ten
times over, and six times as much leads nowhere either (salt "explore")."""
WHITENED_20, WHITENED_40 = "whitened, d = 20", "whitened, d = 40"
PIXELS, CENTRED, WINDOWS = "raw pixels", "raw pixels, each source centred", "windows of 16 pixels"
CELLS: Mapping[str, Mapping[str, Any]] = {
    WHITENED_20: {"dimension": 20},
    WHITENED_40: {"dimension": 40},
    WINDOWS: {"window": 16, "stride": 12, "dimension": 20},
    CENTRED: {**RAW, "centred": "each"},
    PIXELS: RAW,
}
"""What the claim asks about, from the theory's end to the pictures'."""
BEYOND: Mapping[str, Mapping[str, Any]] = {
    "whitened, d = 60": {"dimension": 60},
    "whitened, d = 200": {"dimension": 200},
}
"""Further cells of the figure."""
NEEDED = ("one direction", "orthonormal features", "foreign response")
"""Conditions that class-purity hangs on: a kernel along v_f has the correlation <v_g, v_f> with
another feature and must stay below half of its own, and so must its answers."""
BEFORE, TUNED, PROBE, SUPERVISED = "pretraining", "fine-tuned", "linear probe", "supervised"


def regime(parameters: Parameters, **changes: Any) -> Parameters:
    """The recipe, smaller, in another code."""
    p = arms.regime(parameters)
    slow = {"deadline": MAE_DEADLINE} if p.framework == "mae" else {}
    if "window" in changes:
        slow = {"deadline": SOON[p.framework]}
    return replace(p, **{**SMALLER, **slow, **changes})


def named(cell: str, arm: str) -> str:
    """The name of a leg."""
    return f"{cell}: {arm}"


def legs(parameters: Parameters, cells: Mapping[str, Mapping[str, Any]] = CELLS) -> Legs:
    """Pretraining, both heads on it, and supervised learning, cell by cell."""
    found: dict[str, Leg] = {}
    for cell, changes in cells.items():
        p = regime(parameters, **changes)
        found[named(cell, BEFORE)] = Leg(p)
        found[named(cell, TUNED)] = arms.downstream(p)
        found[named(cell, PROBE)] = arms.probed(p, work=PROBE_WORK)
        found[named(cell, SUPERVISED)] = arms.supervised(p, LONGER)
    return found


@dataclass(frozen=True)
class Cell:
    """What came out in one code; all [seeds]."""

    captured: np.ndarray
    """Share of the features held class-purely at T."""
    answered: np.ndarray
    """Share of the features that some kernel answers to class-purely, without a direction."""
    probe: np.ndarray
    tuned: np.ndarray
    supervised: np.ndarray
    """Accuracies on single-view images."""
    fitted: np.ndarray
    """Training accuracy of supervised learning."""

    @property
    def gain(self) -> np.ndarray:
        """Fine-tuned less supervised, single-view images."""
        return np.asarray(self.tuned - self.supervised)

    def described(self) -> dict[str, Any]:
        """Means with their intervals."""
        return {
            **{name: share(getattr(self, name)) for name in self.__dataclass_fields__},
            "gain": summary(self.gain),
        }


def seen(parameters: Parameters, runs: Runs, cell: str, changes: Mapping[str, Any]) -> Cell:
    """One cell's numbers."""
    p = regime(parameters, **changes)
    own, tuned, probe, scratch = (
        runs[named(cell, arm)] for arm in (BEFORE, TUNED, PROBE, SUPERVISED)
    )
    return Cell(
        captured_views(p, own).mean((1, 2)) * reached(own),
        _answered(p, own),
        single_view(probe),
        single_view(tuned),
        single_view(scratch),
        np.asarray(scratch["train_accuracy"].values[:, 0]),
    )


def _answered(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Share of the features that kernels answer to [seeds]."""
    salt, kernels = str(run.attrs["salt"]), run["final_weights"].values
    if kernels.shape[-1] != p.dimension:
        # A control's: kernels of another encoding cannot be shown these pictures.
        return np.full(len(kernels), np.nan)
    found = [
        responses(p, own, salt, int(seed))
        for own, seed in zip(kernels, run["seed"].values, strict=True)
    ]
    return np.asarray(answered(p, np.stack(found)).mean(-1))


def answered(parameters: Parameters, found: np.ndarray) -> np.ndarray:
    """Features that some kernel answers to class-purely [..., features], bool.

    At half its correlation at the crossing it would put out sReLU(varrho/2) on a unit patch: it
    does so at least, and its answer to any other class is below half its largest one. `found` are
    mean answers [..., kernels, features].
    """
    p = parameters
    least = p.linear_from / p.power * 2.0**-p.power
    return np.asarray(((found >= least) & is_apart(found, p.views)).any(-2))


def both_views(run: xr.Dataset) -> np.ndarray:
    """The lower of the accuracies on multi-view and on single-view images [seeds]."""
    return np.asarray(np.minimum(multi_view(run), single_view(run)))


def needed(parameters: Parameters, changes: Mapping[str, Any]) -> tuple[Condition, ...]:
    """What class-purity hangs on, measured on the encoded pictures."""
    return _needed(regime(parameters, **changes))


@cache
def _needed(p: Parameters) -> tuple[Condition, ...]:
    """The same of a cell's regime; every look and every control asks, over all pictures."""
    return tuple(c for c in conditions(p, measured(p)) if c.id in NEEDED)


def carries(parameters: Parameters, changes: Mapping[str, Any]) -> bool:
    """Whether the theory's conditions say that kernels become class-pure there."""
    return all(c.holds for c in needed(parameters, changes))
