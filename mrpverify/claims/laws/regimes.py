"""The regimes in which laws are measured: what a law speaks about, and nothing beside it.

Each is made from the preset's regime by a documented change: activation, varrho, masks, C_p, gain
and sizes of z stay the preset's. They are small on purpose: a law is about one kernel or a few, and
24 seeds then cost what one run of Theorem 1 does.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil, log
from typing import Any

import numpy as np
import xarray as xr

from ...parameters import FRAMEWORKS, PRETRAINING, Parameters, least_patches
from ...theory import assumptions
from ...theory.condition import Condition
from ...theory.hitting import moving_rate
from ..claim import Runs
from ..legs import supervised

PER_STEP = 0.02
"""Relative change of the fastest correlation in one step: T is then known to about as much."""

START = {"teacher-student": 0.08, "mae": 0.05, "supervised": 0.02}
"""sigma_0/varrho of a law that names no init of its own: small, and no smaller than it must be."""
AMPLIFICATION = 64.0
"""Delta of a law: a drive that beats the decay, at a gain of a few."""

STEPS_ARE_KNOWN = {"method": "descent", "hold_width": 0.0}
"""A law's regime chooses its step, and ends after a number of them; gains switch at once."""

SHARED = ("mask ratio", "activation power")
"""Conditions of section 1 that every law keeps; the others are about what its regime leaves out."""


def room(parameters: Parameters, shown: int, **changes: Any) -> int:
    """P of a law's images, which show `shown` features and nothing else.

    Patches that show nothing matter to masks of fixed size alone: then half of them do, or a little
    more, so that theta P is whole.
    """
    p = parameters
    names = ("visible", "patches_per_feature", "masks")
    visible, count, masks = (changes.get(name, getattr(p, name)) for name in names)
    if masks == "bernoulli":
        return int(shown * count)
    return least_patches(visible, 2 * shown * count)


def other_masks(parameters: Parameters, **changes: Any) -> Parameters:
    """The regime with another theta or C_p, and with the patches that masks of fixed size need."""
    p = parameters
    if p.masks == "bernoulli":
        return replace(p, **changes)
    return replace(p, **changes, patches=room(p, p.features, **changes))


def drawn_at(parameters: Parameters) -> dict[str, Any]:
    """Init and Delta of a law: those of a preset serve its T, a law is about its own."""
    return {
        "init_scale": START[parameters.framework] * parameters.linear_from,
        "amplification": AMPLIFICATION,
    }


def alone(parameters: Parameters, **changes: Any) -> Parameters:
    """One feature in an image, without noise: every kernel meets each feature alone.

    Two classes of one view, no off-class appearance, no single-view images, equal patches.
    """
    own = {
        "classes": 2,
        "views": 1,
        "off_class": 0.0,
        "dimension": 8,
        "kernels_per_class": 8,
        "patches": room(parameters, 1, **changes),
        "images": 32,
        "single_view": 0.0,
        "feature_noise": 0.0,
        "patch_noise": 0.0,
        "split": "equal",
        "basis": "canonical",
        "coverage": 1.0,
        "deadline": 0.0,
        "horizon_factor": 1.0,
        "test_images": 2,
        "precision": "float64",
        **drawn_at(parameters),
        **STEPS_ARE_KNOWN,
    }
    return replace(parameters, **{**own, **changes})


def siblings(parameters: Parameters, **changes: Any) -> Parameters:
    """Both views of a class in each of its images, and nothing else, without noise."""
    own = {"views": 2, "patches": room(parameters, 2, **changes)}
    return alone(parameters, **{**own, **changes})


def fixed_strength(total: float = 1.0) -> dict[str, float]:
    """Every shown feature has sum z = `total`: one pre-activation per correlation."""
    return {"own_low": total, "own_high": total}


def stepped(parameters: Parameters, per_step: float = PER_STEP) -> Parameters:
    """The same with the step that changes a correlation at varrho by the share `per_step`.

    Raises UndefinedError where nothing moves it.
    """
    return replace(parameters, step=per_step / moving_rate(parameters))


def until_first_crossing(parameters: Parameters, per_step: float = PER_STEP) -> Parameters:
    """The same, stepped, with as many steps as the leading kernel needs, and half as many more."""
    growth = log(max(parameters.linear_from / parameters.init_scale, 2.0))
    return replace(stepped(parameters, per_step), max_steps=ceil(1.5 * growth / per_step) + 50)


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Conditions of section 1 that a law's own regime takes over from the preset."""
    wanted = SHARED if parameters.framework in PRETRAINING else SHARED[1:]
    return tuple(c for c in assumptions.conditions(parameters, ()) if c.id in wanted)


def only(name: str, statement: str, holds: bool) -> Condition:
    """A condition that a law's statement makes on a parameter without an order."""
    return Condition(name, statement, "section 4 [D]", FRAMEWORKS, float(not holds), 0.0)


def showing_class(runs: Runs) -> Runs:
    """The seeds whose few images show class 0 at all: labels are drawn."""
    return {name: run.isel(seed=run["own_activity"].values[:, 0] > 0) for name, run in runs.items()}


def first_crossing(runs: xr.Dataset) -> np.ndarray:
    """Physical time of the first crossing of any pair [seeds], inf where there is none."""
    return np.asarray(runs["crossing_time"].values.min((1, 2)))


def plain_supervised(parameters: Parameters, presence: float, **changes: Any) -> Parameters:
    """The preset's supervised run at s/k = `presence`, without the noise that only blurs a law."""
    own = {
        "off_class": presence * parameters.classes,
        "dimension": max(2, parameters.views) * parameters.classes,
        "patch_noise": 0.0,
        "feature_noise": 0.0,
    }
    return replace(supervised(parameters).parameters, **{**own, **changes})


def drawn_law(parameters: Parameters, **changes: Any) -> Parameters:
    """The preset's whole law at a small size: noise, off-class and single-view images included."""
    own = {
        "classes": 4,
        "dimension": max(16, 4 * parameters.views),
        "kernels_per_class": 4,
        "images": 64,
        "coverage": 1.0,
        "deadline": 0.0,
        "horizon_factor": 1.0,
        "precision": "float64",
        **drawn_at(parameters),
        **STEPS_ARE_KNOWN,
    }
    return replace(parameters, **{**own, **changes})
