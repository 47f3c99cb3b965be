"""What claims and controls came to: a verdict from what was measured, whatever broke."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..judge.findings import Picture, recorded
from ..judge.measurement import Measurement
from ..judge.verdicts import Verdict, final_verdict
from ..parameters import Framework
from ..theory.condition import Condition
from .claim import Claim, Control

BREAKS = (Exception, SystemExit)
"""What breaks one claim alone. An exit of its own counts: its code would pass for a verdict."""


@dataclass(frozen=True)
class ControlResult:
    """What a control did: its measurement, and whether it failed as it should."""

    control: Control
    measurement: Measurement
    failed_as_it_should: bool


@dataclass(frozen=True)
class ClaimResult:
    """A claim in one framework with everything its verdict rests on."""

    claim: Claim
    framework: Framework | None
    measurement: Measurement
    controls: tuple[ControlResult, ...]
    violated: tuple[Condition, ...]
    verdict: Verdict
    prediction: str | None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """What can be drawn of it. Drawn when a page is written: it may look at images again."""
        return tuple(one for one in self.measurement.findings if isinstance(one, Picture))


def counts(result: ClaimResult) -> bool:
    """Whether a claim counts for the exit code: gates do, and whatever broke."""
    return result.claim.role == "gate" or result.verdict is Verdict.ERROR


def concluded(
    claim: Claim,
    framework: Framework | None,
    measurement: Measurement,
    controls: tuple[ControlResult, ...],
    broken: tuple[Condition, ...] = (),
    prediction: str | None = None,
) -> ClaimResult:
    """The verdict of a claim, about simulations or about real networks, from what was measured."""
    failing = any(control.measurement.measured is Verdict.ERROR for control in controls)
    verdict = final_verdict(
        Verdict.ERROR if failing else measurement.measured,
        controls_failed=all(control.failed_as_it_should for control in controls),
        in_regime=not broken,
    )
    return ClaimResult(claim, framework, measurement, controls, broken, verdict, prediction)


def control_result(
    control: Control, measured_in: Any, measurement: Measurement, enough: bool = True
) -> ControlResult:
    """What a control did; `measured_in` is its regime, or the setup of real networks.

    One that broke, or had not `enough` seeds, has not failed as it should.
    """
    sound = enough and measurement.measured is not Verdict.ERROR
    try:
        failed = sound and control.failed(measured_in, measurement)
    except BREAKS as error:
        return ControlResult(control, broke(error), False)
    return ControlResult(control, measurement, failed)


def measured(measure: Callable[[], Measurement]) -> Measurement:
    """A measurement; one that breaks is an ERROR of its own claim, the others go on."""
    try:
        return measure()
    except BREAKS as error:
        return broke(error)


def broke(error: BaseException) -> Measurement:
    """What is said of a claim that broke with an error."""
    return without_number(
        f"failed with {type(error).__name__}: {error}",
        Verdict.ERROR,
        traceback="".join(traceback.format_exception(error)),
    )


def without_number(statistic: str, verdict: Verdict, **details: str) -> Measurement:
    """What is said of a claim that came to no number."""
    undefined = float("nan")
    return Measurement(
        statistic=statistic,
        value=undefined,
        interval=(undefined, undefined),
        threshold=undefined,
        measured=verdict,
        findings=recorded(**details),
    )
