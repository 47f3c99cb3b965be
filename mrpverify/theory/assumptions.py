"""Regime conditions: when a finite regime can stand in for the asymptotic one (section 1 [D]).

`conditions` lists all of them for all frameworks; `violated` those a framework's verdict depends
on. Those of "fine-tuning" are about what follows the regime's pretraining.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf, log, sqrt
from typing import Any

import numpy as np

from .. import outside
from ..derivations import theory_of
from ..parameters import FRAMEWORKS, PRETRAINING, STAND_INS, Parameters
from ..parts.law import MULTI_VIEW_LAW
from .co_occurrence import expected_patch_count
from .condition import Condition, chosen, expected, much_less
from .curvature import is_smooth, largest_curvature
from .data_law import ROLES, Role, of_kind, roles
from .final_correlation import final_correlation

EVERY: tuple[str, ...] = (*FRAMEWORKS, "fine-tuning")
SECTION = "section 1 [D]"

GAMMA_LIMIT = 0.4
"""Upper end of the off-class range of the law (section 1, step 4 [R]); Gamma must lie below it."""


def conditions(parameters: Parameters, frameworks: Sequence[str] = EVERY) -> tuple[Condition, ...]:
    """Every condition of section 1 and of the frameworks, with a Lambda_end or a step once each.

    Those of a framework that is not asked for are left out: some follow a flow.
    """
    return tuple(_conditions(parameters, frameworks))


def _conditions(p: Parameters, frameworks: Sequence[str]) -> Iterator[Condition]:
    """The same one by one, those that cost nothing first: some of the others follow a flow."""
    images = image_conditions(p)
    yield from images
    told = {condition.id for condition in images}
    yield from (condition for condition in _of_runs(p, frameworks) if condition.id not in told)


def _of_runs(p: Parameters, frameworks: Sequence[str]) -> Iterator[Condition]:
    """What is no matter of images."""
    yield from _scale_conditions(p)
    yield from (_noise_reach(p, framework) for framework in frameworks)
    if p.method == "descent":
        yield from (_step_size(p, framework) for framework in frameworks if framework in FRAMEWORKS)
    for framework in frameworks:
        yield from _own(framework, p)


def applying(parameters: Parameters, framework: str) -> tuple[Condition, ...]:
    """Conditions that apply to a framework; ValueError for an unknown one.

    To an objective that is not among EVERY apply those that apply to all, and its own.
    """
    return tuple(_applying(parameters, framework))


def applying_one(parameters: Parameters, framework: str, condition: str) -> Condition | None:
    """The applying condition of that id, found without what comes after it; None for none such.

    Raises ValueError as `applying` does.
    """
    return next((c for c in _applying(parameters, framework) if c.id == condition), None)


def _applying(p: Parameters, framework: str) -> Iterator[Condition]:
    """Conditions that apply to a framework, one by one."""
    if framework in EVERY:
        yield from (c for c in _conditions(p, (framework,)) if framework in c.applies_to)
        return
    own = _own(framework, p)
    yield from (c for c in _conditions(p, ()) if set(EVERY) <= set(c.applies_to))
    yield from own


def _own(framework: str, p: Parameters) -> tuple[Condition, ...]:
    """What an objective adds; raises OutsideError for what are no conditions."""
    return _conditions_of(f"objective {framework}", theory_of(framework).conditions(p))


def _conditions_of(whose: str, found: Any) -> tuple[Condition, ...]:
    """The same as a tuple; raises OutsideError where one is no condition between two numbers."""
    several = found if isinstance(found, tuple | list) else [found]
    for one in several:
        if not isinstance(one, Condition):
            raise outside.OutsideError(f"{whose}: its conditions hold {one!r}, and no Condition.")
        for side in (one.left, one.right):
            if not isinstance(side, int | float | np.floating | np.integer):
                raise outside.OutsideError(
                    f"{whose}: its condition {one.id!r} holds {side!r}, where a number is wanted."
                )
    return tuple(several)


def violated(parameters: Parameters, framework: str) -> tuple[Condition, ...]:
    """Conditions that apply to the framework and fail; ValueError for an unknown framework."""
    return tuple(c for c in applying(parameters, framework) if not c.holds)


def image_conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """What the images of the regime's law must look like: what the law says, or its roles."""
    p = parameters
    law = None if p.law == MULTI_VIEW_LAW else outside.load(outside.LAWS, p.law)
    own = None if law is None else law.conditions
    return of_roles(p) if own is None else _conditions_of(f"law {p.law}", own(p))


def of_roles(parameters: Parameters) -> tuple[Condition, ...]:
    """What the roles of a law must be like: strengths and presence of features, where it shows any.

    Images without features (signal=false) are a control, and it is asked of their law all the same.
    """
    p, sparse = replace(parameters, signal=True), STAND_INS["sparse_presence"].value
    shown, weak, off, alone = (of_kind(p, kind) for kind in ROLES)
    gamma = max(r.high for r in alone)
    return (
        # The weak view's sum lies in [rho, 2 rho].
        much_less(
            "weak view", "rho << Gamma", SECTION, EVERY, max(r.high for r in weak) / 2, gamma
        ),
        Condition(
            "single-view off-class", "Gamma < 0.4", SECTION, EVERY, gamma, GAMMA_LIMIT, strict=True
        ),
        Condition(
            "off-class strength",
            "the largest off-class sum z is below half the least own one",
            "section 1, step 4 [R]",
            EVERY,
            max(r.high for r in off),
            min(r.low for r in shown) / 2,
            strict=True,
        ),
        Condition(
            "sparse presence",
            f"s/k <= {sparse:g}",
            SECTION,
            EVERY,
            _presence((*off, *alone), p.classes),
            sparse,
        ),
        much_less(
            "enough images",
            "2k (1 - P(present))^N << 1 - p0: every feature is in some image",
            SECTION,
            EVERY,
            expected(p.features * max(1 - sum(r.probability for r in roles(p)), 0.0) ** p.images),
            1 - STAND_INS["success_rate"].value,
        ),
    )


def _presence(off: Sequence[Role], classes: int) -> float:
    """s/k: probability that a feature of another class is present; what rounding adds is cut."""
    return round(sum(r.probability for r in off) / (1 - 1 / classes), 12) if classes > 1 else 0.0


def _scale_conditions(p: Parameters) -> tuple[Condition, ...]:
    """What network, masks and initialisation must be like."""
    largest = p.init_scale * sqrt(2 * log(max(p.features * p.kernels, 2)))
    return (
        much_less(
            "initial scale",
            "sigma_0 sqrt(2 log(2k km)) << varrho: nothing is held at the start",
            SECTION,
            EVERY,
            largest,
            p.linear_from,
        ),
        Condition(
            "feature noise",
            "gamma <= sigma_0/k",
            SECTION,
            EVERY,
            p.feature_noise,
            p.init_scale / p.classes,
        ),
        Condition(
            "mask ratio",
            "0 < theta < 1: some patches are masked, some are seen",
            SECTION,
            PRETRAINING,
            # theta <= 0 shows nothing; it has no loss (division by theta), hence no finite side.
            p.visible if p.visible > 0 else inf,
            1.0,
            strict=True,
        ),
        Condition(
            "shown features",
            "signal, and coverage = 1: training shows every feature",
            SECTION,
            (*PRETRAINING, "fine-tuning"),
            1.0,
            p.coverage if p.signal else 0.0,
        ),
        chosen(
            "drawn init",
            "init = gaussian: kernels are independent (the others are for laws and controls)",
            SECTION,
            EVERY,
            p.init == "gaussian",
        ),
        Condition(
            "activation power",
            "q >= 3: at q = 2 no feature of a kernel wins (L5)",
            "section 3, Theorem 1 [R]; L5 [D]",
            EVERY,
            3.0,
            float(p.power),
        ),
    )


def _noise_reach(p: Parameters, framework: str) -> Condition:
    """Noise off the span too: what its own patches teach a kernel is as long as what it holds.

    Measured: 0.1 Lambda_end where sigma_p is 0.05, more than Lambda_end where it is 0.2.
    """
    norm = final_correlation(p, framework)
    peak = sqrt(2 * log(max(p.images * expected_patch_count(p), 2)))
    return much_less(
        "noise reach",
        "sigma_p Lambda_end sqrt(2 log NP) << varrho: noise must not switch on a foreign patch",
        SECTION,
        (framework,),
        p.patch_noise * norm * peak,
        p.linear_from,
    )


def _step_size(p: Parameters, framework: str) -> Condition:
    """Overshoot mixes classes and loses features. Supervised runs have a step of their own."""
    step = p.supervised_step if framework == "supervised" else p.step
    return _small_step(framework, "after capture", step * largest_curvature(p, framework))


def measured_step_size(run: Parameters, curvature: float) -> Condition | None:
    """The same for a run by descent, with the largest curvature >= 0 that it ended with.

    None for a flow, which has no step, and where a gain jumps, which has no curvature.
    """
    if run.method != "descent" or not is_smooth(run):
        return None
    return _small_step(run.framework, "that the runs end with", run.step * curvature)


def _small_step(framework: str, where: str, left: float) -> Condition:
    """eta lambda < 1: descent follows the flow, a little late (A.descent)."""
    statement = f"eta times the largest curvature {where} < 1"
    return Condition("step size", statement, SECTION, (framework,), left, 1.0, strict=True)
