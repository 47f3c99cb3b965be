"""KD.transfer, SD.transfer, KD.knowledge, KD.time, KD.smoothing: what soft labels teach, and why.

Allen-Zhu and Li's other theorems on the same data: a student of the same size learns from the soft
labels of an ensemble, or of one network of another init, the views that its own lottery lost. Here
all of them see the same images; the soft labels are AZL's, a softmax truncated at a cap, and the
student follows the gradient of their cross-entropy beside that of the labels. It is compared with
supervised learning from its own init for as long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import sqrt
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Estimate
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed, within
from ...objectives.distilled import theory
from ...parameters import STAND_INS, Parameters
from ...theory.undefined import several_views
from ..accuracies import (
    block_views,
    multi_view,
    of_one_view,
    own_block,
    resolution,
    single_view,
)
from ..claim import Claim, Control, Runs
from ..laws.exchange import of_another_seed
from ..laws.regimes import conditions
from ..legs import Leg, Legs
from ..paired import not_supported
from . import ensemble

MEMBERS = 4
"""Teachers, each of its own init: with the student they lack (1/2)^5 of the views at most."""
TIME = 5e4
"""T of a student and of labels alone beside it: 30 times supervised learning's (salt "explore")."""
SOFT: dict[str, Any] = {
    "framework": "distilled",
    "derivative": "exact",
    "label_temperature": 1.0,
    "teacher_scale": 1.0,
    "taught_weight": 10.0,
    "horizon": TIME,
    "tolerance": 1e-2,
}
"""A student. At a tolerance of 1e-3 and twice the time accuracies are the same (two seeds)."""
GAIN, EQUAL = STAND_INS["accuracy_gain"].value, STAND_INS["equal_accuracy"].value
AS_LONG, TAUGHT = "alone, as long", "taught"
COPIES, PERMUTED = "taught by a copy", "taught by permuted soft labels"


def student(parameters: Parameters, *teachers: Leg, **changes: Any) -> Leg:
    """Member 0 of the ensemble, taught by some legs."""
    own = replace(ensemble.regime(parameters, 0), **{**SOFT, **changes})
    return Leg(own, taught_by=teachers)


def members(parameters: Parameters) -> tuple[Leg, ...]:
    """The teachers, none of which has the student's init."""
    return tuple(Leg(ensemble.regime(parameters, 1 + number)) for number in range(MEMBERS))


def alone(parameters: Parameters) -> Leg:
    """The student's own init without a teacher."""
    return Leg(ensemble.regime(parameters, 0))


def _student(parameters: Parameters) -> Parameters:
    """The student's regime, for what is said of lost views; raises UndefinedError without any.

    A control has one view a class, so that runs are there all the same.
    """
    return ensemble.regime(several_views(parameters), 0)


def as_long(parameters: Parameters) -> Leg:
    """The same for as long as a student is taught."""
    return Leg(replace(ensemble.regime(parameters, 0), horizon=TIME))


def transfer_legs(parameters: Parameters) -> Legs:
    """A student of four teachers; others that should not gain.

    These have as many seeds: of those that a copy teaches some gain, by chance and a little more,
    and four seeds of which one is true neither refute nor support.
    """
    p, teachers = parameters, members(parameters)
    return {
        AS_LONG: as_long(p),
        TAUGHT: student(p, *teachers),
        COPIES: student(p, alone(p)),
        PERMUTED: student(p, *teachers, soft_labels="permuted"),
    }


def self_legs(parameters: Parameters) -> Legs:
    """A student of one teacher; one whose teacher is its own network."""
    p = parameters
    return {
        AS_LONG: as_long(p),
        TAUGHT: student(p, members(p)[0]),
        COPIES: student(p, alone(p)),
    }


def knowledge_legs(parameters: Parameters) -> Legs:
    """Soft labels of the image itself, and those of other images of its class."""
    p, teachers = parameters, members(parameters)
    return {
        TAUGHT: student(p, *teachers),
        PERMUTED: student(p, *teachers, soft_labels="permuted"),
    }


def smoothing_legs(parameters: Parameters) -> Legs:
    """Labels smoothed by as much as the student's own answers are soft, and labels alone."""
    p = parameters
    return {AS_LONG: as_long(p), TAUGHT: student(p, alone(p), soft_labels="smoothed")}


def measure_gain(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which the taught student gains over labels alone for as long."""
    taught, plain = runs[TAUGHT], runs[AS_LONG]
    parts = {
        "single-view gain": above(single_view(taught) - single_view(plain), GAIN),
        "multi-view difference": within(multi_view(taught) - multi_view(plain), 0.0, EQUAL),
    }
    return in_each_seed(
        "share of seeds that gain on single-view images by soft labels",
        parts,
        _seen(parameters, runs),
    )


def measure_knowledge(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which an image's own soft label teaches more than another one's."""
    gain = single_view(runs[TAUGHT]) - single_view(runs[PERMUTED])
    return in_each_seed(
        "share of seeds that gain by the soft labels of the very images",
        {"single-view gain over permuted soft labels": above(gain, GAIN)},
        _seen(parameters, runs),
    )


def time_legs(parameters: Parameters) -> Legs:
    """Those of KD.knowledge, and labels alone, which say what is lost."""
    return {AS_LONG: as_long(parameters), **knowledge_legs(parameters)}


def measure_time(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which lost views take longer by permuted soft labels, as predicted.

    The median of a seed has to be above the geometric mean of the prediction and of its rival 1.
    """
    law = ensemble.regime(parameters, 0)
    own, other = (first_crossings(law, runs[name]) for name in (TAUGHT, PERMUTED))
    lost = np.isinf(first_crossings(law, runs[AS_LONG])[: len(own)])
    slower = above(slowdown(own, other, lost), sqrt(1 / theory.visible_share(law)))
    return in_each_seed(
        "share of seeds in which an image's own soft label teaches lost views sooner",
        {"time by permuted soft labels over that by own ones": slower},
        [Estimate.of("share of views that labels alone lose", lost.mean((1, 2)))],
    )


def first_crossings(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """When a kernel of its own block crosses for a view [seeds, classes, views]; inf: none does."""
    return np.asarray(own_block(parameters, run["crossing_time"].values).min(-2))


def slowdown(own: np.ndarray, other: np.ndarray, lost: np.ndarray) -> np.ndarray:
    """Lower median over lost views of other/own, of crossing times [seeds, classes, views].

    [seeds]. A view that one of them alone crosses counts as 0 or inf; one that neither crosses is
    left out, and a seed with no other view is NaN.
    """
    alone = np.where(np.isinf(own), 0.0, np.inf)
    ratio = np.divide(other, own, out=alone, where=np.isfinite(own) & np.isfinite(other))
    return lower_medians(ratio, lost & (np.isfinite(own) | np.isfinite(other)))


def lower_medians(values: np.ndarray, counted: np.ndarray) -> np.ndarray:
    """Lower median of the values of a seed that count [seeds], NaN of none; both [seeds, ...]."""
    each = [seen[of] for seen, of in zip(values, counted, strict=True)]
    return np.array([np.quantile(v, 0.5, method="lower") if len(v) else np.nan for v in each])


def _seen(parameters: Parameters, runs: Runs) -> list[Estimate]:
    """Accuracies and views held, leg by leg."""
    law = ensemble.regime(parameters, 0)
    found = []
    for name, run in runs.items():
        held = block_views(law, run).mean((1, 2))
        found += [
            Estimate.of_share(f"single-view accuracy, {name}", single_view(run), resolution(law)),
            Estimate.of_share(f"multi-view accuracy, {name}", multi_view(run), resolution(law)),
            Estimate.of_share(f"views held, {name}", held, 1 / law.features),
        ]
    return found


def _instead(
    role: str,
    name: str,
    identifier: str,
    expected: str,
    seen: Callable[[xr.Dataset], xr.Dataset] = lambda run: run,
    **how: Any,
) -> Control:
    """The control that looks at one leg, as it is `seen`, in the place of another."""

    def look(parameters: Parameters, runs: Runs) -> Runs:
        del parameters
        return {**runs, role: seen(runs[name])}

    return Control(identifier, expected, look=look, **how)


SHOWN_ONE_VIEW = _instead(
    TAUGHT,
    AS_LONG,
    "labels alone, single-view images in the place of multi-view ones",
    "an image that shows every view is known by any of them, and one that does not is not",
    of_one_view,
)
SAME_INIT = _instead(
    TAUGHT, COPIES, "teachers of the student's init", "they know what it learns without them"
)
OTHER_IMAGES = _instead(
    TAUGHT,
    PERMUTED,
    "permuted soft labels",
    "the soft label of another image of the class says nothing about what this one shows",
)
ONE_VIEW = Control(
    "one view a class",
    "where there is one view nothing was lost",
    change=lambda parameters: {"views": 1},
)
NO_SOFT_LABELS = _instead(
    TAUGHT, AS_LONG, "labels not smoothed", "labels alone lose a view of most classes"
)
NO_KNOWLEDGE = _instead(
    TAUGHT,
    PERMUTED,
    "permuted soft labels of another seed",
    "what knows no image teaches no more than itself",
    of_another_seed,
    failed=not_supported,  # chance makes a seed true now and then
)


def _times_of_other_views(parameters: Parameters, runs: Runs) -> Runs:
    """Times by permuted soft labels, each of another lost view of the seed, in the place of own."""
    law, permuted = ensemble.regime(parameters, 0), runs[PERMUTED]
    times = first_crossings(law, permuted)
    lost = np.isinf(first_crossings(law, runs[AS_LONG])[: len(times)])
    for own, of in zip(times, lost, strict=True):
        own[of] = np.roll(own[of], 1)
    was = permuted["crossing_time"]
    by_kernel = np.broadcast_to(times.reshape(len(times), 1, -1), was.shape)
    return {**runs, TAUGHT: permuted.assign(crossing_time=(was.dims, by_kernel))}


NO_SOONER = Control(
    "times of other lost views",
    "what is taught without knowledge of an image is no sooner than itself",
    look=_times_of_other_views,
    failed=not_supported,  # chance makes a seed true now and then
)
_claim = partial(
    Claim,
    role="finding",
    role_reason="no claim of the paper: another remedy for the same loss, on the same data",
    horizon="T",
    per_seed=True,
    conditions=conditions,
)
AZL = "[R] Allen-Zhu and Li, arXiv:2012.09816; sizes [D]"

CLAIMS = (
    _claim(
        id="KD.transfer",
        name="explanation.distillation",
        statement="soft labels of an ensemble teach one network the views its own lottery lost",
        provenance=AZL,
        measure=measure_gain,
        controls={"supervised": (SAME_INIT, OTHER_IMAGES, ONE_VIEW, SHOWN_ONE_VIEW)},
        prediction=lambda p: theory.predict_transfer(_student(p)),
        order=13,
        legs=transfer_legs,
    ),
    _claim(
        id="SD.transfer",
        name="explanation.self_distillation",
        statement="soft labels of one network of another init teach views its own lottery lost",
        provenance=AZL,
        measure=measure_gain,
        controls={"supervised": (SAME_INIT, ONE_VIEW, SHOWN_ONE_VIEW)},
        prediction=lambda p: theory.predict_transfer(_student(p)),
        order=14,
        legs=self_legs,
    ),
    _claim(
        id="KD.knowledge",
        name="explanation.soft_knowledge",
        statement="an image's own soft label teaches more than that of another image of its class",
        provenance=AZL,
        measure=measure_knowledge,
        controls={"supervised": (NO_KNOWLEDGE,)},
        prediction=lambda p: theory.predict_knowledge(_student(p)),
        order=15,
        legs=knowledge_legs,
    ),
    _claim(
        id="KD.time",
        name="explanation.soft_time",
        statement="an image's own soft label teaches lost views sooner than that of another image",
        provenance="[D] objectives/distilled/theory.py: the factor 1/P of the drive, as a time",
        measure=measure_time,
        controls={"supervised": (NO_SOONER,)},
        prediction=lambda p: theory.predict_time(_student(p)),
        order=16,
        legs=time_legs,
    ),
    _claim(
        id="KD.smoothing",
        name="explanation.smoothing",
        statement="labels that are merely smoothed, by nobody's knowledge, teach lost views too",
        provenance="[D] objectives/distilled/theory.py: a rival of what soft labels know",
        measure=measure_gain,
        controls={"supervised": (NO_SOFT_LABELS, ONE_VIEW, SHOWN_ONE_VIEW)},
        prediction=lambda p: theory.predict_smoothing(_student(p)),
        order=17,
        legs=smoothing_legs,
    ),
)
