"""CMP.keep [D]: teacher-student kernels go their own way, and a faint view may be none's.

No teacher-student kernel knows what another one has learned. Each goes where its own correlations
take it (L2, with what co-occurs: `theory.reduced_dynamics`), and a view that is none's is left to
what leaks into kernels of its sibling later (L6). With few kernels a class and a fainter last view
this is seen; the masked autoencoder turns to what is left there (CMP.unequal).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isinf

import numpy as np
import xarray as xr

from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...observe.correlations import first_crossed
from ...parameters import Parameters, changed
from ...theory import growth
from ...theory import unequal_views as theory
from ...theory.reduced_dynamics import Moments, course, drawn_moments
from ...theory.undefined import UndefinedError, several_views
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from ..observed import holds
from .unequal_views import LAW

FAINT, EQUAL = "fainter last view", "equal views"
ACTIVITY = 0.3
"""S_2/S_1: the smaller ratio of CMP.unequal."""
KERNELS = 8
"""m, the masked autoencoder's own: a quarter of the faint views is lost at this ratio."""
SLOWEST = 0.8
"""T is the hitting time of a loud feature from this many sigma_0. About one kernel in twelve has no
start that is worth as much, and is foretold not to cross."""


def small(parameters: Parameters) -> Parameters:
    """The preset's regime with few kernels, until a T that does not wait for any view."""
    p = replace(parameters, kernels_per_class=KERNELS)
    start = SLOWEST * p.init_scale
    time = growth.hitting_time(start, growth.growth_rate(p), p.power, p.linear_from)
    if isinf(time):
        raise UndefinedError("no feature grows (L3), so that T has no end")
    return replace(p, horizon=time, deadline=0.0)


def legs(parameters: Parameters) -> Legs:
    """Pretraining with a fainter view, and with equal ones."""
    p = small(several_views(parameters))
    faint = changed(p, law=LAW, faintness=theory.faintness_of(p, ACTIVITY))
    return {FAINT: Leg(faint), EQUAL: Leg(p)}


@dataclass(frozen=True, eq=False)
class _Counted:
    """Of one set of kernels, by seed [seeds]."""

    kernels: np.ndarray
    """Share of the kernels whose first feature is a fainter view."""
    views: np.ndarray
    """Share of the fainter views that are some kernel's first."""


def _count(p: Parameters, first: np.ndarray) -> _Counted:
    """Counts of first features [seeds, kernels]."""
    last = p.views - 1
    held = theory.some_kernel(first, p.features)[:, last :: p.views]
    return _Counted(((first >= 0) & (first % p.views == last)).mean(-1), held.mean(-1))


def foretold(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """First feature by T of every kernel [seeds, kernels], -1 for none, on the drawn images."""
    squared, patch = run["squared_activity"].values, run["patch_activity"].values
    rows = zip(run["initial_correlations"].values, squared, patch, run["final_time"], strict=True)
    return np.array(
        [
            [_first(p, drawn_moments(p, a, b), one, float(end)) for one in start]
            for start, a, b, end in rows
        ]
    )


def _first(p: Parameters, moments: Moments, start: np.ndarray, end: float) -> int:
    """The feature that one kernel crosses for by `end`, -1 for none."""
    if start.max() <= 0:
        return -1
    way = course(p, moments, start)
    return int(way.correlations[-1].argmax()) if way.hitting_time <= end else -1


def alone(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """The same if no feature helped another one (L2)."""
    squared, patch = run["squared_activity"].values, run["patch_activity"].values
    rates = growth.drawn_growth_rates(p, squared, patch)[..., None, :]
    times = growth.hitting_times(run["initial_correlations"].values, rates, p.power, p.linear_from)
    return theory.first_by(times, run["final_time"].values)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Means over seeds of what faint views have, minus what the starts foretell of it."""
    p, run, equal = small(parameters), runs[FAINT], runs[EQUAL]
    crossed = first_crossed(run["crossing_time"].values, run["crossing_correlations"].values)
    found = _count(p, crossed)
    said, by_itself = _count(p, foretold(p, run)), _count(p, alone(p, run))
    alike = _count(p, alone(p, equal.isel(seed=slice(len(crossed)))))
    name = "what every start would give were all views as loud"
    numbers = [
        mean_number(
            "kernels whose first feature is a fainter view, minus foretold",
            found.kernels - said.kernels,
            0.0,
            Rival(name, float((alike.kernels - said.kernels).mean())),
        ),
        mean_number(
            "fainter views that are some kernel's first, minus foretold",
            found.views - said.views,
            0.0,
            Rival(name, float((alike.views - said.views).mean())),
            resolution=1 / p.classes,
        ),
    ]
    held = np.asarray(holds(p, run).any(1))[:, p.views - 1 :: p.views].mean(-1)
    beside = (
        Estimate.of_share("fainter views held at T", held, 1 / p.classes),
        Estimate.of_share("fainter views that are some kernel's first", found.views, 1 / p.classes),
        Estimate.of_share("the same foretold", said.views, 1 / p.classes),
        Estimate.of_share(
            "the same foretold if no view helped another", by_itself.views, 1 / p.classes
        ),
        Estimate.of_share("the same foretold were all as loud", alike.views, 1 / p.classes),
        Estimate.of_share("kernels that have crossed", (crossed >= 0).mean(-1)),
    )
    return all_numbers(numbers, "what becomes of a fainter view", beside)


def _as_loud(parameters: Parameters, runs: Runs) -> Runs:
    """Crossings among equally loud views, held against what is foretold of unequal ones."""
    del parameters
    own, equal = runs[FAINT], runs[EQUAL].isel(seed=slice(runs[FAINT].sizes["seed"]))
    names = ("crossing_time", "crossing_correlations")
    outcome = {name: (own[name].dims, equal[name].values) for name in names}
    return {**runs, FAINT: own.assign(outcome)}


CLAIMS = (
    Claim(
        id="CMP.keep",
        name="explanation.faint_view",
        statement="teacher-student kernels cross first for the feature that their own correlations "
        "favour, whatever is left over: a fainter view may be none's",
        provenance="[D] L2, L1, reduced dynamics",
        role="finding",
        role_reason="the paper's law has views of equal strength and as many kernels as it takes",
        horizon="end",
        measure=measure,
        controls={
            "teacher-student": (
                Control(
                    "crossings among equally loud views",
                    "from the same start more kernels go for a view that is as loud",
                    look=_as_loud,
                ),
            )
        },
        prediction=lambda parameters: theory.predict_keep(small(parameters), ACTIVITY),
        order=24,
        legs=legs,
    ),
)
