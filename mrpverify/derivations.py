"""What is derived about an objective from outside: it comes with it, or stays open.

The objectives of this package have theirs in ``mrpverify.theory``. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import outside
from .parameters import EVERY, Framework


def _none(parameters: Any) -> tuple[Any, ...]:
    """No condition of its own."""
    del parameters
    return ()


@dataclass(frozen=True, kw_only=True)
class Theory:
    """Derivations; one that is None is open, and what needs it says "no prediction"."""

    exponent: Callable[[int], int] | None = None
    """n of T ~ sigma_0^{-n}, from the power q (L2)."""
    crossing_time: Callable[[Any, float], float] | None = None
    """(parameters, initial correlation > 0) -> time until a feature alone is crossed."""
    final_correlation: Callable[[Any], float] | None = None
    """Lambda_end, where a kernel that holds one feature ends."""
    curvature: Callable[[Any], float] | None = None
    """Largest curvature after capture, for the step-size condition of a descent."""
    predictions: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    """By the id of a claim: one sentence."""
    conditions: Callable[[Any], tuple[Any, ...]] = _none
    """Regime conditions of its own (`theory.condition.Condition`), beside those of the data law."""


OPEN = Theory()
"""Nothing is derived."""


def theory_of(framework: Framework) -> Theory | None:
    """What an objective from outside brings; None for one of this package."""
    if framework in EVERY:
        return None
    found: Theory = outside.load(outside.OBJECTIVES, framework).theory
    return found


def derived(
    own: Mapping[Framework, Callable[..., float]],
    framework: Framework,
    name: str,
    *arguments: Any,
) -> float:
    """A derivation of this package, or the one of that name that comes from outside; NaN if open.

    Raises ValueError for an objective that is neither.
    """
    if framework in own:
        return own[framework](*arguments)
    theory = theory_of(framework)
    if theory is None:
        raise ValueError(f"framework must be one of {', '.join(own)}, got {framework!r}")
    rule = getattr(theory, name)
    return float("nan") if rule is None else float(rule(*arguments))


def no_prediction(framework: Framework) -> str:
    """What is said where a derivation is open."""
    return f"no prediction: nothing is derived for {framework}"
