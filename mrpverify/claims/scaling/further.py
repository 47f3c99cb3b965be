"""S.further and S.later [D]: S.capture and S.time up to sixteen times the preset's k (128).

A gradient of S.further at k = 128 is 6e10 operations of a seed even with the one kernel of each
class that is trained there (kernels do not interact, L10): seconds on a core, milliseconds on a
GPU. So these claims stand in a group of their own, which runs when it is named:

    mrpverify check further --device cuda
"""

from __future__ import annotations

from dataclasses import replace

from ...judge.measurement import Measurement
from ...parameters import Parameters
from ...theory.condition import Condition
from ..claim import Claim, Runs
from ..legs import Legs
from . import exponents
from .capture import CONSTANT_M, conditions_at, constant_m_at, legs_at, measured_at

TIMES = (8, 16)
"""The preset's own k that many times."""
TIMES_OF_EXPONENTS = (2, 4, 8, 16)
"""The same for a slope, which wants four: twice as far up as those of S.time at either end."""


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


def sizes_of_exponents(parameters: Parameters) -> tuple[int, ...]:
    """Numbers of classes, four."""
    return tuple(times * parameters.classes for times in TIMES_OF_EXPONENTS)


def legs_of_exponents(parameters: Parameters) -> Legs:
    """One run at every k on the path, and one of few seeds at a fixed sigma_0 for the control."""
    return exponents.legs_at(parameters, sizes_of_exponents(parameters))


def measure_exponents(parameters: Parameters, runs: Runs) -> Measurement:
    """Exponent of T in k, with the drawn start taken out."""
    return exponents.measured_at(parameters, runs, sizes_of_exponents(parameters))


def conditions_of_exponents(parameters: Parameters) -> tuple[Condition, ...]:
    """Those of the path at every k."""
    return exponents.conditions_at(parameters, sizes_of_exponents(parameters))


def _fixed_scale(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of the control in the place of the path's."""
    return exponents.fixed_scale_at(runs, sizes_of_exponents(parameters))


FIXED_SCALE = replace(exponents.FIXED_SCALE, look=_fixed_scale)

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
    Claim(
        id="S.later",
        name="further.time",
        statement="T ~ k^n goes on to sixteen times the preset's k with the n of S.time",
        provenance="[D] laws2, SC; L2",
        role="finding",
        role_reason="it is S.time where a GPU is wanted",
        horizon="crossing",
        measure=measure_exponents,
        controls=dict.fromkeys(("teacher-student", "mae", "supervised"), (FIXED_SCALE,)),
        order=1,
        legs=legs_of_exponents,
        conditions=conditions_of_exponents,
    ),
)
