"""D.capture: on real pictures pretraining holds both views of every class, class-purely.

Asked twice of the same runs: of every kernel at its own first crossing, and at the common time T.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...dominoes.measured import table
from ...judge.findings import Note
from ...judge.measurement import Measurement, share_of_seeds
from ...observe.capture import captured
from ...parameters import Parameters
from ..accuracies import captured_views, estimates, shares
from ..claim import Claim, Control, Horizon, Runs
from ..legs import PRETRAINING, Leg, Legs
from ..observed import crossed, final, known_at_horizon, reached
from ..theorem1.controls import RANDOM_DIRECTIONS
from . import arms

SHARE = "share of seeds with both views of every class held class-purely"


NOISE_SEEDS = 16
"""`hold` lets a kernel grow until it holds some feature, and on noise it is three to four times as
long then as on pictures: sixty of them hold three features in four class-purely by chance, and all
of them in one seed of twelve, which four seeds would not refute in one check of three."""


def legs(parameters: Parameters) -> Legs:
    """Pretraining, without amplification, and on noise as loud as pictures."""
    noise = arms.pretrained(parameters, signal=False, horizon=10.0, deadline=0.0)
    return {
        PRETRAINING: arms.pretrained(parameters),
        **arms.few({"gain 1": Leg(arms.gain_one(parameters))}),
        "noise": replace(noise, seeds=NOISE_SEEDS),
    }


def measure_at_horizon(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which every feature is held class-purely at T."""
    own, p = runs[PRETRAINING], arms.regime(parameters)
    held = captured_views(p, own).mean((1, 2))
    beside = (
        *shares({"features": held}),
        *estimates({"T": own["final_time"].values, "cosine of kernel and feature": _cosine(own)}),
        Note("pictures", tuple(line for lines in table(p).values() for line in lines)),
    )
    return share_of_seeds(
        (held == 1) & reached(own), f"{SHARE} at T", beside, known_at_horizon(own)
    )


def _cosine(run: xr.Dataset) -> np.ndarray:
    """Largest correlation of a kernel over its length, median over the kernels of a seed [seeds].

    Beside what is held: by chance it is about 0.25, whatever the length (ten features, d = 40).
    """
    length = np.linalg.norm(run["final_weights"].values, axis=-1)
    largest = final(run).max(-1)
    share = np.divide(largest, length, out=np.zeros_like(largest), where=length > 0)
    return np.asarray(np.median(share, -1))


def measure_at_crossing(parameters: Parameters, runs: Runs) -> Measurement:
    """The same for what every kernel had crossed for when it first crossed."""
    own, p = runs[PRETRAINING], arms.regime(parameters)
    then = np.nan_to_num(own["crossing_correlations"].values)
    # What a kernel has just crossed for stands at varrho, to the precision of a step.
    held = captured(then, crossed(own), p.views, p.linear_from * (1 - 1e-3)).mean(-1)
    beside = shares({"features": held, "kernels that cross": crossed(own).any(-1).mean(-1)})
    return share_of_seeds(held == 1, f"{SHARE} at each kernel's first crossing", beside)


def _random_directions(parameters: Parameters, runs: Runs) -> Runs:
    """The kernels held against random directions, at T and at the crossing."""
    look = RANDOM_DIRECTIONS.look
    assert look is not None  # noqa: S101
    swapped = look(arms.regime(parameters), runs[PRETRAINING])
    return {PRETRAINING: swapped.assign(crossing_correlations=swapped["final_correlations"])}


CONTROLS = (
    arms.instead("gain 1", "without amplification every kernel decays", {PRETRAINING: "gain 1"}),
    arms.instead(
        "pictures of noise", "noise has no class to capture", {PRETRAINING: "noise"}, NOISE_SEEDS
    ),
    Control(
        "random directions", "directions that are no feature are not held", look=_random_directions
    ),
)


def _claim(horizon: Horizon, order: int) -> Claim:
    """The claim on one of its two horizons, which are never mixed."""
    late = horizon == "T"
    return Claim(
        id="D.capture",
        name="dominoes.capture",
        statement="on real pictures pretraining holds both views of every class, class-purely, "
        + ("at T" if late else "at each kernel's first crossing"),
        provenance="[A] Theorem 1; pictures, levels [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon=horizon,
        measure=measure_at_horizon if late else measure_at_crossing,
        controls={"teacher-student": CONTROLS},
        prediction=arms.standing,
        per_seed=True,
        order=order,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    )


CLAIMS = (_claim("crossing", 0), _claim("T", 1))
