"""L5 [D]: of two co-occurring features in a kernel the leader wins iff alpha/beta > phi_q(d_0/c_0).

alpha/beta = Delta/(K-1+Delta). Teacher-student kernels do not interact, so the kernels of one run
start at a ladder of ratios d_0/c_0 and bracket the separating one. Beyond Delta = (K-1)/(q-2) the
leader always wins, at q = 2 never.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import (
    Number,
    Rival,
    all_numbers,
    bracket_number,
    nearest,
    share_number,
)
from ...parameters import Parameters
from ...theory.growth import growth_rate, hitting_time
from ...theory.separatrix import always_amplification, leader_advantage, separating_ratio
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .exchange import backwards, exchange
from .regimes import conditions, fixed_strength, showing_class, siblings, stepped

PER_STEP = 0.05
RUNGS = 40
"""Kernels of a class: ratios 1/40, 2/40, ..., 1; a bracket is 1/40 wide."""
SHARES = {3: (0.2, 0.4, 0.8), 4: (0.4, 0.8)}
"""Delta as a share of (K-1)/(q-2), below which there is a separating ratio."""
ABOVE = 1.5
"""The same beyond it: the leader always wins."""
START = 0.4
"""sigma_0 / varrho, the leader's start: the slowest kernel then crosses soon after the fastest."""


def regime(parameters: Parameters, power: int, amplification: float) -> Parameters:
    """Two views of equal strength in every image of a class, kernels on a ladder of ratios."""
    p = siblings(
        parameters,
        power=power,
        gain="hold",
        amplification=amplification,
        dimension=4,
        kernels_per_class=RUNGS,
        init="features",
        second_view=1.0,
        init_scale=START * parameters.linear_from,
        images=8,
        **fixed_strength(),
    )
    p = stepped(p, PER_STEP)
    slowest = hitting_time(p.init_scale, growth_rate(p), power, p.linear_from)
    # Twice: images of a class are drawn, and a class of few images grows slowly.
    return replace(p, horizon=2 * slowest, max_steps=4000)


def searches(parameters: Parameters) -> dict[str, Parameters]:
    """Regimes with a separating ratio between 0 and 1."""
    floor = siblings(parameters).sibling_floor
    return {
        f"d_0/c_0 at q = {q}, Delta = {delta:.3g}": regime(parameters, q, delta)
        for q, shares in SHARES.items()
        for delta in (share * always_amplification(floor, q) for share in shares)
    }


def extremes(parameters: Parameters) -> dict[str, tuple[Parameters, bool]]:
    """Regimes without one, and whether the leader wins there."""
    floor = siblings(parameters).sibling_floor
    always = {
        f"the leader always wins at q = {q}, Delta = {delta:.3g}": (
            regime(parameters, q, delta),
            True,
        )
        for q, delta in ((q, ABOVE * always_amplification(floor, q)) for q in SHARES)
    }
    never = f"the leader never wins at q = 2, Delta = {ABOVE * (floor - 1):.3g}"
    return {**always, never: (regime(parameters, 2, ABOVE * (floor - 1)), False)}


def legs(parameters: Parameters) -> Legs:
    """One run for every gain."""
    regimes = {**searches(parameters), **{n: p for n, (p, _) in extremes(parameters).items()}}
    return {name: Leg(p) for name, p in regimes.items()}


def leader_won(runs: xr.Dataset) -> np.ndarray:
    """Whether d/c fell until the kernel crossed, or all along, in class 0 [seeds, rungs], bool."""
    before, crossing, final = (
        runs[f"{when}_correlations"].values[:, :RUNGS, :2]
        for when in ("initial", "crossing", "final")
    )
    after = np.where(np.isnan(crossing), final, crossing)
    return np.asarray(after[..., 1] / after[..., 0] < before[..., 1] / before[..., 0])


def ratios() -> np.ndarray:
    """d_0/c_0 of the rungs."""
    return np.arange(1, RUNGS + 1) / RUNGS


def _bracket(name: str, p: Parameters, run: xr.Dataset) -> Number:
    won = leader_won(run)
    below = np.where(won, ratios(), -np.inf).max(-1)
    above = np.where(won, np.inf, ratios()).min(-1)
    expected = separating_ratio(leader_advantage(p.sibling_floor, p.amplification), p.power)
    rivals = (Rival("the larger always wins", 1.0), Rival("features always merge", 0.0))
    return bracket_number(name, below, above, expected, nearest(expected, *rivals))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Brackets of the separating ratio, and the two regimes without one."""
    runs = showing_class(runs)
    numbers = [_bracket(name, p, runs[name]) for name, p in searches(parameters).items()]
    for name, (_, wins) in extremes(parameters).items():
        # At the ratio 1 there is no leader.
        as_said = (leader_won(runs[name])[:, :-1] == wins).all(-1)
        numbers.append(share_number(name, as_said, Rival("the other way round", 0.0)))
    return all_numbers(numbers, "who wins")


def _swapped(parameters: Parameters, runs: Runs) -> Runs:
    """The runs in reverse order of their names' list: every gain with another gain's runs."""
    return exchange(runs, backwards(list(legs(parameters))))


OTHER_GAIN = Control(
    "runs at another gain",
    "the separating ratio of one gain is not that of another",
    look=_swapped,
)

CLAIMS = (
    Claim(
        id="L5",
        name="laws.L5",
        statement="the leader of two co-occurring features wins iff alpha/beta > phi_q(d_0/c_0)",
        provenance="[D] section 4, L5",
        role="gate",
        role_reason="why q >= 3 separates features",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (OTHER_GAIN,)},
        order=5,
        legs=legs,
        conditions=conditions,
    ),
)
