"""D.capture: on real pictures pretraining holds both views of every class, class-purely.

Asked twice of the same runs: of every kernel at its own first crossing, and at the common time T.
"""

from __future__ import annotations

import numpy as np

from ...dominoes.measured import table
from ...judge.measurement import Measurement
from ...judge.per_seed import at_least, in_each_seed
from ...observe.capture import captured
from ...parameters import Parameters
from ..accuracies import captured_views, summary
from ..claim import Claim, Control, Runs
from ..legs import PRETRAINING, Leg, Legs
from ..theorem1.controls import RANDOM_DIRECTIONS
from ..theorem1.runs import crossed, known_at_horizon, reached
from . import arms


def legs(parameters: Parameters) -> Legs:
    """Pretraining, without amplification, and on noise as loud as pictures."""
    without = {
        "gain 1": Leg(arms.gain_one(parameters)),
        "noise": arms.pretrained(parameters, signal=False, horizon=10.0, deadline=0.0),
    }
    return {PRETRAINING: arms.pretrained(parameters), **arms.few(without)}


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which every feature is held class-purely, at the crossing and at T."""
    own, p = runs[PRETRAINING], arms.regime(parameters)
    at_crossing = np.nan_to_num(own["crossing_correlations"].values)
    # A kernel's own crossing: what it has crossed for then stands at varrho or beyond.
    early = captured(at_crossing, crossed(own), p.views, p.linear_from * (1 - 1e-3)).mean(-1)
    late = captured_views(p, own).mean((1, 2)) * reached(own)
    details = {
        "features at the crossing": summary(early),
        "features at T": summary(late),
        "kernels that cross": summary(crossed(own).any(-1).mean(-1)),
        "T": summary(own["final_time"].values),
        "pictures": [line for lines in table(p).values() for line in lines],
    }
    parts = {"at the crossing": at_least(early, 1.0), "at T": at_least(late, 1.0)}
    return in_each_seed(
        "share of seeds with both views of every class held class-purely, at the crossing and at T",
        parts,
        details,
        known_at_horizon(own),
    )


def _random_directions(parameters: Parameters, runs: Runs) -> Runs:
    """The kernels held against random directions, at T and at the crossing."""
    look = RANDOM_DIRECTIONS.look
    assert look is not None  # noqa: S101
    swapped = look(arms.regime(parameters), runs[PRETRAINING])
    return {PRETRAINING: swapped.assign(crossing_correlations=swapped["final_correlations"])}


CONTROLS = (
    arms.instead("gain 1", "without amplification every kernel decays", {PRETRAINING: "gain 1"}),
    arms.instead("pictures of noise", "noise has no class to capture", {PRETRAINING: "noise"}),
    Control(
        "random directions", "directions that are no feature are not held", look=_random_directions
    ),
)

CLAIMS = (
    Claim(
        id="D.capture",
        name="dominoes.capture",
        statement="on real pictures pretraining holds both views of every class, class-purely",
        provenance="[A] Theorem 1; pictures, levels [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={"teacher-student": CONTROLS},
        prediction=arms.standing,
        per_seed=True,
        order=1,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
