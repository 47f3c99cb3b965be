"""Claims about real networks: their evidence is looked at once, controls see it changed.

What it comes to is judged as for any other claim (`evaluate.concluded`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..images.setup import Setup
from ..judge.measurement import Measurement
from .claim import Claim, Control, NetworkClaim, about_networks, measurement_of
from .concluded import ClaimResult, ControlResult, concluded, control_result, measured


def evaluate_networks(claims: Sequence[Claim], setup: Setup) -> list[ClaimResult]:
    """Verdicts of all claims about real networks; equal evidence is gathered once."""
    gathered: dict[Any, Any] = {}
    results = []
    for claim in filter(about_networks, claims):
        if claim.evidence not in gathered:
            gathered[claim.evidence] = claim.evidence(setup)
        results.append(_judge(claim, setup, gathered[claim.evidence]))
    return results


def _judge(claim: NetworkClaim, setup: Setup, evidence: Any) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    pictures = () if claim.pictures is None else claim.pictures(setup, evidence)
    found = _measured(claim, setup, lambda: evidence).beside(*pictures)
    controls = tuple(_judge_control(claim, item, setup, evidence) for item in claim.controls[None])
    return concluded(claim, None, found, controls)


def _judge_control(
    claim: NetworkClaim, control: Control, setup: Setup, evidence: Any
) -> ControlResult:
    """The claim's own statistic on what the control looks at."""
    if control.look is None:
        raise ValueError(f"{claim.id}, {control.id}: a control on real images has to look.")
    look = control.look
    return control_result(control, setup, _measured(claim, setup, lambda: look(setup, evidence)))


def _measured(claim: NetworkClaim, setup: Setup, evidence: Callable[[], Any]) -> Measurement:
    """What it measures on the evidence; one that breaks is an ERROR of its own."""
    measure: Any = claim.measure
    return measured(lambda: measurement_of(claim, measure(setup, evidence())))
