"""CMP.unequal [R, D]: which view labels teach depends on how loud it is; pretraining learns both.

The last view of every class is fainter: S_2/S_1 of its activity S = E sum z^q, the same image
otherwise. Supervised learning learns the view with the larger Lambda_l(0) S_l^{1/(q-2)}. In the
masked autoencoder what one kernel has learned is no drive for the others, which turn to the view
that is left, however faint it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import xarray as xr

from ...judge.findings import Curve, Table
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, quarter
from ...parameters import STAND_INS, Parameters, changed
from ...theory import unequal_views as theory
from ...theory.supervised import winning_view
from ...theory.undefined import several_views
from ..accuracies import (
    SINGLE_VIEW_ACCURACY,
    block_views,
    captured_views,
    resolution,
    share,
    single_view,
)
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..laws.curves import curve
from ..legs import Leg, Legs, fine_tuned, supervised
from ..observed import reached
from ..supervised.runs import observed_winner, predicted_winner

LAW = "imperfect"
ACTIVITIES = (0.6, 0.3)
"""S_2/S_1 that are judged: the least the question names, and half of it."""
EQUAL = 1.0
AGREEMENT = STAND_INS["winner_share"].value


def regime(parameters: Parameters, activity: float) -> Parameters:
    """The preset's regime with S_2/S_1 = activity; the paper's own law where views are equal."""
    if activity == EQUAL:
        return parameters
    return changed(parameters, law=LAW, faintness=theory.faintness_of(parameters, activity))


def _encoder(activity: float) -> str:
    return f"encoder, S_2/S_1 = {activity:g}"


def _tuned(activity: float) -> str:
    return f"fine-tuned, S_2/S_1 = {activity:g}"


def _scratch(activity: float) -> str:
    return f"supervised, S_2/S_1 = {activity:g}"


def legs(parameters: Parameters) -> Legs:
    """Pretraining, its fine-tuning and supervised learning at every ratio; the last at 1 too."""
    found: dict[str, Leg] = {_scratch(EQUAL): supervised(several_views(parameters))}
    for activity in ACTIVITIES:
        own = regime(parameters, activity)
        found[_encoder(activity)] = Leg(own)
        found[_tuned(activity)] = fine_tuned(own)
        found[_scratch(activity)] = supervised(own)
    return found


@dataclass(frozen=True, eq=False)
class _Found:
    """One ratio of activities, by seed [seeds]."""

    activity: float
    right: np.ndarray
    """Share of the classes whose winner is the foretold one."""
    alone: np.ndarray
    """The same were the larger Lambda(0) alone to decide."""
    faint: np.ndarray
    """Share of the classes in which the fainter view wins."""
    captured: np.ndarray
    """Share of the views that pretraining captures."""
    kept: np.ndarray
    """The same if every kernel kept to its own largest start."""
    tuned: np.ndarray
    scratch: np.ndarray
    """Single-view accuracies."""
    learned: np.ndarray
    """Share of the views that supervised learning holds."""


def _find(parameters: Parameters, runs: Runs, activity: float) -> _Found:
    """What is known of one ratio."""
    own = regime(parameters, activity)
    labels, scratch, encoder = (
        supervised(own).parameters,
        runs[_scratch(activity)],
        runs[_encoder(activity)],
    )
    there = reached(scratch)[:, None]
    foretold, won = predicted_winner(labels, scratch), observed_winner(labels, scratch)
    plain = winning_view(labels, scratch["initial_correlations"].values)
    return _Found(
        activity,
        ((won == foretold) & there).mean(-1),
        (plain == foretold).mean(-1),
        ((won == own.views - 1) & there).mean(-1),
        (captured_views(own, encoder) & reached(encoder)[:, None, None]).mean((1, 2)),
        _kept(own, encoder, activity),
        single_view(runs[_tuned(activity)]),
        single_view(scratch),
        block_views(labels, scratch).mean((1, 2)),
    )


def _kept(own: Parameters, encoder: xr.Dataset, activity: float) -> np.ndarray:
    """Share of the features that are the largest weighted start of some kernel [seeds]."""
    start = encoder["initial_correlations"].values
    first = theory.largest_weighted(own, start, theory.faintness_of(own, activity))
    return np.asarray(theory.some_kernel(first, own.features).mean(-1))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Means over seeds at every ratio: winners foretold, views captured, single-view accuracy."""
    found = [_find(parameters, runs, activity) for activity in ACTIVITIES]
    numbers = [number for one in found for number in _numbers(parameters, one)]
    return all_numbers(
        numbers,
        "views of unequal strength",
        [_curve(parameters, found), Table("ratios", [_row(parameters, one) for one in found])],
    )


def _numbers(parameters: Parameters, found: _Found) -> tuple[Number, ...]:
    """The three numbers of one ratio."""
    p, at = parameters, f"S_2/S_1 = {found.activity:g}"
    alone = Rival("Lambda alone decides", _mean(found.alone))
    kept = Rival("every kernel keeps to its largest start", _mean(found.kept))
    lost = Rival("as supervised learning", _mean(found.scratch))
    return (
        mean_number(
            f"classes whose foretold view wins, {at}", found.right, 1.0, alone,
            around_one(AGREEMENT), 1 / p.classes,
        ),
        mean_number(
            f"views captured by pretraining, {at}", found.captured, 1.0, kept,
            quarter(1.0, kept), 1 / p.features,
        ),
        mean_number(
            f"single-view accuracy, fine-tuned, {at}", found.tuned, 1.0, lost,
            around_one(SINGLE_VIEW_ACCURACY), resolution(p),
        ),
    )  # fmt: skip


def around_one(least: float) -> tuple[float, float]:
    """A band for a share that is predicted to be 1; an interval of all ones reaches beyond it."""
    return least, 2 - least


def _curve(parameters: Parameters, found: Sequence[_Found]) -> Curve:
    """How often the fainter view wins, as measured and as foretold without any draw."""
    activities = np.array([one.activity for one in found])
    p = supervised(parameters).parameters
    foretold = [theory.faint_wins(p, theory.faintness_of(p, s)) for s in activities]
    return curve(
        "fainter view",
        ("S_2/S_1", activities),
        ("classes in which supervised learning learns it", np.stack([f.faint for f in found], -1)),
        np.array(foretold),
        np.full(len(found), 0.5),
    )


def _row(parameters: Parameters, found: _Found) -> dict[str, object]:
    """Accuracies and shares behind the numbers."""
    finest = resolution(parameters)
    return {
        "S_2/S_1": found.activity,
        "fine-tuned": share(found.tuned, finest),
        "supervised": share(found.scratch, finest),
        "views learned, supervised": share(found.learned),
        "views captured, pretraining": share(found.captured),
        "views that are some kernel's largest start": share(found.kept),
    }


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values))


def _equal_strength(parameters: Parameters, runs: Runs) -> Runs:
    """Winners among equally loud views, where those among unequal ones are foretold."""
    del parameters
    equal = runs[_scratch(EQUAL)]
    loud = {_scratch(a): _with_outcome(runs[_scratch(a)], equal) for a in ACTIVITIES}
    return {**runs, **loud}


def _with_outcome(own: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """A run's start and images with another one's crossings."""
    return own.assign(crossing_time=(own["crossing_time"].dims, other["crossing_time"].values))


EQUAL_STRENGTH = Control(
    "winners among equally loud views",
    "from the same start another view wins where both are as loud",
    look=_equal_strength,
)
HALF_SHOWN = Control(
    "pretraining without one view of every class",
    "what no image shows is not captured, loud or faint",
    change=lambda parameters: {"coverage": 1 / parameters.views},
    seeds=CONTROL_SEEDS,
)

CLAIMS = (
    Claim(
        id="CMP.unequal",
        name="explanation.unequal_views",
        statement="supervised learning learns the view with the larger Lambda S^{1/(q-2)}; "
        "pretraining captures both and classifies by either, however unequal they are",
        provenance="[R] section 3, the rule; [D] L2 with S; capture [D]",
        role="finding",
        role_reason="the paper's law has views of equal strength",
        horizon="T",
        measure=measure,
        controls={"mae": (EQUAL_STRENGTH, HALF_SHOWN)},
        prediction=lambda parameters: theory.predict_labels(parameters, ACTIVITIES),
        order=23,
        legs=legs,
        relies_on=("supervised", "fine-tuning"),
    ),
)
