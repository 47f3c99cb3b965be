"""L7 [D]: at gain 1 a captured feature decays, c ~ t^{-1/(2q-2)} below varrho.

At q = 3 and q = 4, over three decades of time; and under the schedule `release`, which ends at gain
1, a feature that was captured is lost.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number, share_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters
from ...theory.growth import decay_exponent, decay_start, drawn_growth_rates
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from ..observed import hold_level
from .curves import curve
from .exchange import exchange, swapped
from .regimes import PER_STEP, alone, conditions, fixed_strength, stepped

POWERS = (3, 4)
TIMES = (1e3, 1e4, 1e5, 1e6)
"""Times of the fit, in units of t_0, after which the decay has forgotten its start."""
RELEASED = "release"


def decaying(parameters: Parameters, power: int) -> Parameters:
    """Kernels at varrho on one feature each, gain 1."""
    p = alone(
        replace(parameters, power=power, gain="constant", tau=1.0),
        dimension=2,
        kernels_per_class=1,
        init="features",
        init_scale=parameters.linear_from,
        **fixed_strength(),
    )
    p = stepped(p)
    return replace(p, horizon=max(TIMES) * decay_start(p, p.init_scale), max_steps=4000)


def released(parameters: Parameters) -> Parameters:
    """The same kernels just short of varrho, under `release`: they cross, then the gain is 1."""
    p = decaying(parameters, parameters.power)
    return replace(p, gain="release", tau=parameters.tau, init_scale=0.95 * p.linear_from)


def legs(parameters: Parameters) -> Legs:
    """Decay at both powers, and release."""
    own = {f"q = {q}": Leg(decaying(parameters, q)) for q in POWERS}
    return {**own, RELEASED: Leg(released(parameters))}


def correlations_at(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """C of class 0's kernel at TIMES, interpolated between snapshots in the logarithms.

    [seeds, times]
    """
    times = np.array(TIMES) * decay_start(p, p.init_scale)
    rows = []
    for t, c in zip(run["time"].values, run["correlations"].values[:, :, 0, 0], strict=True):
        there = np.isfinite(t) & (t > 0)
        rows.append(np.exp(np.interp(np.log(times), np.log(t[there]), np.log(c[there]))))
    return np.array(rows)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Slope of log c against log t, c at the end over its prediction, and what release keeps."""
    numbers, curves, times = [], [], np.array(TIMES)
    for q in POWERS:
        p, run = decaying(parameters, q), runs[f"q = {q}"]
        c = correlations_at(p, run)
        slope = decay_exponent(q)
        linear = Rival("a penalty on activations, not on their squares", -1 / (q - 2))
        # The start is forgotten up to t_0/t; a step changes t by the share 2q-2 of PER_STEP.
        delta = -slope / min(TIMES) + PER_STEP * (2 * q - 1) * -slope
        band = (slope - delta, slope + delta)
        numbers.append(mean_number(f"slope at q = {q}", log_slopes(times, c), slope, linear, band))
        numbers.append(_amplitude(p, run, c))
        line, other = (times / times[0])[None] ** np.array([[slope], [linear.value]])
        curves.append(
            curve(
                f"q = {q}",
                ("t, in units of the decay's own start", times),
                ("c / c at the first time", c / c[:, :1]),
                line,
                other,
                logarithmic=True,
            )
        )
    lost = _lost(parameters, runs[RELEASED])
    kept = Rival("what is captured stays", 0.0)
    numbers.append(share_number("captured under release, then lost", lost, kept))
    return all_numbers(numbers, "decay", curves)


def _amplitude(p: Parameters, run: xr.Dataset, c: np.ndarray) -> Number:
    """c at the end over that of the flow with the rate of the drawn images."""
    rate = drawn_growth_rates(p, run["squared_activity"].values, run["patch_activity"].values)[:, 0]
    n = 2 * p.power - 2
    time = max(TIMES) * decay_start(p, p.init_scale)
    expected = (p.init_scale**-n - n * rate * time) ** (-1 / n)
    whole = Rival("a penalty on outputs, not on patches", p.patches_per_feature ** (-1 / n))
    return mean_number(f"amplitude at q = {p.power}", c[:, -1] / expected, 1.0, whole)


def _lost(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Seeds in which every kernel crossed and ended below the level of a held feature."""
    own = np.arange(run.sizes["kernel"])
    crossed = np.isfinite(run["crossing_time"].values[:, own, own]).all(-1)
    gone = (run["final_correlations"].values[:, own, own] < hold_level(parameters)).all(-1)
    return np.asarray(crossed & gone)


def _swapped(parameters: Parameters, runs: Runs) -> Runs:
    """The runs of one power in the place of the other's."""
    one, other = (f"q = {q}" for q in POWERS)
    return exchange(runs, swapped([one], [other]))


def _kept(parameters: Parameters, runs: Runs) -> Runs:
    """Kernels under release as they were when they crossed."""
    del parameters
    run = runs[RELEASED]
    then = run["crossing_correlations"].fillna(0.0)
    return {**runs, RELEASED: run.assign(final_correlations=then)}


KEPT = Control("release at the crossing", "what has just crossed has lost nothing yet", look=_kept)
OTHER_POWER = Control(
    "runs of the other power", "decay at q = 4 is not that at q = 3", look=_swapped
)

CLAIMS = (
    Claim(
        id="L7",
        name="laws.L7",
        statement="at gain 1 a captured feature decays as t^{-1/(2q-2)}",
        provenance="[D] section 4, L7",
        role="gate",
        role_reason="why `release` loses features in the end",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (OTHER_POWER, KEPT)},
        order=7,
        legs=legs,
        conditions=conditions,
    ),
)
