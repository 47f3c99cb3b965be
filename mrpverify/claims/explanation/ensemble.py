"""ENS.union, ENS.error, ENS.vote [D]: what supervised networks of other inits know together.

Allen-Zhu and Li's other remedy, on the same data: every member plays the lottery of views alone.
Members share images and differ in their initial kernels. The shares of classes of which one member
holds both views, and neither, are measured; what K members do together follows from them. Of a seed
all groups of K of its members count: their mean is what the first K of them tell, with less noise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Estimate, recorded
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, nearest
from ...judge.per_seed import above, in_each_seed
from ...observe.ensemble import RULES
from ...parameters import STAND_INS, Parameters
from ...records.answers import single_view_answers
from ...theory import ensemble as theory
from ...theory.undefined import two_views
from ..accuracies import block_views, shares
from ..claim import Claim, Control, Runs
from ..laws.regimes import conditions, plain_supervised
from ..legs import Leg, Legs

MEMBERS = 8
SIZES = (2, 3, 5, MEMBERS)
"""K of the judged ensembles; K = 1 is a member, from which b is measured."""
PRESENCE = 0.2
"""s/k: the largest sparse presence, where a lost view costs most."""
GAIN = STAND_INS["accuracy_gain"].value


def regime(parameters: Parameters, member: int) -> Parameters:
    """The plain supervised run from one draw of the init."""
    return plain_supervised(
        parameters, PRESENCE, kernels_per_class=4, test_images=400, member=member
    )


def legs(parameters: Parameters) -> Legs:
    """Every member."""
    p = two_views(parameters)
    return {_name(member): Leg(regime(p, member)) for member in range(MEMBERS)}


def _name(member: int) -> str:
    return f"member {member}"


def _counted(number: int) -> str:
    return "one member" if number == 1 else f"{number} members"


def _members(runs: Runs) -> list[xr.Dataset]:
    return [runs[_name(member)] for member in range(MEMBERS)]


def _held(parameters: Parameters, runs: Runs) -> np.ndarray:
    """Views that every member holds [members, seeds, classes, views], bool."""
    own = regime(parameters, 0)
    return np.stack([block_views(own, run) for run in _members(runs)])


def _known(held: np.ndarray) -> tuple[float, float]:
    """b and n: shares of classes of which one member holds both views, and neither."""
    return float(held.all(-1).mean()), float((~held).all(-1).mean())


def _over_groups(members: np.ndarray, size: int, told: Callable[[np.ndarray], Any]) -> np.ndarray:
    """Mean over all groups of so many members [members, ...] of what they tell."""
    groups = (list(group) for group in combinations(range(len(members)), size))
    return np.asarray(np.mean([told(members[group]) for group in groups], axis=0))


def _right(parameters: Parameters, runs: Runs, sizes: Sequence[int]) -> dict[str, np.ndarray]:
    """Accuracy on single-view images by every rule, [seeds, sizes]."""
    logits, labels = single_view_answers(regime(parameters, 0), _members(runs))

    def accuracy(rule: str, size: int) -> np.ndarray:
        return _over_groups(logits, size, lambda group: RULES[rule](group, labels).mean(1))

    return {rule: np.stack([accuracy(rule, k) for k in sizes], -1) for rule in RULES}


def measure_union(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of (class, view) that one of K members holds, for every K."""
    held = _held(parameters, runs)
    b, n = _known(held)
    rival = Rival("what one member holds", theory.union_share(b, 1, n))
    numbers = [
        mean_number(
            f"views held by {k} members",
            _over_groups(held, k, lambda group: group.any(0).mean((1, 2))),
            theory.union_share(b, k, n),
            rival,
            resolution=1 / parameters.features,
        )
        for k in SIZES
    ]
    beside = recorded(both_views_share=b, neither_view_share=n)
    return all_numbers(numbers, "views that an ensemble holds", beside)


def measure_error(parameters: Parameters, runs: Runs) -> Measurement:
    """Single-view error of the mean of logits of K members, for every K."""
    law, (b, n) = regime(parameters, 0), _known(_held(parameters, runs))
    accuracy = _right(parameters, runs, (1, *SIZES))
    one = theory.single_view_error(law, b, 1, n)
    error = 1 - accuracy["mean of logits"][:, 1:]
    numbers = [
        _error(k, error[:, i], theory.single_view_error(law, b, k, n), one, 1 / law.test_images)
        for i, k in enumerate(SIZES)
    ]
    errors = {
        f"error of {_counted(k)}, {rule}": 1 - found[:, i]
        for rule, found in accuracy.items()
        for i, k in enumerate((1, *SIZES))
    }
    beside = (
        *recorded(both_views_share=b, neither_view_share=n),
        Estimate("one member's error predicted", one),
        *shares(errors, 1 / law.test_images),
    )
    return all_numbers(numbers, "single-view error of an ensemble", beside)


def _error(k: int, error: np.ndarray, expected: float, one: float, finest: float) -> Number:
    """Error of K members [seeds]: theirs may not fall, or as that of a mean of K noisy values."""
    rivals = Rival("the error of one member", one), Rival("one member's over sqrt K", one / k**0.5)
    rival = nearest(expected, *rivals)
    return mean_number(f"error of {k} members", error, expected, rival, resolution=finest)


def measure_vote(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which the mean of logits beats the majority vote of as many members."""
    accuracy = _right(parameters, runs, (MEMBERS,))
    logits, vote = accuracy["mean of logits"][:, 0], accuracy["majority vote"][:, 0]
    parts = {f"mean of logits minus majority vote, {MEMBERS} members": above(logits - vote, GAIN)}
    finest = 1 / regime(parameters, 0).test_images
    beside = shares({rule: found[:, 0] for rule, found in accuracy.items()}, finest)
    return in_each_seed("share of seeds in which a vote loses what logits keep", parts, beside)


def _copies(parameters: Parameters, runs: Runs) -> Runs:
    """One member in the place of all."""
    del parameters
    return dict.fromkeys(runs, runs[_name(0)])


COPIES = Control(
    "copies of one member",
    "networks that know the same know together what one of them knows",
    look=_copies,
)
_ensemble_claim = partial(
    Claim,
    provenance="[D] laws2, ENS; Allen-Zhu and Li, arXiv:2012.09816",
    role="finding",
    role_reason="no claim of the paper: another remedy for the same loss, on the same data",
    horizon="T",
    controls={"supervised": (COPIES,)},
    legs=legs,
    conditions=conditions,
)

CLAIMS = (
    _ensemble_claim(
        id="ENS.union",
        name="explanation.union",
        statement="K independent members hold the share 1 - ((1-b+n)/2)^K of the views",
        measure=measure_union,
        prediction=theory.predict_union,
        order=10,
    ),
    _ensemble_claim(
        id="ENS.error",
        name="explanation.ensemble_error",
        statement="the mean of K members' logits errs on single-view images as their union does",
        measure=measure_error,
        prediction=lambda p: theory.predict_error(regime(p, 0)),
        order=11,
    ),
    _ensemble_claim(
        id="ENS.vote",
        name="explanation.ensemble_vote",
        statement="a majority vote loses on single-view images what the mean of logits keeps",
        measure=measure_vote,
        prediction=theory.predict_vote,
        per_seed=True,
        order=12,
    ),
)
