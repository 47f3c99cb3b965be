"""T1.induction [R, D]: kernels outside the set near the largest initial correlation stay small.

The invariant by which the proof knows where features end up: growth happens in the set. It is
checked along the snapshots of every run, class by class, until the class is learned (its first
crossing) and until T; the first time at which it breaks stands beside.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Finding, Recorded
from ...judge.intervals import SHARE
from ...judge.measurement import Measurement
from ...judge.per_seed import at_least, in_each_seed, within
from ...observe import induction as observe
from ...parameters import Parameters
from ...theory import induction as theory
from ..claim import Claim, Control, Horizon
from ..observed import known_at_horizon

LIMIT = 1.0
"""Of a correlation outside the set, in units of Lambda_i: derived (theory/induction.py)."""
OVERSHOOT = 0.1
"""Above it: rates of a drawn feature and the law's differ, by 22.6 % an image, 4.5 % over 25."""


def measure_until_learned(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds in which no class's outside kernels grow before it is learned."""
    p = parameters
    out, values = _outside(p, runs), _scale(p, runs)
    learned = observe.learned_at(runs["crossing_time"].values, p.views)
    largest = observe.largest_until(values, runs["time"].values, learned, out)
    parts = {
        "largest correlation outside the set until the class is learned": _at_most(largest),
        "classes learned by a kernel of the set": at_least(_inside(p, runs, out), 1.0, SHARE),
    }
    crossed = np.isfinite(learned).all(-1)
    return in_each_seed(
        "share of seeds in which growth happens in the set until a class is learned",
        parts,
        _breaks(p, runs, values, out, learned),
        known=known_at_horizon(runs) | crossed,
    )


def measure_until_horizon(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds in which no class's outside kernels have grown by T."""
    p = parameters
    out, values = _outside(p, runs), _scale(p, runs)
    learned = observe.learned_at(runs["crossing_time"].values, p.views)
    always = np.full_like(learned, np.inf)
    largest = observe.largest_until(values, runs["time"].values, always, out)
    return in_each_seed(
        "share of seeds in which growth happens in the set until T",
        {"largest correlation outside the set until T": _at_most(largest)},
        _breaks(p, runs, values, out, learned),
        known=known_at_horizon(runs),
    )


def _at_most(largest: np.ndarray) -> Any:
    """Each seed's largest correlation is at most LIMIT, and OVERSHOOT more; one of none is false.

    A seed in which nothing is outside the set says nothing of what happens there.
    """
    found = np.where(np.isfinite(largest), largest, np.nan)
    return within(found, 0.0, LIMIT + OVERSHOOT)


def _outside(p: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Kernels outside the set of each class [seeds, kernels, classes], bool."""
    return observe.outside(runs["initial_correlations"].values, p.views, theory.allowed_from(p))


def _scale(p: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Correlations with each class over Lambda_i [seeds, steps, kernels, classes]."""
    initial = runs["initial_correlations"].values
    return observe.scale(runs["correlations"].values, initial, p.views)


def _inside(p: Parameters, runs: xr.Dataset, out: np.ndarray) -> np.ndarray:
    """Share of the classes whose first crossed kernel is in the set [seeds]; 0 if none crossed."""
    first = observe.learned_by(runs["crossing_time"].values, p.views)
    left = np.take_along_axis(out, np.maximum(first, 0)[:, None], 1)[:, 0]
    some = (first >= 0).sum(-1)
    return np.where(some > 0, ((first >= 0) & ~left).sum(-1) / np.maximum(some, 1), 0.0)


def _breaks(
    p: Parameters, runs: xr.Dataset, values: np.ndarray, out: np.ndarray, learned: np.ndarray
) -> tuple[Finding, ...]:
    """The set's size, and when the invariant first breaks, over the time of the class."""
    broken = observe.first_break(values, runs["time"].values, out, LIMIT + OVERSHOOT)
    with np.errstate(invalid="ignore"):
        relative = np.where(np.isfinite(broken) & np.isfinite(learned), broken / learned, np.nan)
    seen = relative[np.isfinite(relative)]
    first = {
        "earliest": float(seen.min()) if len(seen) else None,
        "median": float(np.median(seen)) if len(seen) else None,
    }
    return (
        Recorded("smallest start of the set", theory.allowed_from(p)),
        Recorded("kernels in the set of a class", float((~out).sum(1).mean())),
        Recorded("classes in which it breaks by T", float(np.isfinite(broken).mean())),
        Recorded("first break over the time of the class", first),
    )


def _next_class(parameters: Parameters, runs: xr.Dataset) -> xr.Dataset:
    """Every class gets the initial correlations, and so the set, of the next one."""
    initial = runs["initial_correlations"]
    moved = np.roll(initial.values, parameters.views, -1)
    return runs.assign(initial_correlations=(initial.dims, moved))


OTHER_SET = Control(
    "the set of the next class",
    "kernels near the largest correlation with another class are not those that grow",
    look=_next_class,
)


def _claim(horizon: Horizon, order: int) -> Claim:
    """The claim on one of its two horizons."""
    early = horizon == "crossing"
    until = "the class is learned" if early else "T"
    return Claim(
        id="T1.induction",
        name="explanation.induction",
        statement=(
            "kernels outside the set near the largest initial correlation with a class stay at "
            f"the initial scale until {until}"
        ),
        provenance="[R] AZL's induction, as we know it; constants [D]",
        role="finding",
        role_reason="a step of a proof, stated with constants of our own",
        horizon=horizon,
        measure=measure_until_learned if early else measure_until_horizon,
        per_seed=True,
        controls={"teacher-student": (OTHER_SET,), "mae": (OTHER_SET,)},
        prediction=theory.predict_until_learned if early else theory.predict_until_horizon,
        order=order,
    )


CLAIMS = (_claim("crossing", 30), _claim("T", 31))
