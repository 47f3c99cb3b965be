"""Judging claims about real images: their evidence is looked at once, controls see it changed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ..images.setup import Setup
from ..judge.verdicts import Verdict, final_verdict
from .claim import Claim, Control
from .evaluate import ClaimResult, ControlResult, measured


def about_images(claim: Claim) -> bool:
    """Whether a claim is about real images: it has evidence instead of a regime."""
    return claim.evidence is not None


def evaluate_images(claims: Sequence[Claim], setup: Setup) -> list[ClaimResult]:
    """Verdicts of all claims about real images; equal evidence is gathered once."""
    gathered: dict[Any, Any] = {}
    results = []
    for claim in claims:
        if claim.evidence is None:
            continue
        if claim.evidence not in gathered:
            gathered[claim.evidence] = claim.evidence(setup)
        results.append(_judge(claim, setup, gathered[claim.evidence]))
    return results


def _judge(claim: Claim, setup: Setup, evidence: Any) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    measurement = measured(lambda: claim.measure(setup, evidence))
    controls = tuple(_judge_control(claim, item, setup, evidence) for item in claim.controls[None])
    failing = any(r.measurement.measured is Verdict.ERROR for r in controls)
    verdict = final_verdict(
        Verdict.ERROR if failing else measurement.measured,
        controls_failed=all(result.failed_as_it_should for result in controls),
        in_regime=True,
    )
    draw = None if claim.pictures is None else partial(claim.pictures, setup, evidence)
    return ClaimResult(claim, None, measurement, controls, (), verdict, None, draw)


def _judge_control(claim: Claim, control: Control, setup: Setup, evidence: Any) -> ControlResult:
    """The claim's own statistic on what the control looks at."""
    look = control.look
    if look is None:
        raise ValueError(f"{claim.id}, {control.id}: a control on real images has to look.")
    measurement = measured(lambda: claim.measure(setup, look(setup, evidence)))
    sound = measurement.measured is not Verdict.ERROR
    return ControlResult(control, measurement, sound and control.failed(setup, measurement))
