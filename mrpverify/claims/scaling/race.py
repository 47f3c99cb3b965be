"""S.race [D]: at a fixed Delta leaks overtake coverage as k grows, and class-purity at T is lost.

T_leak / T_coverage ~ Delta sigma_0^q k / (lambda s) (L16). On the path sigma_0^{q-2} = 1/k, so that
it falls like Delta k^{-2} at q = 3: kernels that have crossed turn impure while coverage waits for
the slowest feature, though every feature is held. With Delta ~ k^2 they stay pure, and at their
crossing they are at every k. Which kernel is impure at T is foretold from C(0), one by one.

The path here is that of L16's regime, one view of a class and no noise, from k = 3 on: T of a run
to the end goes with k^5 at a fixed Delta, so that its largest k is 7 for every preset.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log

import numpy as np
import xarray as xr

from ...judge.findings import Curve, by_case, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...observe.capture import captured, held
from ...parameters import STAND_INS, Parameters
from ...theory.condition import Condition
from ...theory.growth import drawn_growth_rates, hitting_times
from ...theory.leak_race import typical_horizon
from ...theory.scaling import keeps_pace, scaled
from ..claim import Claim, Control, Runs
from ..laws.curves import curve
from ..laws.exchange import exchange, swapped
from ..laws.l16_leak_race import CROSSING, Purity, purity
from ..laws.regimes import alone
from ..legs import Leg, Legs
from ..observed import crossed, final, hold_level
from .path import kept

SIZES = (3, 4, 5, 7)
"""k, the last of a run to T at a fixed Delta that takes seconds."""
CONSTANT = 4.0
"""c of m = c log k: enough for one view of a class to be held at every k but the least."""
START, AMPLIFICATION = 0.16, 1.0
"""sigma_0/varrho and Delta at the least k: one kernel in four is impure there (exploration)."""
PRESENCE = 0.19
"""s/k at the least k, nearly as much as the conditions allow."""
IMAGES = 40
"""N there: two and a half images for every pair of classes that meet, and more along the path."""
WEAK = (0.4, 0.48)
"""Sums of z of an off-class feature, just below half of an own one, as in L16: T_leak is then not
much more of the relaxation time of a kernel at rest than has to be run."""
TOLERANCE = 1e-2
WORK = 200_000
"""Gradient evaluations of a seed at most, some thirty times what the slowest take."""
SEEDS = 16
"""As many as a mean needs."""
FIXED, SCALED = "Delta fixed", "Delta ~ k^2"
COUNTS = STAND_INS["impure_share"].value
"""The share of impure kernels that T1.specialise allows: a difference that matters, as in L16."""


def regime(
    parameters: Parameters, classes: int, amplification: float = AMPLIFICATION
) -> Parameters:
    """The path of L16's regime at k = `classes`, up to T of a typical init."""
    least = SIZES[0]
    base = alone(
        parameters, classes=least, dimension=least, images=IMAGES, off_class=PRESENCE * least,
        off_low=WEAK[0], off_high=WEAK[1], init_scale=START * parameters.linear_from,
        amplification=amplification, horizon_factor=2.0, split=parameters.split, gain="hold",
        hold_width=0.1, method="flow", tolerance=TOLERANCE, work=WORK, precision="float32",
    )  # fmt: skip
    p = replace(scaled(base, classes), kernels_per_class=round(CONSTANT * log(classes)))
    return replace(p, horizon=typical_horizon(p))


def keeping_pace(parameters: Parameters, classes: int) -> Parameters:
    """The same with Delta ~ k^{2/(q-2)}."""
    return regime(parameters, classes, keeps_pace(regime(parameters, SIZES[0]), classes))


def cells(parameters: Parameters) -> dict[tuple[str, int], Parameters]:
    """(How Delta goes, k) -> regime; both are one at the least k."""
    ways = {FIXED: regime, SCALED: keeping_pace}
    return {(name, k): of(parameters, k) for name, of in ways.items() for k in SIZES}


def legs(parameters: Parameters) -> Legs:
    """One run at every k at either Delta."""
    return {_name(*cell): Leg(p, seeds=SEEDS) for cell, p in cells(parameters).items()}


def _name(way: str, classes: int) -> str:
    return f"k = {classes}, {way}"


@dataclass(frozen=True, eq=False)
class Found:
    """What a cell holds at T, and what was foretold of it."""

    kernels: Purity
    """[seeds, kernels]."""
    pure: np.ndarray
    """Share of the features that some kernel holds class-purely [seeds]."""
    pure_said: np.ndarray
    at_all: np.ndarray
    """Share that some kernel holds at all [seeds]."""
    at_all_said: np.ndarray

    @property
    def impure(self) -> np.ndarray:
        """Share of the active kernels that are impure [seeds]."""
        return self.kernels.share(self.kernels.impure)

    @property
    def impure_said(self) -> np.ndarray:
        """The same as foretold [seeds]."""
        return self.kernels.share(self.kernels.predicted)


def found_in(p: Parameters, run: xr.Dataset) -> Found:
    """Kernels and features of a cell at T."""
    kernels, level = purity(p, run), hold_level(p)
    end, there = final(run), crossed(run)
    lead, early = _first(p, run)
    stays = early & ~kernels.predicted[..., None]
    return Found(
        kernels,
        captured(end, there, p.views, level).mean(-1),
        (lead & stays).any(-2).mean(-1),
        held(end, there, level).any(-2).mean(-1),
        (lead & early).any(-2).mean(-1),
    )


def _first(p: Parameters, run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Each kernel's first feature [seeds, kernels, features], and whether it crosses before T."""
    rates = drawn_growth_rates(p, run["squared_activity"].values, run["patch_activity"].values)
    starting = run["initial_correlations"].values
    rates = np.broadcast_to(rates[:, None], starting.shape)
    times = hitting_times(starting, rates, p.power, p.linear_from)
    lead = times.argmin(-1)[..., None] == np.arange(p.features)
    return lead, times.min(-1, keepdims=True) < p.horizon


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Impure kernels and features held class-purely, at either Delta, along the path.

    What a seed drew is known: intervals are those of what is not, measured minus foretold.
    """
    laws = cells(parameters)
    found = {cell: found_in(p, runs[_name(*cell)]) for cell, p in laws.items()}
    first, last = SIZES[0], SIZES[-1]
    start, fixed, paced = found[FIXED, first], found[FIXED, last], found[SCALED, last]
    numbers = [
        _agreement(list(found.values())),
        _impure(f"impure at a fixed Delta, k = {last}", fixed,
                Rival("purity depends on Delta alone", _mean(start.impure_said))),
        _impure(f"impure at Delta ~ k^2, k = {last}", paced,
                Rival("purity depends on sigma_0 alone", _mean(fixed.impure_said))),
        *_features(fixed, f"at a fixed Delta, k = {last}"),
    ]  # fmt: skip
    beside = (
        by_case("impure_share", {_name(*cell): one.impure for cell, one in found.items()}),
        *_curves(laws, runs, found),
        *recorded(
            held_at_all={_name(*cell): _mean(one.at_all) for cell, one in found.items()},
            held_class_purely={_name(*cell): _mean(one.pure) for cell, one in found.items()},
            horizon={_name(*cell): p.horizon for cell, p in laws.items()},
        ),
    )
    return all_numbers(numbers, "class-purity at T along the path", beside)


def _mean(values: np.ndarray) -> float:
    """Over the seeds that have a value."""
    return float(np.nanmean(values))


def _agreement(found: list[Found]) -> Number:
    """Share of the active kernels of all cells that are what was foretold [seeds]."""
    parts = zip(*(one.kernels for one in found), strict=True)
    every = Purity(*(np.concatenate(part, -1) for part in parts))
    pure = Rival("every kernel stays pure", _mean(every.share(~every.impure)))
    right = every.share(every.impure == every.predicted)
    band = (1 - COUNTS, 1.0)
    return mean_number("kernels foretold one by one", right, 1.0, pure, band)


def _impure(name: str, one: Found, rival: Rival) -> Number:
    """Impure share of a cell, as foretold or not."""
    expected = _mean(one.impure_said)
    return mean_number(name, one.impure - one.impure_said + expected, expected, rival)


def _features(one: Found, where: str) -> list[Number]:
    """Features held at all and class-purely, each to within COUNTS."""
    at_all, pure = _mean(one.at_all_said), _mean(one.pure_said)
    lost = Rival("what turns impure is lost", pure)
    kept_all = Rival("what is held is held class-purely", at_all)
    return [
        _within(f"held at all {where}", one.at_all - one.at_all_said, at_all, lost),
        _within(f"held class-purely {where}", one.pure - one.pure_said, pure, kept_all),
    ]


def _within(name: str, beyond: np.ndarray, expected: float, rival: Rival) -> Number:
    """A share that is `expected`, of which `beyond` was not foretold [seeds], to within COUNTS."""
    band = (expected - COUNTS, expected + COUNTS)
    return mean_number(name, beyond + expected, expected, rival, band)


def _curves(
    laws: dict[tuple[str, int], Parameters], runs: Runs, found: dict[tuple[str, int], Found]
) -> list[Curve]:
    """Impure share over k at either Delta, and at the crossing."""
    k = np.array(SIZES)
    flat = np.full(len(k), _mean(found[FIXED, SIZES[0]].impure_said))

    def shown(name: str, impure: list[np.ndarray], said: list[float]) -> Curve:
        y = ("impure kernels", np.stack(impure, -1))
        return curve(name, ("k", k), y, np.array(said), flat)

    rows = []
    for way in (FIXED, SCALED):
        own = [found[way, size] for size in SIZES]
        rows.append(shown(way, [o.impure for o in own], [_mean(o.impure_said) for o in own]))
    stopped = CROSSING.look(None, runs) if CROSSING.look else runs
    cross = [purity(laws[FIXED, size], stopped[_name(FIXED, size)]) for size in SIZES]
    rows.append(shown("at the crossing", [c.share(c.impure) for c in cross], [0.0] * len(k)))
    return rows


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k; the leak race is what is measured."""
    return tuple(c for k in SIZES for c in kept(regime(parameters, k)))


def _exchanged(parameters: Parameters, runs: Runs) -> Runs:
    """At the largest k the runs at either Delta in each other's place."""
    del parameters
    fixed, paced = ([_name(way, SIZES[-1])] for way in (FIXED, SCALED))
    return exchange(runs, swapped(fixed, paced))


def _impure_lost(parameters: Parameters, runs: Runs) -> Runs:
    """The runs as if a kernel that turned impure held nothing any more."""
    lost = {}
    for cell, p in cells(parameters).items():
        run = runs[_name(*cell)]
        pure = ~purity(p, run).impure[..., None]
        lost[_name(*cell)] = run.assign(final_correlations=run["final_correlations"] * pure)
    return lost


EXCHANGED = Control(
    "the two Delta in each other's place",
    "with the Delta of the other way kernels turn impure, or stay pure",
    look=_exchanged,
)
IMPURE_LOST = Control(
    "impure kernels lost",
    "a kernel that leaks holds its first feature all the same",
    look=_impure_lost,
)

CLAIMS = (
    Claim(
        id="S.race",
        name="scaling.race",
        statement="at a fixed Delta class-purity at T is lost as k grows, though nearly all is "
        "held, as T_leak/T_coverage ~ k^{-2/(q-2)} says; Delta ~ k^{2/(q-2)} keeps it, and so "
        "does the crossing",
        provenance="[D] laws2, L16",
        role="gate",
        role_reason="what Theorem 1 needs of the gain for its statement to survive its own limit",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (CROSSING, EXCHANGED, IMPURE_LOST)},
        order=4,
        legs=legs,
        conditions=conditions,
    ),
)
