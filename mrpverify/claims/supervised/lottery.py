"""SL.lottery [A, R]: most classes learn one view alone, the one that their init favours.

Some learn both, as many as L12 says: near ties.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ...judge.findings import Estimate
from ...judge.intervals import SHARE
from ...judge.measurement import Measurement, mean_share_above, together
from ...judge.per_seed import above, counted
from ...parameters import STAND_INS, Parameters
from ...theory import supervised as theory
from ...theory.assumptions import applying
from ...theory.condition import Condition
from ..accuracies import block_views, shares
from ..claim import Claim, Control, Runs
from ..legs import SUPERVISED
from ..observed import reached
from ..theorem1.controls import NO_WINNER, stream
from .runs import alone, observed_winner, predicted_winner

AGREEMENT = STAND_INS["winner_share"].value
ONE_VIEW = STAND_INS["lottery_share"].value


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which predicted views win, and mean share of classes with one view alone.

    The predicted view of more than 0.95 of a seed's classes crosses first: exact. On average more
    than half of the classes hold exactly one: betting interval. A class without any view counts
    against both, and so does every class of a seed that never got to T.
    """
    own = runs[SUPERVISED]
    at_horizon = reached(own)[:, None]
    right = (observed_winner(parameters, own) == predicted_winner(parameters, own)) & at_horizon
    learned = block_views(parameters, own) & at_horizon[..., None]  # [seeds, classes, views]
    number = learned.sum(-1)
    finest = 1 / parameters.classes
    parts = {
        f"seeds with a share > {AGREEMENT:g} of classes whose predicted view wins": counted(
            above(right.mean(-1), AGREEMENT, SHARE)
        ),
        "classes with exactly one view": mean_share_above((number == 1).mean(-1), ONE_VIEW),
    }
    classes = {
        "classes whose predicted view wins": right.mean(-1),
        "classes with no view": (number == 0).mean(-1),
        "classes with several views": (number > 1).mean(-1),
        "classes whose near tie is foreseen": _ties_foreseen(parameters, runs),
    }
    beside = (
        *shares(classes, finest),
        Estimate("classes with several views predicted", _ties(parameters)),
        Estimate.of_share("features learned", learned.mean((1, 2)), finest / parameters.views),
    )
    return together("share of seeds in which the predicted views win", parts, beside)


def _ties(parameters: Parameters) -> float | None:
    """Predicted share of classes that learn both views; None for more than two views."""
    return theory.both_views_probability(parameters) if parameters.views < 3 else None


def _ties_foreseen(parameters: Parameters, runs: Runs) -> np.ndarray:
    """Share of classes for which the rule of near ties tells one view from several [seeds]."""
    own = runs[SUPERVISED]
    largest = theory.initial_largest(parameters, own["initial_correlations"].values)
    said = theory.also_learns(parameters, largest, own["own_activity"].values)
    return np.asarray((said == (block_views(parameters, own).sum(-1) > 1)).mean(-1))


def _permute(parameters: Parameters, runs: Runs) -> Runs:
    """Initial correlations permuted over the features of each kernel: the rule knows nothing."""
    own = runs[SUPERVISED]
    initial = own["initial_correlations"]
    random = stream(own, int(own["seed"].values[0]))
    permuted = (initial.dims, random.permuted(initial.values, axis=-1))
    return {**runs, SUPERVISED: own.assign(initial_correlations=permuted)}


PERMUTED = Control(
    "permuted initial correlations",
    "the rule falls to its chance level, one view in two",
    look=_permute,
)

BOTH_VIEWS = replace(NO_WINNER, seeds=8)
"""A betting interval below one half needs more than four seeds."""


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of supervised learning, and that most classes are not nearly tied [D].

    "losing view" asks how far a typical loser gets, not in how many classes it nearly wins.
    """
    p = parameters
    ties = Condition(
        "near ties",
        "P(a class learns both views) < 1/2: most classes learn exactly one",
        "L12 [D]",
        ("supervised",),
        theory.both_views_probability(p) if p.views == 2 else 0.0,
        1 - ONE_VIEW,
        strict=True,
    )
    return (*applying(p, "supervised"), ties)


CLAIMS = (
    Claim(
        id="SL.lottery",
        name="supervised.lottery",
        statement="most classes learn one of their views alone, and nearly every class first the "
        "one its initialisation favours",
        provenance="[A] abstract; rule [R], section 3; share with both views [D]",
        role="gate",
        role_reason="the reason given for the loss of supervised learning",
        horizon="T",
        measure=measure,
        controls={"supervised": (PERMUTED, BOTH_VIEWS)},
        prediction=theory.predict_lottery,
        order=1,
        legs=alone,
        conditions=conditions,
    ),
)
