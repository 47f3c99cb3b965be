"""T1.lottery [R]: the first feature a kernel captures is the one its initialisation favours."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from ...judge.findings import Estimate, Finding, Note, recorded
from ...judge.intervals import mean_interval
from ...judge.measurement import Measurement, share_of_seeds
from ...judge.verdicts import Verdict
from ...observe.correlations import first_crossed
from ...parameters import STAND_INS, Parameters
from ...theory import growth, lottery
from ..claim import Claim, Control
from ..observed import known_at_horizon
from .controls import stream

GATE = STAND_INS["lottery_share"].value
CHANCE_CONFIDENCE = 0.999
"""Level at which the permuted control must contain chance: at 90 % an honest control would be
rejected, and the claim called uninformative, in one run out of ten."""


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Share of seeds in which most crossed kernels have the predicted first feature.

    The rule that is judged: argmax C(0) R_v^{1/(2q-2)} for teacher-student, argmax C(0) for MAE.
    """
    first = first_crossed(runs["crossing_time"].values, runs["crossing_correlations"].values)
    rules = _rules(parameters, runs)
    shares = {name: _share(first, predicted) for name, predicted in rules.items()}
    judged = next(iter(shares))
    beside: tuple[Finding, ...] = (
        Estimate.of_share("share of kernels", shares[judged]),
        _compared(shares, lottery.chance_level(parameters)),
        *recorded(
            rule=judged,
            wide_interval=list(mean_interval(shares[judged], CHANCE_CONFIDENCE)),
            mean_crossed_kernels=float((first >= 0).sum(-1).mean()),
        ),
    )
    statistic = "share of seeds in which most kernels cross first for the predicted feature"
    more_often = np.nan_to_num(shares[judged]) > GATE  # a seed in which none crossed is no success
    return share_of_seeds(more_often, statistic, beside, known=_known(runs, first))


def _known(runs: xr.Dataset, first: np.ndarray) -> np.ndarray:
    """Seeds whose kernels have crossed, or will not any more [seeds]."""
    return known_at_horizon(runs) | (first >= 0).any(-1)


def predicted_first_feature(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """First feature [..., kernels] of every kernel by the rule that is judged."""
    return next(iter(_rules(parameters, runs).values()))


def _rules(parameters: Parameters, runs: xr.Dataset) -> dict[str, np.ndarray]:
    """Predicted first feature [..., kernels] of each rule; the first rule is the one judged.

    R_v is that of the images the kernels were trained on: classes and strengths of a finite data
    set differ, in the law itself all features grow at one rate.
    """
    initial = runs["initial_correlations"].values
    plain = lottery.plain_first_feature(initial)
    if parameters.framework == "teacher-student":
        rates = growth.drawn_growth_rates(
            parameters, runs["squared_activity"].values, runs["patch_activity"].values
        )
        rated = lottery.teacher_student_first_feature(parameters, initial, rates)
        return {"largest C(0) R^(1/(2q-2))": rated, "largest C(0)": plain}
    derived = lottery.mae_first_feature(parameters, initial)
    return {"largest C(0)": plain, "one-kernel plateau dynamics (derived)": derived}


def _share(first: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Share of crossed kernels with the predicted first feature [seeds], NaN where none crossed."""
    some = first >= 0
    number = some.sum(-1)
    agree = (some & (first == predicted)).sum(-1)
    return np.where(number > 0, agree / np.maximum(number, 1), np.nan)


def _compared(shares: Mapping[str, np.ndarray], chance: float) -> Note:
    """The share of kernels [seeds] that every rule gets right, on average, beside chance."""
    rules = {name: Estimate.of_share(name, share) for name, share in shares.items()}
    words = "; ".join(
        f"{n}: {rule.value:.3f}" for n, rule in rules.items() if rule.value is not None
    )
    kept_rules = {name: rule.summary() for name, rule in rules.items()}
    return Note(
        "rules", (f"{words} (chance {chance:.3f})",), "rules",
        {"rules": kept_rules, "chance": chance},
    )  # fmt: skip


def _permute(parameters: Parameters, runs: xr.Dataset) -> xr.Dataset:
    """Initial correlations permuted over the features of each kernel: the rule knows nothing."""
    permuted = runs.copy()
    random = stream(runs, int(runs["seed"].values[0]))
    initial = runs["initial_correlations"]
    permuted["initial_correlations"] = (
        initial.dims,
        random.permuted(initial.values, axis=-1),
    )
    return permuted


def _at_chance(parameters: Parameters, measurement: Measurement) -> bool:
    """Whether the statistic is refuted and its 99.9 % interval contains 1/(2k)."""
    low, high = measurement.details["wide_interval"]
    at_chance = low <= lottery.chance_level(parameters) <= high
    return bool(at_chance and measurement.measured is Verdict.REFUTED)


PERMUTED = Control(
    "permuted initial correlations",
    "agreement falls to its chance level 1/(2k)",
    look=_permute,
    failed=_at_chance,
)

CLAIMS = (
    Claim(
        id="T1.lottery",
        name="theorem1.lottery",
        statement="the first feature a kernel captures is predicted by its initial correlations",
        provenance="[R] section 3; rate R_v [D], L2",
        role="gate",
        role_reason="the mechanism behind coverage",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (PERMUTED,), "mae": (PERMUTED,)},
        per_seed=True,
        order=6,
    ),
)
