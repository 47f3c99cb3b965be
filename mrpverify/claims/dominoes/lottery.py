"""D.lottery: on real pictures supervised learning learns one, foretold view of most classes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...judge.findings import Estimate
from ...judge.measurement import Measurement, mean_share_above, together
from ...parameters import STAND_INS, Parameters
from ..accuracies import block_views
from ..claim import Claim, Control, Runs
from ..legs import SUPERVISED, Legs
from ..observed import reached
from ..supervised.runs import observed_winner, predicted_winner
from ..theorem1.controls import stream
from . import arms

MASKED = "masked"
SEEDS = 8
"""Of that control: a betting interval below one half needs more than four seeds."""
MOST = STAND_INS["lottery_share"].value


def legs(parameters: Parameters) -> Legs:
    """Supervised learning, and five times as long on masked images, which learns both views."""
    p = arms.regime(parameters)
    return {
        SUPERVISED: arms.supervised(p),
        MASKED: replace(arms.masked(p, 5.0), seeds=SEEDS),
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Mean share of classes with exactly one view, and of those whose predicted view wins.

    The winner is the view that crosses first; it is predicted by Lambda_l(0) S_l^{1/(q-2)} with the
    S of the drawn pictures, along measured directions. Chance is one half for both.
    """
    p, own = arms.regime(parameters), runs[SUPERVISED]
    there = reached(own)[:, None]
    number = block_views(p, own).sum(-1) * there
    right = (observed_winner(p, own) == predicted_winner(p, own)) & there
    parts = {
        "classes with exactly one view": mean_share_above((number == 1).mean(-1), MOST),
        "classes whose predicted view wins": mean_share_above(right.mean(-1), MOST),
    }
    finest = 1 / p.classes
    beside = (
        Estimate.of_share("classes with no view", (number == 0).mean(-1), finest),
        Estimate.of_share("classes with both views", (number == 2).mean(-1), finest),
        Estimate.of_share("features learned", number.mean(-1) / p.views, finest / p.views),
    )
    return together("share of classes that learn exactly one view", parts, beside)


def _permute(parameters: Parameters, runs: Runs) -> Runs:
    """Initial correlations permuted over the features of each kernel: the rule knows nothing."""
    del parameters
    own = runs[SUPERVISED]
    initial = own["initial_correlations"]
    permuted = stream(own, int(own["seed"].values[0])).permuted(initial.values, axis=-1)
    activity = own["own_activity"]
    equal = np.ones_like(activity.values)
    changed = own.assign(
        initial_correlations=(initial.dims, permuted), own_activity=(activity.dims, equal)
    )
    return {**runs, SUPERVISED: changed}


def _turn(parameters: Parameters, runs: Runs) -> Runs:
    """Initial correlations and strengths of a class's two views in each other's place."""
    own, views = runs[SUPERVISED], arms.regime(parameters).views
    other = np.arange(own.sizes["feature"]).reshape(-1, views)[:, ::-1].ravel()
    turned = {
        name: (own[name].dims, own[name].isel(feature=other).values)
        for name in ("initial_correlations", "own_activity")
    }
    return {**runs, SUPERVISED: own.assign(turned)}


CONTROLS = (
    Control(
        "the other view foretold",
        "the view that is not favoured wins in few classes",
        look=_turn,
    ),
    Control(
        "permuted initial correlations",
        "the rule falls to its chance level, one view in two",
        look=_permute,
        failed=lambda parameters, measurement: (
            measurement.details["parts"]["classes whose predicted view wins"]["measured"]
            != "SUPPORTED"
        ),
    ),
    Control(
        "masked images, five times as long",
        "masks let a class learn both views: no lottery is played",
        look=lambda parameters, runs: arms.first({**runs, SUPERVISED: runs[MASKED]}, number=SEEDS),
    ),
)

CLAIMS = (
    Claim(
        id="D.lottery",
        name="dominoes.lottery",
        statement="on real pictures supervised learning learns exactly one view of most classes, "
        "and in most the view that its initialisation and strength favour crosses first",
        provenance="[A] the reason for the loss of supervised learning; pictures [D]",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="end",
        measure=measure,
        controls={"teacher-student": CONTROLS},
        order=2,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
