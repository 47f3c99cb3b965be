"""S.bounded [R; D]: the largest correlation at T against log k.

A teacher-student kernel under `hold` rests between varrho and (1 + delta_h) varrho at every k:
Lambda(T) does not grow at all. Supervised learning has no such rest. Its margin goes on like the
logarithm of the time since the crossing, and T ~ k^2, so that Lambda(T) grows like (2/Z) log k: it
is polylog k, as the theory asks, and no more. How fast at these k, the closed flow of a seed's own
draw foretells (L12).
"""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...judge.slopes import slopes_in_log
from ...observe.accuracy import by_class
from ...parameters import Parameters
from ...theory.condition import Condition
from ...theory.resting import rest
from ...theory.undefined import two_views
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..laws.curves import curve
from ..laws.foretold import foretell
from ..legs import Leg, Legs
from ..observed import hold_level
from . import capture, single_view
from .path import sizes_to_the_end
from .single_view import SEEDS, pretraining, supervised_leg


def legs(parameters: Parameters) -> Legs:
    """The runs of these claims; for the teacher's control a few that rest further out."""
    every = sizes_to_the_end(parameters)
    if parameters.framework == "supervised":
        p = two_views(parameters)
        return {_name(k): supervised_leg(p, k) for k in every}
    own = {_name(k): Leg(pretraining(parameters, k), seeds=SEEDS) for k in every}
    own[_name(every[-1])] = Leg(few_kernels(parameters, every[-1]), seeds=SEEDS)
    few = {_late(k): Leg(late_rest(parameters, k), seeds=CONTROL_SEEDS) for k in every}
    return {**own, **few}


def few_kernels(parameters: Parameters, classes: int) -> Parameters:
    """Part of the kernels of S.single's pretraining: they do not interact (L10)."""
    return replace(pretraining(parameters, classes), kernels_per_class=capture.PART)


def late_rest(parameters: Parameters, classes: int) -> Parameters:
    """The same, but the gain has come down to 1 at varrho log k only.

    Up to a constant: at the least k it is the path's own.
    """
    p, least = few_kernels(parameters, classes), sizes_to_the_end(parameters)[0]
    return replace(p, hold_width=(1 + p.hold_width) * log(classes) / log(least) - 1)


def _name(classes: int) -> str:
    return f"k = {classes}"


def _late(classes: int) -> str:
    return f"k = {classes}, late rest"


def largest(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Lambda of a class at T, mean over the classes that are held at all [seeds]."""
    by_feature = run["final_correlations"].max("kernel").values
    of_class = by_class(by_feature, p.views).max(-1)
    return np.asarray(np.nanmean(np.where(of_class >= hold_level(p), of_class, np.nan), -1))


def foretold(parameters: Parameters, classes: int, run: xr.Dataset) -> float:
    """The same as the law has it: at rest, or by the closed flow of every seed."""
    if parameters.framework == "supervised":
        p = supervised_leg(parameters, classes).parameters
        return float(np.nanmean(foretell(p, run).ends.max((-1, -2))))
    return rest(pretraining(parameters, classes)).correlation


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Slope of Lambda(T) against log k."""
    p, every = parameters, sizes_to_the_end(parameters)
    k = np.array(every)
    seeds = min(runs[_name(size)].sizes["seed"] for size in every)
    measured = np.stack([largest(p, runs[_name(size)])[:seeds] for size in every], -1)
    law = np.array([foretold(p, size, runs[_name(size)]) for size in every])
    expected = float(slopes_in_log(k, law[None])[0])
    rival, line = _rival(p, k, law)
    slopes = slopes_in_log(k, measured)
    number = mean_number("slope of Lambda(T) against log k", slopes, expected, rival)
    shown = curve("largest correlation", ("k", k), ("Lambda(T)", measured), law, line)
    return all_numbers([number], "largest correlation along the path", [shown])


def _rival(p: Parameters, k: np.ndarray, law: np.ndarray) -> tuple[Rival, np.ndarray]:
    """Of what rests a Lambda ~ log k, of what grows one that rests; its slope and its line."""
    if p.framework == "supervised":
        return Rival("at rest, as teacher-student", 0.0), np.full(len(k), law[0])
    line = law[0] * np.log(k) / np.log(k[0])
    return Rival("Lambda ~ log k", float(slopes_in_log(k, line[None])[0])), line


def _late_runs(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of the control in the place of the path's."""
    return {_name(k): runs[_late(k)] for k in sizes_to_the_end(parameters)}


def _stopped(parameters: Parameters, runs: Runs) -> Runs:
    """Kernels as they were at their own first crossing."""
    del parameters
    return {
        name: run.assign(final_correlations=run["crossing_correlations"].fillna(0.0))
        for name, run in runs.items()
    }


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the claim whose runs these are."""
    return single_view.conditions(parameters)


LATE_REST = Control(
    "gain held up to log k",
    "a gain that comes down later and later lets kernels grow like log k",
    look=_late_runs,
)
STOPPED = Control(
    "crossing horizon",
    "stopped at its crossing every kernel is at varrho, at every k",
    look=_stopped,
)

CLAIMS = (
    Claim(
        id="S.bounded",
        name="scaling.bounded",
        statement="Lambda(T) does not grow with k for teacher-student, and like log k for "
        "supervised learning",
        provenance="[R] section 3; L12, SC [D]",
        role="gate",
        role_reason="Theorem 1 bounds correlations by polylog k",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (LATE_REST,), "supervised": (STOPPED,)},
        order=5,
        legs=legs,
        conditions=conditions,
    ),
)
