"""S.capture [D]: with m = c log k, c > 2, the share of features that are captured tends to 1.

Every kernel of the teacher takes the feature with the shortest hitting time, so captured is what km
independent draws hit: 1 - (1 - 1/2k)^{km} ~ 1 - k^{-c/2}, and all features at once with a failure
of at most 2 k^{1-c/2}. At a constant m the share is 1 - e^{-m/2} at every k. The draws are alike
where the images are many; on those that were drawn they are not quite (`preferences`), and with N ~
k the share at k = 32 was below that at 16 (exploration): N/k has to grow. What decides is drawn
with the kernels, so that many draws of them can be foretold on the images of a seed; the share that
is judged is that of these draws, plus what training adds in the one of them that was trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
import xarray as xr

from ...judge.findings import Curve, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, quarter
from ...judge.over_seeds import OverSeeds
from ...observe.capture import captured
from ...observe.correlations import first_crossed
from ...parameters import Parameters
from ...records.drawn import initial_correlations
from ...theory.condition import Condition
from ...theory.growth import drawn_growth_rates, growth_rate, hitting_time, hitting_times
from ...theory.scaling import (
    all_captured,
    captured_share,
    kept_pure,
    preferences,
    slow_start,
    union_bound,
)  # fmt: skip
from ..claim import Claim, Control, Runs
from ..laws.curves import curve
from ..legs import Leg, Legs
from ..observed import hold_level
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
DRAWS = 1080
"""Draws of the kernels that are foretold at every k, at least: an equal number for every seed."""
MOST_TRAINED, PART = 18, 1
"""Beyond the preset's own k: seeds, a few more than a mean needs; and kernels a class that are
trained at the largest k. They do not interact (L10), so a part is what it is beside the others."""
NONE = -1
"""In the place of a feature that a kernel takes."""
OF_CLASS = "kernels of a class"
"""Mark of runs that are some kernels alone."""
TRAINED_BAND = 0.03
"""Of what training adds to what was foretold, as a share of the features."""


def regime(parameters: Parameters, classes: int) -> Parameters:
    """The path at k = `classes`, Delta ~ sigma_0^{-q}, up to when all but SLOWEST have crossed."""
    p = on_path(
        parameters, classes, CONSTANT, amplification=AMPLIFICATION, tolerance=TOLERANCE,
        method="flow", gain="hold", hold_width=0.1, horizon_factor=2.0,
    )  # fmt: skip
    base = replace(parameters, amplification=AMPLIFICATION)
    p = replace(p, amplification=kept_pure(base, classes))
    start = slow_start(p, SLOWEST)
    return replace(p, horizon=hitting_time(start, growth_rate(p), p.power, p.linear_from))


def legs(parameters: Parameters) -> Legs:
    """One run at every k, of fewer seeds beyond the preset's, at the largest of fewer kernels."""
    return legs_at(parameters, sizes(parameters), partly=1)


def legs_at(parameters: Parameters, classes: Sequence[int], partly: int) -> Legs:
    """One run at every k of `classes`, at the last `partly` of them of PART kernels a class."""
    laws = {k: regime(parameters, k) for k in classes}
    for last in sorted(laws)[-partly:]:
        laws[last] = replace(laws[last], kernels_per_class=PART)
    few = {k: MOST_TRAINED if k > parameters.classes else None for k in laws}
    return {_name(k): Leg(p, seeds=few[k]) for k, p in laws.items()}


def _name(classes: int) -> str:
    return f"k = {classes}"


def at_crossing(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Features held class-purely by a kernel at its own first crossing [seeds, features], bool."""
    there = run["crossing_correlations"].fillna(0.0).values
    first = first_crossed(run["crossing_time"].values, run["crossing_correlations"].values)
    lead = first[..., None] == np.arange(p.features)
    return captured(there, lead, p.views, hold_level(p))


def taken(p: Parameters, starting: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """Feature that each kernel crosses for first, NONE if not before T [seeds, kernels] (L2).

    From C(0) [seeds, kernels, features] and R_v of the drawn images [seeds, features].
    """
    times = hitting_times(starting, rates[:, None], p.power, p.linear_from)
    return np.where(times.min(-1) < p.horizon, times.argmin(-1), NONE)


def by_some(p: Parameters, features: np.ndarray) -> np.ndarray:
    """Features that are among those of some kernels [..., kernels]; [..., features], bool."""
    found = np.zeros((*features.shape[:-1], p.features + 1), dtype=bool)
    np.put_along_axis(found, features, True, -1)  # NONE is the last column
    return found[..., :-1]


@lru_cache(maxsize=8)
def taken_of_draws(p: Parameters, salt: str, seeds: tuple[int, ...], rates: bytes) -> np.ndarray:
    """`taken` of DRAWS draws of kernels, on the images of every seed [seeds, draws, kernels].

    Kept, for a control that leaves kernels out looks at the same draws. R_v as bytes of float64.
    """
    own = np.frombuffer(rates).reshape(len(seeds), p.features)
    members = [replace(p, member=member) for member in range(-(-DRAWS // len(seeds)))]
    drawn = (initial_correlations(law, salt, seeds) for law in members)
    return np.stack([taken(p, starting, own) for starting in drawn], 1)


def rates_of(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """R_v of the drawn images [seeds, features]."""
    moments = (run["squared_activity"].values, run["patch_activity"].values)
    return np.asarray(drawn_growth_rates(p, *moments))


@dataclass(frozen=True, eq=False)
class Found:
    """The claim at one k."""

    parameters: Parameters
    run: xr.Dataset
    rates: np.ndarray
    """R_v on the images of every trained seed [seeds, features]."""
    held: np.ndarray
    """Features foretold to be captured, for many draws of kernels on the images of every trained
    seed [seeds, draws, features], bool."""

    @property
    def classes(self) -> int:
        """k."""
        return self.parameters.classes

    def expected(self, m: int) -> float:
        """Captured share with m kernels a class on images as they were drawn."""
        kernels = m * self.classes
        return float(np.mean([captured_share(own, kernels) for own in self.preferred]))

    def missing(self, m: int) -> float:
        """Share of draws that then miss some feature."""
        kernels = m * self.classes
        return 1 - float(np.mean([all_captured(own, kernels) for own in self.preferred]))

    @cached_property
    def preferred(self) -> np.ndarray:
        """P(a kernel prefers the feature) on the images of every seed [seeds, features]."""
        return np.stack([preferences(self.parameters, own) for own in self.rates])

    @property
    def trained(self) -> np.ndarray:
        """What training captures beyond what was foretold of the same kernels [seeds], a share."""
        p = self.parameters
        kernels = taken(p, self.run["initial_correlations"].values, self.rates)
        said = by_some(p, kernels).mean(-1)
        return np.asarray(at_crossing(p, self.run).mean(-1) - said)

    @property
    def shares(self) -> np.ndarray:
        """Captured share [seeds]: foretold of many draws, plus what training adds in its own."""
        return np.asarray(self.held.mean((1, 2)) + self.trained)

    @property
    def missed(self) -> np.ndarray:
        """Draws that miss some feature [draws of all seeds], bool."""
        return np.asarray(~self.held.all(-1).ravel())


def found_at(parameters: Parameters, classes: int, run: xr.Dataset) -> Found:
    """What the claim looks at at k = `classes`."""
    p, seeds = regime(parameters, classes), tuple(int(seed) for seed in run["seed"].values)
    m, salt = int(run.attrs.get(OF_CLASS, p.kernels_per_class)), str(run.attrs["salt"])
    own, rates = np.arange(p.kernels) % p.kernels_per_class < m, rates_of(p, run)
    draws = taken_of_draws(p, salt, seeds, rates.astype(np.float64).tobytes())
    return Found(p, run, rates, by_some(p, draws[..., own]))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Captured share at every k, and at the largest the draws that miss a feature."""
    return measured_at(parameters, runs, sizes(parameters))


def measured_at(parameters: Parameters, runs: Runs, classes: Sequence[int]) -> Measurement:
    """The same at every k of `classes`, least first."""
    found = [found_at(parameters, k, runs[_name(k)]) for k in classes]
    last = found[-1]
    numbers = [_share(one) for one in found] + [_failure(last), _training(last)]
    beside = (
        *_curves(found),
        *recorded(
            fails={one.classes: float(one.missed.mean()) for one in found},
            union_bound={one.classes: union_bound(one.classes, CONSTANT) for one in found},
            draws_foretold={one.classes: len(one.missed) for one in found},
        ),
    )
    return all_numbers(numbers, "captured and class-pure at first crossing", beside)


def _share(one: Found) -> Number:
    """The share at one k. At the least k the constant m is its own, and the rival is another."""
    p = one.parameters
    rival = Rival(f"m = {FEWER} at every k", one.expected(FEWER))
    if p.kernels_per_class <= FEWER:
        rival = Rival("one view of a class, as supervised learning", 1 / p.views)
    expected = one.expected(p.kernels_per_class)
    return mean_number(f"captured share at k = {p.classes}", one.shares, expected, rival)


def _failure(one: Found) -> Number:
    """Draws that miss some feature: exact interval over all that were foretold."""
    p, missed = one.parameters, OverSeeds.of("exact", one.missed)
    rival = Rival(f"m = {FEWER} at every k", one.missing(FEWER))
    expected = one.missing(p.kernels_per_class)
    return Number(
        f"share of draws that miss a feature at k = {p.classes}",
        missed,
        expected,
        quarter(expected, rival),
        rival,
    )


def _training(one: Found) -> Number:
    """What training captures beyond what was foretold of the same kernels, as a share."""
    p = one.parameters
    lost = one.expected(FEWER) - one.expected(p.kernels_per_class)
    rival, band = Rival(f"m = {FEWER} at every k", lost), (-TRAINED_BAND, TRAINED_BAND)
    name = f"trained minus foretold share at k = {p.classes}"
    return mean_number(name, one.trained, 0.0, rival, band, 1 / p.features)


def _curves(found: Sequence[Found]) -> list[Curve]:
    """Share and failure against k, at m = c log k and at a constant m."""
    k = np.array([one.classes for one in found])
    own = [one.parameters.kernels_per_class for one in found]
    seeds = min(len(one.shares) for one in found)
    share = np.stack([one.shares[:seeds] for one in found], -1)
    draws = min(len(one.missed) for one in found)
    missed = np.stack([one.missed[:draws] for one in found], -1).astype(float)
    pairs = list(zip(found, own, strict=True))
    return [
        curve(
            "captured", ("k", k), ("share of features", share),
            np.array([one.expected(m) for one, m in pairs]),
            np.array([one.expected(FEWER) for one in found]),
        ),
        curve(
            "some feature missed", ("k", k), ("share of draws", missed),
            np.array([one.missing(m) for one, m in pairs]),
            np.array([one.missing(FEWER) for one in found]),
        ),
    ]  # fmt: skip


def _constant_m(parameters: Parameters, runs: Runs) -> Runs:
    """The first kernels of every class alone: they do not interact (L10), so that is a run."""
    return constant_m_at(runs, sizes(parameters))


def constant_m_at(runs: Runs, classes: Sequence[int]) -> Runs:
    """The same of the runs at every k of `classes`."""
    found = {}
    for k in classes:
        run = runs[_name(k)]
        own = np.arange(run.sizes["kernel"]) % (run.sizes["kernel"] // k)
        found[_name(k)] = run.isel(kernel=own < FEWER).assign_attrs({OF_CLASS: FEWER})
    return found


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k."""
    return conditions_at(parameters, sizes(parameters))


def conditions_at(parameters: Parameters, classes: Sequence[int]) -> tuple[Condition, ...]:
    """The same at every k of `classes`."""
    return tuple(c for k in classes for c in kept(regime(parameters, k)))


def _never_crossed(parameters: Parameters, runs: Runs) -> Runs:
    """The runs as if no kernel had crossed by T."""
    del parameters
    return {
        name: run.assign(crossing_time=xr.full_like(run["crossing_time"], np.inf))
        for name, run in runs.items()
    }


NEVER_CROSSED = Control(
    "kernels that never crossed", "what has not crossed is captured at no k", look=_never_crossed
)
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
        controls={"teacher-student": (CONSTANT_M, NEVER_CROSSED)},
        order=1,
        legs=legs,
        conditions=conditions,
    ),
)
