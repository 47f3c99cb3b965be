"""Claims about real networks: their evidence is looked at once, controls see it changed.

What it comes to is judged as for any other claim (`evaluate.concluded`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import xarray as xr

from ..images.setup import Setup
from ..judge.measurement import Measurement
from ..records.store import UnwritableStoreError
from ..records.work import TooLargeError
from .claim import Claim, Control, NetworkClaim, about_networks, fixed, measurement_of
from .concluded import (
    BREAKS,
    ClaimResult,
    ControlResult,
    broke,
    concluded,
    control_result,
    measured,
)


def evaluate_networks(claims: Sequence[Claim], setup: Setup) -> list[ClaimResult]:
    """Verdicts of all claims about real networks; equal evidence is gathered once."""
    gathered: dict[Any, Any] = {}
    results = []
    for claim in filter(about_networks, claims):
        if claim.evidence not in gathered:
            gathered[claim.evidence] = _gathered(claim, setup)
        results.append(_judge(claim, setup, gathered[claim.evidence]))
    return results


@dataclass(frozen=True)
class _Broken:
    """In the place of evidence that could not be gathered."""

    error: BaseException


def _gathered(claim: NetworkClaim, setup: Setup) -> Any:
    """Evidence that several claims look at: a data set cannot be written into.

    Raises UnwritableStoreError and TooLargeError, which are the machine's; what else goes wrong is
    that of the claims that need it.
    """
    try:
        evidence = claim.evidence(setup)
    except (UnwritableStoreError, TooLargeError):
        raise
    except BREAKS as error:
        return _Broken(error)
    return fixed(evidence) if isinstance(evidence, xr.Dataset) else evidence


def _lent(evidence: Any) -> Any:
    """The same for one look: a variable that it sets is not there for others."""
    return evidence.copy(deep=False) if isinstance(evidence, xr.Dataset) else evidence


def _judge(claim: NetworkClaim, setup: Setup, evidence: Any) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    if isinstance(evidence, _Broken):
        return concluded(claim, None, broke(evidence.error), ())
    found = measured(lambda: _illustrated(claim, setup, evidence))
    controls = tuple(_judge_control(claim, item, setup, evidence) for item in claim.controls[None])
    return concluded(claim, None, found, controls)


def _illustrated(claim: NetworkClaim, setup: Setup, evidence: Any) -> Measurement:
    """What it measures, with the pictures of what was seen."""
    found = _measured(claim, setup, lambda: _lent(evidence))
    return (
        found if claim.pictures is None else found.beside(*claim.pictures(setup, _lent(evidence)))
    )


def _judge_control(
    claim: NetworkClaim, control: Control, setup: Setup, evidence: Any
) -> ControlResult:
    """The claim's own statistic on what the control looks at."""
    if control.look is None:
        raise ValueError(f"{claim.id}, {control.id}: a control on real images has to look.")
    look = control.look
    return control_result(
        control, setup, _measured(claim, setup, lambda: look(setup, _lent(evidence)))
    )


def _measured(claim: NetworkClaim, setup: Setup, evidence: Callable[[], Any]) -> Measurement:
    """What it measures on the evidence; one that breaks is an ERROR of its own."""
    measure: Any = claim.measure
    return measured(lambda: measurement_of(claim, measure(setup, evidence())))
