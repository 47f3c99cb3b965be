"""L14 [D]: with target "all" the mask is what keeps the second view of a class learnable.

Once a kernel that holds one view decodes both, the share (K-1)/K of the drive for the other is
left, K = 1 + lambda/C_p: less with fewer masked patches, none without a mask.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...parameters import Parameters
from ...theory.condition import Condition
from ...theory.mae_masks import remaining_share
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve
from .one_kernel import late_drive, one_kernel
from .regimes import conditions, only

VISIBLE = (0.3, 0.5, 0.7, 0.9)
"""theta of the runs."""


def regime(parameters: Parameters, visible: float) -> Parameters:
    """One kernel on one view, target "all"."""
    return one_kernel(parameters, visible=visible, target=parameters.target)


def legs(parameters: Parameters) -> Legs:
    """One run at every mask ratio."""
    return {_name(theta): Leg(regime(parameters, theta)) for theta in VISIBLE}


def _name(theta: float) -> str:
    return f"theta = {theta:g}"


def left(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """Late drive of the second view over that with nothing reconstructed, b . S [seeds]."""
    decoder = (run["final_decoder"].values[:, 0, None] * run["features"].values[:, :2]).sum(-1)
    return np.asarray(late_drive(p, run) / (p.own_low * decoder.sum(-1)))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of the drive that is left for the second view, at every mask ratio."""
    expected = np.array([remaining_share(regime(parameters, theta)) for theta in VISIBLE])
    shares = np.stack(
        [left(regime(parameters, theta), runs[_name(theta)]) for theta in VISIBLE], -1
    )
    none = Rival("nothing is left of what is decoded", 0.0)
    numbers = [
        mean_number(f"share left at {_name(theta)}", shares[:, i], expected[i], none)
        for i, theta in enumerate(VISIBLE)
    ]
    shown = curve(
        "second view",
        ("theta", np.array(VISIBLE)),
        ("share of the drive left", shares),
        expected,
        np.zeros(len(VISIBLE)),
    )
    return all_numbers(numbers, "drive left for the second view", [shown])


def _target_all(parameters: Parameters) -> Condition:
    """The law's target is the preset's, so that its control can take the other one."""
    return only("target", "target = all: the other one has L8", parameters.target == "all")


MASKED_TARGET = Control(
    "target masked",
    "the other target leaves another share",
    change=lambda parameters: {"target": "masked"},
)

CLAIMS = (
    Claim(
        id="L14",
        name="laws.L14",
        statement='target "all": the share (K-1)/K of the drive is left for the second view',
        provenance="[D] section 4, L14",
        role="gate",
        role_reason="why MAE needs its mask to learn the second view",
        horizon="T",
        measure=measure,
        controls={"mae": (MASKED_TARGET,)},
        order=14,
        legs=legs,
        conditions=lambda parameters: (*conditions(parameters), _target_all(parameters)),
    ),
)
