"""What is derived about an objective: it comes with it, or stays open.

The theory of an objective that is a folder is had without its gradient. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import outside
from .parameters import Framework


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
    coverage_time: Callable[[Any], float] | None = None
    """Time at which all that is learned is usually there: what a run takes is foretold by it."""
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


def theory_of(framework: Framework) -> Theory:
    """What is derived about an objective; raises OutsideError where there is no such objective."""
    beside = outside.beside(framework, "theory")
    whose = outside.load(outside.OBJECTIVES, framework).theory if beside is None else beside.THEORY
    found: Theory = whose
    return found


def theory_files() -> tuple[Path, ...]:
    """The source files of the theories of this package's objectives."""
    ours = (outside.beside(name, "theory") for name in outside.own(outside.OBJECTIVES))
    return tuple(Path(str(theory.__file__)) for theory in ours if theory is not None)


def derived(framework: Framework, name: str, *arguments: Any) -> float:
    """The derivation of that name in an objective's theory, NaN if open; raises as `theory_of`."""
    rule = getattr(theory_of(framework), name)
    return float("nan") if rule is None else float(rule(*arguments))


def predicted(framework: Framework, claim: str, parameters: Any) -> str:
    """What an objective's theory says of a claim, by its id, at a regime; or "no prediction"."""
    says = theory_of(framework).predictions.get(claim)
    return no_prediction(framework) if says is None else says(parameters)


def no_prediction(framework: Framework) -> str:
    """What is said where a derivation is open."""
    return f"no prediction: nothing is derived for {framework}"
