"""The runs behind the claims on dominoes: every arm on the same images and from the same init.

Times are those of the flow, where the exploratory recipe counted steps: supervised learning has a
fixed time, pretraining the rule (T = twice the time of full coverage). All was chosen on the salt
"explore" and is fixed here (docs/dominoes.md).
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import xarray as xr

from ...dominoes.measured import conditions, measured
from ...dominoes.options import fetched
from ...parameters import Parameters, changed
from ...theory.condition import Condition
from ..claim import CONTROL_SEEDS, Control, Runs
from ..legs import PRETRAINING, SUPERVISED, Leg, Legs, fine_tuned, masked_supervised, probe
from ..legs import supervised as from_scratch

LAW = "dominoes"
NEEDS = ("digits", "garments")
"""Data sets of `mrpverify images fetch`."""
ROLE_REASON = "real pictures violate conditions of the theory; what is found counts either way"
TUNED, PROBE = "fine-tuned", "linear probe"
OWN = {
    "law": LAW,
    "classes": 5,
    "views": 2,
    "dimension": 40,
    "images": 500,
    "patches_per_feature": 4,
    "patches": 12,
    "single_view": 0.02,
    "kernels_per_class": 12,
    "power": 3,
    "linear_from": 0.5,
    "init_scale": 0.003,
    "visible": 0.5,
    "patch_noise": 0.0,
    "feature_noise": 0.0,
    "split": "equal",
    "gain": "hold",
    "amplification": 1e6,
    "hold_width": 0.2,
    "method": "flow",
    "tolerance": 0.003,
    "step": 1e-5,
    "work": 6000,
    "deadline": 100.0,
    "test_images": 1000,
    "encoder_step": 0.5,
    "head_step": 0.5,
    "probe_step": 10.0,
    "downstream_steps": 400,
    "supervised_step": 1.0,
}
"""The recipe. It stands in for what a preset says; a regime of law=dominoes is taken as it is."""
SL_TIME = 50.0
"""T of supervised learning: twice the time of full coverage (salt "explore")."""
MASKED_STEP = 0.2
"""Step of masked supervised learning, which has no flow; at a quarter of it nothing changes."""
NO_TIME = 1e-12
"""A horizon that ends with the first step: kernels as they were drawn."""
MRP_LENGTH = 0.72
"""Root mean square length of a pretrained kernel at T (salt "explore")."""


def regime(parameters: Parameters) -> Parameters:
    """Teacher-student pretraining on dominoes."""
    p = parameters
    return p if p.law == LAW else changed(p, **OWN, content=fetched())


def no_conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """None that a verdict hangs on: the claims are about these pictures, whatever they violate.

    Which conditions of the theory hold is part of what they say (`standing`).
    """
    del parameters
    return ()


@cache
def standing(parameters: Parameters) -> str:
    """What the theory says here, and which of its conditions the pictures meet."""
    p = regime(parameters)
    found = conditions(p, measured(p))
    holding = ", ".join(c.id for c in found if c.holds)
    broken = ", ".join(f"{c.id} ({c.left:.3g} against {c.right:.3g})" for c in found if not c.holds)
    return f"no number: its conditions hold for {holding}; VIOLATED are {broken}"


def pretrained(parameters: Parameters, **changes: Any) -> Leg:
    """Pretraining, on another law or with another option where changes say so."""
    return Leg(replace(regime(parameters), **changes))


def downstream(start: Parameters, **changes: Any) -> Leg:
    """Fine-tuning from a start, on images that lack nothing and show pictures."""
    return fine_tuned(start, **{"lacking": "nothing", "signal": True, **changes})


def probed(start: Parameters, **changes: Any) -> Leg:
    """The same with the encoder frozen."""
    return probe(start, **{"lacking": "nothing", "signal": True, **changes})


def supervised(parameters: Parameters, longer: float = 1.0, /, **changes: Any) -> Leg:
    """Supervised learning from scratch for SL_TIME, or so many times as long."""
    time = longer * SL_TIME
    return from_scratch(regime(parameters), **{**_for(time), **changes})


def masked(parameters: Parameters, longer: float = 1.0, **changes: Any) -> Leg:
    """Supervised learning on masked images, likewise; masks are drawn in every step."""
    time = longer * SL_TIME
    return masked_supervised(regime(parameters), **{**_for(time), "step": MASKED_STEP, **changes})


def untrained(parameters: Parameters, length: float = MRP_LENGTH) -> Parameters:
    """Kernels as drawn, as long as pretrained ones are."""
    p = regime(parameters)
    return replace(
        p, init_scale=length / p.dimension**0.5, horizon=NO_TIME, max_steps=1, deadline=0.0
    )


def gain_one(parameters: Parameters) -> Parameters:
    """Pretraining with a teacher that is no better than its student, for a usual T."""
    p = regime(parameters)
    return replace(p, gain="constant", tau=1.0, horizon=10.0, deadline=0.0)


def compared(parameters: Parameters) -> Legs:
    """Pretraining, fine-tuning and supervised learning."""
    p = regime(parameters)
    return {
        PRETRAINING: Leg(p),
        TUNED: downstream(p),
        SUPERVISED: supervised(p),
    }


def few(legs: Legs, number: int = CONTROL_SEEDS) -> Legs:
    """The same runs, on the first seeds alone: those of a control."""
    return {name: replace(leg, seeds=number) for name, leg in legs.items()}


def instead(
    name: str, expected: str, places: dict[str, str], number: int = CONTROL_SEEDS
) -> Control:
    """A control that looks at the first seeds of other legs in the places of the claim's own."""

    def look(parameters: Parameters, runs: Runs) -> Runs:
        del parameters
        return first({**runs, **{own: runs[other] for own, other in places.items()}}, number)

    return Control(name, expected, look=look)


def first(runs: Runs, number: int = CONTROL_SEEDS) -> Runs:
    """The first seeds of every leg."""
    found: dict[str, xr.Dataset] = {
        name: run.isel(seed=slice(number)) for name, run in runs.items()
    }
    return found


def _for(time: float) -> dict[str, Any]:
    """A horizon instead of the rule."""
    return {"horizon": time, "deadline": 0.0, "max_steps": 10**6}
