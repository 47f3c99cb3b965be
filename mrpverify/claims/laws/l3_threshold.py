"""L3 [D]: a feature grows iff tau^q > 1 + lambda E[B]/E[A^2], which is K for equal patches.

Bisected over tau^q on the sign of dc/dt at small c, at two mask ratios and numbers of patches, and
with unequal patches at q = 4, where the threshold lies above K.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, bracket_number
from ...parameters import Parameters
from ...theory.growth import gain_threshold
from ..claim import Asks, Claim, Control, Runs
from ..legs import Leg
from .bisection import Bisection, bisected, rounds_table
from .regimes import alone, conditions, other_masks, stepped

SMALL = 0.02
"""sigma_0 / varrho of the start at which the sign of dc/dt is read."""

IMAGES = 2000
"""With unequal patches each seed has its own threshold; so many images keep them together."""


def cases(parameters: Parameters) -> dict[str, tuple[Parameters, Rival, int]]:
    """Regime, rival and rounds of every search."""
    other = other_masks(parameters, visible=0.3, patches_per_feature=3)
    unequal = _small(other_masks(parameters, visible=0.3, power=4), split="random", images=IMAGES)
    return {
        "equal patches": (_small(parameters), _whole(parameters), 7),
        "equal patches, theta = 0.3, C_p = 3": (_small(other), _whole(other), 7),
        "unequal patches, theta = 0.3, q = 4": (
            unequal,
            Rival("K, as for equal patches", unequal.gain_floor),
            9,
        ),
    }


def _whole(p: Parameters) -> Rival:
    return Rival("1 + lambda: a penalty on outputs, not on patches", 1 + p.mask_penalty)


def _small(parameters: Parameters, **changes: object) -> Parameters:
    """A small start, and one step of a size that is the same at every gain."""
    start = SMALL * parameters.linear_from
    return replace(stepped(alone(parameters, init_scale=start, **changes)), max_steps=1)


def searches(parameters: Parameters) -> list[Bisection]:
    """tau^q in [1, 1 + 2 lambda] in every case."""
    return [
        Bisection(
            name,
            1.0,
            1 + 2 * p.mask_penalty,
            rounds,
            lambda x, p=p: Leg(replace(p, gain="constant", tau=x ** (1 / p.power))),  # type: ignore[misc]
            leader_grows,
        )
        for name, (p, _, rounds) in cases(parameters).items()
    ]


def leader_grows(runs: xr.Dataset) -> np.ndarray:
    """Whether the largest correlation of the start is larger at the end [seeds], bool."""
    before = runs["initial_correlations"].values.reshape(runs.sizes["seed"], -1)
    after = runs["final_correlations"].values.reshape(before.shape)
    lead = before.argmax(-1)[:, None]
    grown = np.take_along_axis(after, lead, -1) > np.take_along_axis(before, lead, -1)
    return np.asarray(grown[:, 0])


def asks(parameters: Parameters) -> Asks:
    """Bisects in every case, and measures the brackets."""
    runs = yield from bisected(searches(parameters))
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Brackets of the threshold of tau^q in every case."""
    numbers = []
    for search, (p, rival, _) in zip(searches(parameters), cases(parameters).values(), strict=True):
        below, above = search.bracket(runs)
        numbers.append(bracket_number(search.name, below, above, gain_threshold(p), rival))
    rounds = {search.name: rounds_table(search, runs) for search in searches(parameters)}
    return all_numbers(numbers, "threshold of tau^q", recorded(rounds=rounds))


THROUGH_TEACHER = Control(
    "gradient through the teacher",
    "without the stop-gradient no gain makes a feature grow",
    change=lambda parameters: {"stop_gradient": False},
)

CLAIMS = (
    Claim(
        id="L3",
        name="laws.L3",
        statement="a feature grows iff tau^q > 1 + lambda E[B]/E[A^2] (K for equal patches)",
        provenance="[D] section 4, L3",
        role="gate",
        role_reason="below the threshold pretraining learns nothing",
        horizon="crossing",
        measure=asks,
        controls={"teacher-student": (THROUGH_TEACHER,)},
        order=3,
        conditions=conditions,
    ),
)
