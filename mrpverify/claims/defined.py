"""Whether a regime defines what a claim needs: its conditions, its runs, its prediction."""

from __future__ import annotations

from ..judge.verdicts import Verdict
from ..outside import OutsideError
from ..parameters import Framework, Parameters
from ..theory.condition import Condition
from ..theory.undefined import RegimeError
from .claim import Claim, Control
from .concluded import BREAKS, ClaimResult, broke, without_number


def without_runs(claim: Claim, regime: Parameters, framework: Framework) -> ClaimResult | None:
    """What is said of a claim that has no runs, or whose controls have none; None where all have.

    A RegimeError says that the regime does not define them; outside a claim's conditions so does a
    number that does not exist. Whatever else breaks is broken, and an ERROR of its own; so is a
    name that is none.
    """
    broken: tuple[Condition, ...] = ()
    try:
        broken = claim.broken(regime, framework)
        _lay_out(claim, regime, framework)
    except BREAKS as error:
        undefined = (RegimeError, ArithmeticError, ValueError) if broken else RegimeError
        if not isinstance(error, undefined) or isinstance(error, OutsideError):
            return ClaimResult(claim, framework, broke(error), (), broken, Verdict.ERROR, None)
        not_run = without_number(f"not run, no run is defined here: {error}", Verdict.INCONCLUSIVE)
        broken = broken or (not_defined(error, framework),)
        return ClaimResult(claim, framework, not_run, (), broken, Verdict.OUT_OF_REGIME, None)
    return None


def _lay_out(claim: Claim, regime: Parameters, framework: Framework) -> None:
    """Make what a regime alone decides: runs, those of controls, the prediction."""
    claim.runs_needed(regime)
    for control in claim.controls[framework]:
        if control.change is not None:
            _lay_out_control(claim, control, regime)
    predicted(claim, regime)


def _lay_out_control(claim: Claim, control: Control, regime: Parameters) -> None:
    """The same of a control, by its name: what it changes may not fit a regime that is sound."""
    try:
        claim.runs_needed(control.parameters(regime, regime.horizon))
    except OutsideError:
        raise
    except RegimeError as error:
        raise RegimeError(f"control {control.id!r}: {error}") from error


def broken_or_undefined(
    claim: Claim, regime: Parameters, framework: Framework
) -> tuple[Condition, ...]:
    """Conditions that a regime violates, or the one that says that the claim is not defined."""
    try:
        return claim.broken(regime, framework)
    except RegimeError as error:
        return (not_defined(error, framework),)


def not_defined(error: BaseException, framework: Framework) -> Condition:
    """What is violated where a regime does not define a claim; `error` says why."""
    statement = f"everything that the claim needs is defined ({error})"
    return Condition("defined here", statement, "section 4 [D]", (framework,), 1.0, 0.0)


def predicted(claim: Claim, regime: Parameters) -> str | None:
    """What the claim predicts; why it cannot, where it breaks: that takes nothing from its runs.

    Raises RegimeError where the regime does not define what it is about.
    """
    if claim.prediction is None:
        return None
    try:
        text: object = claim.prediction(regime)
        if not isinstance(text, str):
            raise TypeError(f"it is a {type(text).__name__}, and no sentence")
        return text
    except RegimeError:
        raise
    except BREAKS as error:
        return f"none, the prediction failed with {type(error).__name__}: {error}"
