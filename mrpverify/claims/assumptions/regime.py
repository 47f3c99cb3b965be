"""A.regime [D]: the finite regime meets every condition under which it may stand for the theorem's.

A violated condition makes it OUT_OF_REGIME, not REFUTED: the theorem then says nothing here.
"""

from __future__ import annotations

from math import inf

import xarray as xr

from ...judge.findings import recorded
from ...judge.measurement import Measurement
from ...judge.verdicts import Verdict
from ...parameters import FRAMEWORKS, Parameters
from ...theory.assumptions import applying, violated
from ..claim import Claim, Control


def measure(parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """Smallest margin of a condition, relative to the margin it needs."""
    del runs
    own = applying(parameters, parameters.framework)
    smallest = min(own, key=lambda c: c.margin / c.needed_ratio)
    share = smallest.margin / smallest.needed_ratio
    inside = not violated(parameters, parameters.framework)
    return Measurement(
        statistic=f"smallest margin over the margin needed ({smallest.id})",
        value=share,
        interval=(share, share),
        threshold=1.0,
        band=(1.0, inf),
        measured=Verdict.SUPPORTED if inside else Verdict.INCONCLUSIVE,
        findings=recorded(conditions=len(own)),
    )


LARGE_START = Control(
    "initial scale 0.8 varrho",
    "kernels that hold features at the start violate a condition",
    change=lambda parameters: {"init_scale": 0.8 * parameters.linear_from},
    failed=lambda parameters, measurement: measurement.measured is not Verdict.SUPPORTED,
)

CLAIMS = (
    Claim(
        id="A.regime",
        name="assumptions.regime",
        statement="the regime meets every condition of the theory",
        provenance="[D] section 1",
        role="gate",
        role_reason="outside the regime the theorem says nothing",
        horizon="none",
        measure=measure,
        controls=dict.fromkeys(FRAMEWORKS, (LARGE_START,)),
    ),
)
