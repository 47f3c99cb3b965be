"""L2 [D]: the time of the first crossing is a power of the initial scale, its exponent known.

T ~ sigma_0^{-(2q-2)} for teacher-student, -(q-1) for MAE with tied init, -(q-2) for supervised
learning, at q = 3 and q = 4, from the same unit-scale draw at every scale.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters
from ...theory.growth import drawn_growth_rates, hitting_time
from ...theory.hitting import RIVALS, exponent, level_correction
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve, over_last
from .exchange import exchange, swapped
from .regimes import PER_STEP, alone, conditions, first_crossing, until_first_crossing

POWERS = (3, 4)
SIZES = (1 / 400, 1 / 200, 1 / 100, 1 / 50)
"""sigma_0 / varrho: small, so that the crossing level bends the slope by less than the band."""


def regime(parameters: Parameters, power: int, size: float) -> Parameters:
    """One power and one initial scale; the decoder starts tied, as the exponent of MAE needs."""
    p = alone(parameters, power=power, init_scale=size * parameters.linear_from)
    return until_first_crossing(replace(p, decoder="tied-init", target="all"))


def legs(parameters: Parameters) -> Legs:
    """All scales at both powers."""
    return {
        _name(power, size): Leg(regime(parameters, power, size))
        for power in POWERS
        for size in SIZES
    }


def _name(power: int, size: float) -> str:
    return f"q = {power}, sigma_0/varrho = {size:g}"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Slope of log T against log sigma_0 in every seed, at both powers."""
    framework, sizes = parameters.framework, np.array(SIZES)
    numbers, curves = [], []
    for power in POWERS:
        n = exponent(framework, power)
        rival = Rival(f"exponent of {RIVALS[framework]}", exponent(RIVALS[framework], power))
        # The clock's end at varrho, and one step in which it is not looked at.
        delta = (1 + PER_STEP) * level_correction(regime(parameters, power, max(SIZES)))
        time = np.stack([first_crossing(runs[_name(power, size)]) for size in SIZES], -1)
        slopes = log_slopes(sizes, time)
        numbers.append(
            mean_number(f"slope at q = {power}", slopes, n, rival, (n - delta, n + delta))
        )
        if framework == "teacher-student":
            numbers.append(_prefactor(parameters, power, runs[_name(power, min(SIZES))]))
        scaled = over_last(time)
        shrunk = sizes / sizes[-1]
        curves.append(
            curve(
                f"q = {power}",
                ("sigma_0 / varrho", sizes),
                ("T / T at the largest scale", scaled),
                shrunk**n,
                shrunk**rival.value,
                logarithmic=True,
            )
        )
    return all_numbers(numbers, "slope of log T against log sigma_0", curves)


def _prefactor(parameters: Parameters, power: int, run: xr.Dataset) -> Number:
    """T over T_v of the pair that crosses first, with the rate of the drawn images.

    A seed in which nothing has crossed is not run: images that show one class far more often leave
    the leading kernel of the other one short of steps.
    """
    p = regime(parameters, power, min(SIZES))
    run = run.isel(seed=np.isfinite(first_crossing(run)))
    seeds = np.arange(run.sizes["seed"])
    pair = run["crossing_time"].values.reshape(len(seeds), -1).argmin(-1)
    start = run["initial_correlations"].values.reshape(len(seeds), -1)[seeds, pair]
    rates = drawn_growth_rates(p, run["squared_activity"].values, run["patch_activity"].values)
    rate = rates[seeds, pair % p.features]
    expected = [hitting_time(c, r, power, p.linear_from) for c, r in zip(start, rate, strict=True)]
    ratio = first_crossing(run) / np.array(expected)
    derivative = Rival("a rate without its 1/q", 1 / power)
    return mean_number(f"T over T_v at q = {power}", ratio, 1.0, derivative)


def _other_power(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of one power in the place of the other's."""
    one, other = ([_name(power, size) for size in SIZES] for power in POWERS)
    return exchange(runs, swapped(one, other))


OTHER_POWER = Control(
    "runs of the other power",
    "runs at q = 4 do not have the slope of q = 3, nor those at q = 3 the slope of q = 4",
    look=_other_power,
)

CLAIMS = (
    Claim(
        id="L2",
        name="laws.L2",
        statement="T ~ sigma_0^{-n}: n = 2q-2 teacher-student, q-1 MAE, q-2 supervised",
        provenance="[D] section 4, L2",
        role="gate",
        role_reason="why pretraining plays the lottery per kernel and not per class",
        horizon="crossing",
        measure=measure,
        controls={
            "teacher-student": (OTHER_POWER,),
            "mae": (OTHER_POWER,),
            "supervised": (OTHER_POWER,),
        },
        order=2,
        legs=legs,
        conditions=conditions,
    ),
)
