"""S.capture [D]: with m = c log k, c > 2, the share of features that are captured tends to 1.

Every kernel of the teacher takes the feature with the shortest hitting time, so captured is what km
independent draws hit: 1 - (1 - 1/2k)^{km} ~ 1 - k^{-c/2}, and all features at once with a failure
of at most 2 k^{1-c/2}. At a constant m the share is 1 - e^{-m/2} at every k. What decides is drawn
with the kernels (L1), so that many seeds can be foretold from it; the share that is judged is that
of the trained seeds, with what was foretold of nine times as many as a control variate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import xarray as xr

from ...judge.intervals import clopper_pearson
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, quarter
from ...observe.capture import captured
from ...observe.correlations import first_crossed
from ...parameters import Parameters
from ...records.drawn import starts
from ...theory.condition import Condition
from ...theory.growth import drawn_growth_rates, growth_rate, hitting_time, hitting_times
from ...theory.scaling import all_captured, captured_share, kept_pure, slow_start, union_bound
from ..claim import Claim, Control, Runs
from ..laws.curves import curve
from ..legs import Leg, Legs
from ..theorem1.runs import hold_level
from .path import kept, on_path, sizes

CONSTANT = 2.5
"""c of m = c log k."""
FEWER = 3
"""m of the control, at every k: below that of any k but the least."""
AMPLIFICATION = 500.0
"""Delta at the preset's own k: above the laws' 64, because T, which kernels that have crossed wait
for, goes with 1/Delta; at it the teacher bends near the largest initial correlations."""
SLOWEST = 0.05
"""Share of kernels that are not waited for: their time has no bound, and would cost most."""
TOLERANCE = 1e-2
"""Of the flow: which feature is first does not hang on it (exploration: 1e-3 says the same)."""
FORETOLD = 9
"""Seeds that are foretold for every seed that is trained: 216 for 24."""
MOST_TRAINED = 16
"""Seeds at the largest k, as many as a mean needs."""
TRAINED_BAND = 0.03
"""Of what training adds to what was foretold, as a share of the features: one of 32."""


def regime(parameters: Parameters, classes: int) -> Parameters:
    """The path at k = `classes`, Delta ~ sigma_0^{-q}, up to when all but SLOWEST have crossed."""
    p = on_path(
        parameters, classes, CONSTANT, amplification=AMPLIFICATION, tolerance=TOLERANCE,
        method="flow", gain="hold", hold_width=0.1,
    )  # fmt: skip
    p = replace(
        p, amplification=kept_pure(replace(parameters, amplification=AMPLIFICATION), classes)
    )
    start = slow_start(p, SLOWEST)
    return replace(p, horizon=hitting_time(start, growth_rate(p), p.power, p.linear_from))


def legs(parameters: Parameters) -> Legs:
    """One run at every k, fewer seeds at the largest."""
    every = sizes(parameters)
    return {
        _name(k): Leg(regime(parameters, k), seeds=MOST_TRAINED if k == every[-1] else None)
        for k in every
    }


def _name(classes: int) -> str:
    return f"k = {classes}"


def at_crossing(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Features held class-purely by a kernel at its own first crossing [seeds, features], bool."""
    there = run["crossing_correlations"].fillna(0.0).values
    first = first_crossed(run["crossing_time"].values, run["crossing_correlations"].values)
    lead = first[..., None] == np.arange(p.features)
    return captured(there, lead, p.views, hold_level(p))


def foretold(p: Parameters, drawn: xr.Dataset) -> np.ndarray:
    """Features that some kernel crosses for first, and before T [seeds, features], bool (L2)."""
    rates = drawn_growth_rates(p, drawn["squared_activity"].values, drawn["patch_activity"].values)
    starting = drawn["initial_correlations"].values
    times = hitting_times(starting, rates[:, None], p.power, p.linear_from)
    lead = times.argmin(-1)[..., None] == np.arange(p.features)
    return np.asarray((lead & (times < p.horizon)).any(-2))


@cache
def _more(p: Parameters, salt: str, seeds: int) -> np.ndarray:
    """What is foretold of many seeds [seeds, features], from what they draw before training."""
    blocks = np.array_split(np.arange(seeds), max(1, seeds // 24))
    return np.concatenate([foretold(p, starts(p, salt, list(block))) for block in blocks])


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Captured share at every k, and at the largest the seeds that miss a feature."""
    laws = {k: regime(parameters, k) for k in sizes(parameters)}
    more = {k: _more(p, _salt(runs), FORETOLD * _seeds(runs)) for k, p in laws.items()}
    shares = {k: _shares(p, runs[_name(k)], more[k]) for k, p in laws.items()}
    last = max(laws)
    numbers = [_share(p, shares[k]) for k, p in laws.items()]
    numbers += [_failure(laws[last], more[last]), _training(laws[last], runs[_name(last)])]
    details = {
        "curves": _curves(laws, shares, more),
        "fails": {k: float(1 - held.all(-1).mean()) for k, held in more.items()},
        "fails_predicted": {k: 1 - _all(p) for k, p in laws.items()},
        "union_bound": {k: union_bound(k, CONSTANT) for k in laws},
        "seeds_foretold": len(more[last]),
    }
    return all_numbers(numbers, "captured and class-pure at first crossing", details)


def _salt(runs: Runs) -> str:
    return str(next(iter(runs.values())).attrs["salt"])


def _seeds(runs: Runs) -> int:
    """Seeds of the longest leg."""
    return max(run.sizes["seed"] for run in runs.values())


def _shares(p: Parameters, run: xr.Dataset, more: np.ndarray) -> np.ndarray:
    """Captured share of each trained seed, its luck taken out by what was foretold [seeds].

    The mean over seeds is that of the share, whether or not what is foretold is right.
    """
    trained, seeds = at_crossing(p, run).mean(-1), run.sizes["seed"]
    usual = np.resize(more.mean(-1), (FORETOLD, len(more) // FORETOLD)).mean(0)[:seeds]
    return np.asarray(trained - more[:seeds].mean(-1) + usual)


def _crossing(p: Parameters, kernels: int) -> tuple[int, int, float]:
    """What the closed forms ask for."""
    return p.features, kernels, 1 - SLOWEST


def _all(p: Parameters) -> float:
    return all_captured(*_crossing(p, p.kernels))


def _constant(p: Parameters) -> int:
    """Kernels at a constant m."""
    return FEWER * p.classes


def _share(p: Parameters, values: np.ndarray) -> Number:
    """The share at one k. At the least k the constant m is its own, and the rival is another."""
    rival = Rival(f"m = {FEWER} at every k", captured_share(*_crossing(p, _constant(p))))
    if p.kernels_per_class <= FEWER:
        rival = Rival("one view of a class, as supervised learning", 1 / p.views)
    expected = captured_share(*_crossing(p, p.kernels))
    return mean_number(f"captured share at k = {p.classes}", values, expected, rival)


def _failure(p: Parameters, more: np.ndarray) -> Number:
    """Seeds that miss some feature: exact interval over all that were foretold."""
    missed, trials = int((~more.all(-1)).sum()), len(more)
    rival = Rival(f"m = {FEWER} at every k", 1 - all_captured(*_crossing(p, _constant(p))))
    return Number(
        f"share of seeds that miss a feature at k = {p.classes}",
        missed / trials,
        1 - _all(p),
        quarter(1 - _all(p), rival),
        rival,
        lambda confidence: clopper_pearson(missed, trials, confidence),
        trials,
    )


def _training(p: Parameters, run: xr.Dataset) -> Number:
    """What training captures beyond what was foretold from the same seeds' draws, as a share."""
    name = f"trained minus foretold share at k = {p.classes}"
    said = foretold(p, run).mean(-1)
    lost = captured_share(*_crossing(p, _constant(p))) - captured_share(*_crossing(p, p.kernels))
    rival = Rival(f"m = {FEWER} at every k", lost)
    band = (-TRAINED_BAND, TRAINED_BAND)
    return mean_number(name, at_crossing(p, run).mean(-1) - said, 0.0, rival, band, 1 / p.features)


def _curves(
    laws: Mapping[int, Parameters],
    shares: Mapping[int, np.ndarray],
    more: Mapping[int, np.ndarray],
) -> list[dict[str, object]]:
    """Share and failure against k, at m = c log k and at a constant m."""
    k = np.array(list(laws))
    seeds = min(map(len, shares.values()))
    share = np.stack([values[:seeds] for values in shares.values()], -1)
    missed = np.stack([~held.all(-1) for held in more.values()], -1).astype(float)
    growing = [_crossing(p, p.kernels) for p in laws.values()]
    constant = [_crossing(p, _constant(p)) for p in laws.values()]
    return [
        curve(
            "captured", ("k", k), ("share of features", share),
            np.array([captured_share(*c) for c in growing]),
            np.array([captured_share(*c) for c in constant]),
        ),
        curve(
            "some feature missed", ("k", k), ("share of seeds", missed),
            1 - np.array([all_captured(*c) for c in growing]),
            1 - np.array([all_captured(*c) for c in constant]),
        ),
    ]  # fmt: skip


def _constant_m(parameters: Parameters, runs: Runs) -> Runs:
    """The first kernels of every class alone: they do not interact (L10), so that is a run."""
    found = {}
    for k in sizes(parameters):
        run = runs[_name(k)]
        m = run.sizes["kernel"] // k
        found[_name(k)] = run.isel(kernel=np.arange(run.sizes["kernel"]) % m < FEWER)
    return found


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k."""
    return tuple(c for k in sizes(parameters) for c in kept(regime(parameters, k)))


CONSTANT_M = Control(
    f"m = {FEWER} at every k",
    "as many kernels a class at every k leave the same share of the features, however large k is",
    look=_constant_m,
)

CLAIMS = (
    Claim(
        id="S.capture",
        name="scaling.capture",
        statement="with m = 2.5 log k kernels a class the captured, class-pure share tends to 1 as "
        "k grows, as 1 - k^{-c/2}",
        provenance="[D] laws2, SC; L1",
        role="gate",
        role_reason="'every feature, with high probability' is a statement about k to infinity",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (CONSTANT_M,)},
        order=1,
        legs=legs,
        conditions=conditions,
    ),
)
