"""S.further [D]: what S.capture says, at eight and sixteen times the preset's k (64 and 128).

A gradient at k = 128 is 6e10 operations of a seed even with the one kernel of each class that is
trained there (kernels do not interact, L10): seconds on a core, milliseconds on a GPU. So the claim
stands in a group of its own, which runs when it is named:

    mrpverify check further --device cuda
"""

from __future__ import annotations

from dataclasses import replace

from ...judge.measurement import Measurement
from ...parameters import Parameters
from ...theory.condition import Condition
from ..claim import Claim, Runs
from ..legs import Legs
from .capture import CONSTANT_M, conditions_at, constant_m_at, legs_at, measured_at

TIMES = (8, 16)
"""The preset's own k that many times."""


def sizes(parameters: Parameters) -> tuple[int, ...]:
    """Numbers of classes, two."""
    return tuple(times * parameters.classes for times in TIMES)


def legs(parameters: Parameters) -> Legs:
    """One run at both k, of some kernels of every class."""
    return legs_at(parameters, sizes(parameters), partly=len(TIMES))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Captured share at both k, and at the larger the draws that miss a feature."""
    return measured_at(parameters, runs, sizes(parameters))


def conditions(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at both k."""
    return conditions_at(parameters, sizes(parameters))


def _constant_m(parameters: Parameters, runs: Runs) -> Runs:
    """The first kernels of every class alone."""
    return constant_m_at(runs, sizes(parameters))


CLAIMS = (
    Claim(
        id="S.further",
        name="further.capture",
        statement="the captured, class-pure share goes on to 1 as 1 - k^{-c/2} at eight and "
        "sixteen times the preset's k",
        provenance="[D] laws2, SC; L1",
        role="finding",
        role_reason="it is S.capture where a GPU is wanted",
        horizon="crossing",
        measure=measure,
        controls={"teacher-student": (replace(CONSTANT_M, look=_constant_m),)},
        legs=legs,
        conditions=conditions,
    ),
)
