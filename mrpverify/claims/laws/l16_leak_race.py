"""L16 [D]: leaks race against coverage, and a smaller init loses at a fixed Delta.

A kernel that has crossed drifts towards the features that co-occur with its own, while coverage
waits for the slowest feature: T_leak / T_coverage ~ Delta sigma_0^q. Which kernels are impure at T
is predicted one by one from C(0). The noise of its own patches adds a drift at a constant speed,
whose spread over pairs is predicted; in the presets it is the faster leak of the two.
"""

from __future__ import annotations

from dataclasses import replace
from math import isinf
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ...judge.findings import by_case, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...observe.capture import separate_kernels
from ...parameters import STAND_INS, Parameters
from ...theory.growth import drawn_growth_rates
from ...theory.leak_race import drift, impurity_times, typical_horizon
from ...theory.resting import rest
from ...theory.undefined import UndefinedError
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .exchange import exchange, swapped
from .regimes import alone, conditions

START, AMPLIFICATION, SMALLER = 0.12, 2.0, 0.5
"""sigma_0/varrho and Delta of the first cell, and sigma_0 of the others over it. At this Delta the
larger correlation wins (L5) and 0.07 of the active kernels are impure at T (exploration)."""
PRESENCE = 0.2
"""s/k, where the preset has s > 0 at all: as much as the conditions allow, so that every pair of
classes meets in enough images for its drive to be that of the law."""
WEAK = (0.4, 0.5)
"""Sums of z of an off-class feature: below half of an own one, and near it, so that T_leak is no
more of the relaxation time of a kernel at rest than has to be simulated."""
TOLERANCE = 1e-3
PATCH_NOISE = 0.006
"""sigma_p of the drift by noise, as in the preset `quick`."""
AT_REST, DRIFTED = "at rest", 0.03
"""The leg that shows the drift by noise alone, and how far it goes in units of the kernel's own
correlation: little enough for a constant speed."""
COUNTS = STAND_INS["impure_share"].value
"""The share of impure kernels that T1.specialise allows: a difference that matters."""


class Cell(NamedTuple):
    """A point of the map over sigma_0 and Delta."""

    scale: float
    """sigma_0 / varrho."""
    amplification: float
    """Delta."""


def cells(parameters: Parameters) -> dict[str, Cell]:
    """The start, a smaller sigma_0 at the same Delta, and that with Delta ~ sigma_0^{-q}."""
    smaller = SMALLER * START
    return {
        "start": Cell(START, AMPLIFICATION),
        "smaller": Cell(smaller, AMPLIFICATION),
        "scaled": Cell(smaller, AMPLIFICATION * SMALLER**-parameters.power),
    }


def regime(parameters: Parameters, cell: Cell) -> Parameters:
    """Three classes of one view that co-occur, without noise, up to T of a typical init."""
    p = _held(
        parameters,
        classes=3,
        dimension=3,
        kernels_per_class=8,
        images=100,
        off_class=3 * PRESENCE if parameters.off_class > 0 else 0.0,
        off_low=WEAK[0],
        off_high=WEAK[1],
        init_scale=cell.scale * parameters.linear_from,
        amplification=cell.amplification,
        horizon_factor=2.0,
    )
    time = typical_horizon(p)
    if isinf(time):
        raise UndefinedError("no feature grows (L3), so that T has no end")
    return replace(p, horizon=time)


def noisy_regime(parameters: Parameters) -> Parameters:
    """Eight classes that never co-occur, one kernel at rest on each, and patch noise."""
    p = _held(
        parameters,
        classes=8,
        dimension=8,
        kernels_per_class=1,
        images=200,
        init="features",
        amplification=AMPLIFICATION,
        noise="isotropic",
        patch_noise=PATCH_NOISE,
        horizon_factor=2.0,
    )
    start, spread = rest(p).correlation, drift(p).spread
    if spread == 0:
        raise UndefinedError("no mask, no residual: noise moves no kernel at rest (L16)")
    return replace(p, init_scale=start, horizon=DRIFTED * start / spread)


def _held(parameters: Parameters, **changes: Any) -> Parameters:
    """A flow under a continuous `hold`, the preset's split of z over patches."""
    own = {"split": parameters.split, "gain": "hold", "hold_width": 0.1}
    flow = {"method": "flow", "tolerance": TOLERANCE}
    return alone(parameters, **{**own, **flow, **changes})


def legs(parameters: Parameters) -> Legs:
    """One run in every cell, from the same unit-scale draw, and the kernels at rest."""
    race = {name: Leg(regime(parameters, cell)) for name, cell in cells(parameters).items()}
    return {**race, AT_REST: Leg(noisy_regime(parameters))}


class Purity(NamedTuple):
    """Kernels of a cell at T, all [seeds, kernels]."""

    active: np.ndarray
    impure: np.ndarray
    predicted: np.ndarray

    def share(self, kernels: np.ndarray) -> np.ndarray:
        """Share of the active kernels that are in `kernels` [seeds], NaN where none is active."""
        number = self.active.sum(-1)
        counted = (kernels & self.active).sum(-1)
        return np.where(number > 0, counted / np.maximum(number, 1), np.nan)


def purity(p: Parameters, run: xr.Dataset) -> Purity:
    """Which kernels are impure at the end of a run, and which were foretold to be."""
    rates = drawn_growth_rates(p, run["squared_activity"].values, run["patch_activity"].values)
    starts = run["initial_correlations"].values
    times = [impurity_times(p, c, rate) for c, rate in zip(starts, rates, strict=True)]
    end = run["final_correlations"].values
    active = np.isfinite(run["crossing_time"].values).any(-1)
    return Purity(active, ~separate_kernels(end, p.views), np.array(times) < p.horizon)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Impure shares of three cells, every kernel against its prediction, and the drift by noise."""
    table = cells(parameters)
    found = {name: purity(regime(parameters, cell), runs[name]) for name, cell in table.items()}
    share = {name: cell.share(cell.impure) for name, cell in found.items()}
    expected = {name: float(np.nanmean(c.share(c.predicted))) for name, c in found.items()}
    beside = (by_case("impure_share", share), *recorded(predicted_share=expected))
    noise = _drift(noisy_regime(parameters), runs[AT_REST])
    numbers = [_agreement(found), *_contrasts(share, expected), noise]
    return all_numbers(numbers, "impure kernels at T", beside)


def _agreement(found: dict[str, Purity]) -> Number:
    """Share of the active kernels of all cells that are what was predicted [seeds]."""
    active, impure, predicted = (
        np.concatenate(parts, -1) for parts in zip(*found.values(), strict=True)
    )
    every = Purity(active, impure, predicted)
    right = every.share(impure == predicted)
    pure = Rival("every kernel stays pure", float(np.nanmean(every.share(~impure))))
    return mean_number("kernels foretold one by one", right, 1.0, pure, (1 - COUNTS, 1.0))


def _contrasts(share: dict[str, np.ndarray], expected: dict[str, float]) -> list[Number]:
    """What the same draw loses by a smaller sigma_0, and what a larger Delta brings back."""

    def number(name: str, one: str, other: str, rival: Rival, low: float, high: float) -> Number:
        value = expected[one] - expected[other]
        return mean_number(name, share[one] - share[other], value, rival, (low, high))

    by_delta = Rival("purity depends on Delta alone", 0.0)
    by_scale = Rival("purity depends on sigma_0 alone", 0.0)
    lost = Rival("purity depends on sigma_0 alone", expected["smaller"] - expected["start"])
    return [
        number("impure by a smaller sigma_0", "smaller", "start", by_delta, COUNTS, 1.0),
        number("pure again by a larger Delta", "smaller", "scaled", by_scale, COUNTS, 1.0),
        number("left on Delta ~ sigma_0^{-q}", "scaled", "start", lost, -COUNTS, COUNTS),
    ]


def _drift(p: Parameters, run: xr.Dataset) -> Number:
    """Mean square speed of kernels towards features of other classes, over that of the law."""
    law, moved = drift(p), run["final_correlations"] - run["initial_correlations"]
    other = ~np.eye(p.features, dtype=bool)
    speed = moved.values[:, other] / p.horizon
    square = (speed**2).mean(-1) / law.spread**2
    none = Rival("noise averages out at rest", 0.0)
    return mean_number("drift by noise, mean square over the law's", square, 1.0, none)


def _at_crossing(parameters: Parameters, runs: Runs) -> Runs:
    """Kernels as they were at their own first crossing."""
    del parameters
    return {
        name: run.assign(final_correlations=run["crossing_correlations"].fillna(0.0))
        for name, run in runs.items()
    }


def _scaled_or_not(parameters: Parameters, runs: Runs) -> Runs:
    """The small init with the Delta of the preset in the place of the scaled one, and back."""
    del parameters
    return exchange(runs, swapped(["scaled"], ["smaller"]))


SWAPPED = Control(
    "the small init's two Delta in each other's place",
    "it is the larger Delta that brings purity back",
    look=_scaled_or_not,
)
CROSSING = Control(
    "crossing horizon",
    "a kernel stopped at its crossing is pure at every sigma_0: there is no race",
    look=_at_crossing,
)
NO_FOREIGN = Control(
    "no foreign features",
    "without off-class appearances nothing co-occurs and nothing leaks: pure at every sigma_0",
    change=lambda parameters: {"off_class": 0.0},
)

CLAIMS = (
    Claim(
        id="L16",
        name="laws.L16",
        statement="leaks race coverage: T_leak/T_coverage ~ Delta sigma_0^q, kernel by kernel",
        provenance="[D] section 4, L16",
        role="gate",
        role_reason="why a smaller init needs a larger Delta to stay class-pure until T",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (CROSSING, NO_FOREIGN, SWAPPED)},
        order=16,
        legs=legs,
        conditions=conditions,
    ),
)
