"""S.time [D]: the time of the first crossing is a power of k, another one for every objective.

T ~ k sigma_0^{-degree} with sigma_0^{q-2} = 1/k: k^{(3q-4)/(q-2)} teacher-student, k^{(2q-3)/(q-2)}
MAE with tied init, k^2 supervised learning (SC). The largest of km normals starts the first kernel:
its logarithm lowers the bare exponent at any k that can be run, from 5 to about 4.2. So T is judged
with the drawn start, and the drawn activity of its feature, taken out: what is left is the time
from sigma_0 to infinity, whose exponent over these k is predicted by the finite law, the asymptotic
one times what 1 - 1/k and the like do to it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters, regime_of
from ...theory.condition import Condition
from ...theory.growth import drawn_growth_rates, growth_rate
from ...theory.hitting import RIVALS, crossing_time
from ...theory.scaling import time_exponent, unit_time
from ...theory.supervised import own_activity
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..laws.curves import curve
from ..laws.regimes import STEPS_ARE_KNOWN, first_crossing, until_first_crossing
from ..legs import Leg, Legs
from .path import PER_CLASS, kept, on_path, sizes

CONSTANT = 1.0
"""c of m = c log k: the exponent does not hang on it, once the largest start is taken out."""
PER_STEP = 0.05
"""Relative change of the fastest correlation in a step: what it adds to T, it adds at every k."""
WITHIN = 0.05
"""Half-width of the band as a share of the exponent."""
SEEDS = 20
"""As many as a mean needs, and some in which nothing can start."""


def regime(parameters: Parameters, classes: int) -> Parameters:
    """The path at k = `classes`, up to the first crossing of any kernel, by descent.

    As many images a class at every k: how often each was drawn is taken out of T.
    """
    p = on_path(parameters, classes, CONSTANT, decoder="tied-init", target="all", **STEPS_ARE_KNOWN)
    p = replace(p, images=PER_CLASS * classes)
    return until_first_crossing(p, PER_STEP)


def at_fixed_scale(parameters: Parameters, classes: int) -> Parameters:
    """The same with the sigma_0 of the preset's own k."""
    p = regime(parameters, classes)
    own = on_path(parameters, parameters.classes, CONSTANT, **STEPS_ARE_KNOWN)
    return until_first_crossing(replace(p, init_scale=own.init_scale), PER_STEP)


def legs(parameters: Parameters) -> Legs:
    """One run at every k on the path, and one of few seeds at a fixed sigma_0 for the control."""
    return legs_at(parameters, sizes(parameters))


def legs_at(parameters: Parameters, every: Sequence[int]) -> Legs:
    """The same at every k of `every`."""
    path = {_name(k): Leg(regime(parameters, k), seeds=SEEDS) for k in every}
    few = {_fixed(k): Leg(at_fixed_scale(parameters, k), seeds=CONTROL_SEEDS) for k in every}
    return {**path, **few}


def _name(classes: int) -> str:
    return f"k = {classes}"


def _fixed(classes: int) -> str:
    return f"k = {classes}, sigma_0 fixed"


def law_of(run: xr.Dataset) -> Parameters:
    """The regime that a run says it is of."""
    return regime_of(json.loads(run.attrs["parameters"]))


def activity(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Drive of every feature on the drawn images over the law's [seeds, features].

    That of the masked autoencoder goes with E[A Z], for which that of A stands.
    """
    if p.framework == "teacher-student":
        drawn = (run["squared_activity"].values, run["patch_activity"].values)
        return drawn_growth_rates(p, *drawn) / growth_rate(p)
    return np.asarray(run["own_activity"].values / own_activity(p))


def from_sigma_0(run: xr.Dataset) -> np.ndarray:
    """T with the drawn start and the drawn activity taken out [seeds], NaN where nothing crossed.

    T (c_0/sigma_0)^degree, but for the end of the clock at varrho: over what the law says from that
    start, times what it says from sigma_0 to infinity; its rate is in neither.
    """
    p, time = law_of(run), run["crossing_time"].values
    seeds = np.arange(run.sizes["seed"])
    pair = time.reshape(len(seeds), -1).argmin(-1)
    start = run["initial_correlations"].values.reshape(len(seeds), -1)[seeds, pair]
    expected = np.array([crossing_time(p, c) if c > 0 else np.nan for c in start.tolist()])
    drive = activity(p, run)[seeds, pair % p.features]
    first = first_crossing(run)
    found = np.where(np.isfinite(first), first, np.nan) * drive / expected * unit_time(p)
    return np.asarray(found)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Exponent of that time in k, against the finite law's over the same k."""
    return measured_at(parameters, runs, sizes(parameters))


def measured_at(parameters: Parameters, runs: Runs, every: Sequence[int]) -> Measurement:
    """The same over every k of `every`, least first."""
    p = parameters
    k, laws = np.array(every), [regime(parameters, classes) for classes in every]
    own = [runs[_name(classes)] for classes in every]
    time, bare = _stacked(from_sigma_0, own), _stacked(first_crossing, own)
    expected = np.array([unit_time(law) for law in laws])
    asymptotic = time_exponent(p.framework, p.power)
    local = float(log_slopes(k, expected[None])[0])
    other = RIVALS[p.framework]
    rival = Rival(f"exponent of {other}", time_exponent(other, p.power))
    band = (local - WITHIN * asymptotic, local + WITHIN * asymptotic)
    slopes = log_slopes(k, time)
    over_first = time / time[:, :1]
    shown = curve(
        f"T at q = {p.power}",
        ("k", k),
        ("T from sigma_0, over that at the least k", over_first),
        expected / expected[0],
        (k / k[0]) ** rival.value,
        logarithmic=True,
    )
    exponents = recorded(
        asymptotic_exponent=asymptotic, bare_exponent=float(np.nanmean(log_slopes(k, bare)))
    )
    number = mean_number(f"exponent of T in k at q = {p.power}", slopes, local, rival, band)
    return all_numbers([number], "slope of log T against log k", [*exponents, shown])


def _stacked(read: Callable[[xr.Dataset], np.ndarray], runs: list[xr.Dataset]) -> np.ndarray:
    """What is read from the run at every k, of the seeds that all have [seeds, sizes]."""
    columns = [read(run) for run in runs]
    seeds = min(map(len, columns))
    return np.stack([column[:seeds] for column in columns], -1)


def _fixed_scale(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of the control in the place of the path's."""
    return fixed_scale_at(runs, sizes(parameters))


def fixed_scale_at(runs: Runs, every: Sequence[int]) -> Runs:
    """The same of the runs at every k of `every`."""
    return {_name(k): runs[_fixed(k)] for k in every}


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k."""
    return conditions_at(parameters, sizes(parameters))


def conditions_at(parameters: Parameters, every: Sequence[int]) -> tuple[Condition, ...]:
    """The same at every k of `every`."""
    return tuple(c for k in every for c in kept(regime(parameters, k)))


FIXED_SCALE = Control(
    "sigma_0 fixed",
    "from one sigma_0 at every k nothing is left but the rate of a class, T ~ k for all of them",
    look=_fixed_scale,
)

CLAIMS = (
    Claim(
        id="S.time",
        name="scaling.time",
        statement="T ~ k^n with n = (3q-4)/(q-2) teacher-student, (2q-3)/(q-2) MAE, 2 supervised, "
        "once the largest of the drawn starts is taken out",
        provenance="[D] laws2, SC; L2",
        role="gate",
        role_reason="what the theory's small init costs: pretraining is slower by powers of k",
        horizon="crossing",
        measure=measure,
        controls={
            "teacher-student": (FIXED_SCALE,),
            "mae": (FIXED_SCALE,),
            "supervised": (FIXED_SCALE,),
        },
        order=2,
        legs=legs,
        conditions=conditions,
    ),
)
