"""The regimes of the scaling path: half the preset's k, k itself, twice and four times as much.

The constants of `theory.scaling` are those of the preset at its own k, but for these stand-ins,
which what is claimed here does not hang on and machines do: no noise, so that d = 2k is enough, ten
images a class, initial scales as those of the laws, and m by the claim. A larger preset has its
path further up: `large` (k = 20) goes to k = 80.
"""

from __future__ import annotations

from dataclasses import replace
from math import log
from typing import Any

from ...parameters import Parameters
from ...theory import assumptions
from ...theory.condition import Condition
from ...theory.scaling import scaled
from ..laws.regimes import drawn_at

PER_CLASS = 10
"""Training images of a class at the preset's own k."""
KEPT = (
    "weak view",
    "single-view off-class",
    "off-class strength",
    "sparse presence",
    "initial scale",
    "mask ratio",
    "activation power",
)
"""Conditions of section 1 that the path itself has to meet at every k. Coverage and the leak race
are what its claims measure; noise there is none."""


def sizes(parameters: Parameters) -> tuple[int, ...]:
    """Numbers of classes, four, so that an exponent can be fitted."""
    half = max(2, parameters.classes // 2)
    return tuple(half * 2**power for power in range(4))


def sizes_to_the_end(parameters: Parameters) -> tuple[int, ...]:
    """The same where runs go on to T and cost more: the largest k is twice the preset's."""
    half = max(2, parameters.classes // 2)
    return half, 2 * half, 3 * half, 4 * half


def on_path(parameters: Parameters, classes: int, constant: float, **changes: Any) -> Parameters:
    """The path's regime at k = `classes` with m = `constant` log k, without noise."""
    own = {
        "images": PER_CLASS * parameters.classes,
        "dimension": parameters.features,
        "patch_noise": 0.0,
        "feature_noise": 0.0,
        "basis": "canonical",
        "coverage": 1.0,
        "deadline": 0.0,
        "horizon_factor": 1.0,
        "test_images": 2,
        **drawn_at(parameters),
        **changes,
    }
    p = scaled(replace(parameters, **own), classes)
    return replace(p, kernels_per_class=max(1, round(constant * log(classes))))


def kept(regime: Parameters) -> tuple[Condition, ...]:
    """Conditions that a regime of the path has to meet, each named by its k."""
    k, there = regime.classes, assumptions.applying(regime, regime.framework)
    return tuple(replace(c, id=f"{c.id}, k = {k}") for c in there if c.id in KEPT)
