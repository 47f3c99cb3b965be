"""L13 (open) [D]: an MAE decoder also learns the mean image, and kernels fuse across classes.

Conjectured, without a bias: fusing grows with s/k and falls with q. Open: whether a decoder bias
helps. Reported as what comes out, without a gate, and after a fixed number of steps: with a bias or
at q = 4 most runs are far from T then, and fusing may be what kernels pass through.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import xarray as xr

from ...judge.findings import by_case
from ...judge.measurement import Measurement
from ...judge.numbers import ABOVE_ZERO, Rival, all_numbers, mean_number
from ...observe.capture import separate_kernels
from ...parameters import STAND_INS, Parameters
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from ..observed import active_kernels, final
from .exchange import exchange
from .regimes import alone, conditions

PRESENCES, POWERS, BIASES = (0.05, 0.4), (3, 4), (True, False)
STEPS = 1000
COUNTS = STAND_INS["impure_share"].value
"""A share of fused kernels that would matter; the conjecture gives a sign and no value."""


def regime(parameters: Parameters, presence: float, power: int, bias: bool) -> Parameters:
    """Few classes, so that s/k = 0.4 takes few features in an image; no noise."""
    k = 4
    p = alone(
        parameters,
        classes=k,
        views=2,
        dimension=2 * k,
        kernels_per_class=4,
        images=80,
        off_class=presence * k,
        power=power,
        bias=bias,
        split=parameters.split,
        precision="float32",
        init_scale=parameters.linear_from / 12,
        horizon_factor=2.0,
    )
    step = parameters.step / 2
    return replace(p, step=step, max_steps=STEPS)


def legs(parameters: Parameters) -> Legs:
    """Every combination of presence, power and bias."""
    return {
        _name(*case): Leg(regime(parameters, *case)) for case in product(PRESENCES, POWERS, BIASES)
    }


def _name(presence: float, power: int, bias: bool) -> str:
    return f"s/k = {presence:g}, q = {power}, {'bias' if bias else 'no bias'}"


def fused_share(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Share of the active kernels with features of several classes [seeds], NaN without any."""
    busy = active_kernels(parameters, run)
    fused = busy & ~separate_kernels(final(run), parameters.views)
    return np.where(busy.any(-1), fused.sum(-1) / np.maximum(busy.sum(-1), 1), np.nan)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Paired differences of the fused share over seeds: in s/k, in q, and by the bias."""
    share = {
        case: fused_share(regime(parameters, *case), runs[_name(*case)])
        for case in product(PRESENCES, POWERS, BIASES)
    }
    few, many = PRESENCES
    none = Rival("no effect", 0.0)
    numbers = [
        mean_number(name, values, COUNTS, none, (ABOVE_ZERO, 1.0))
        for name, values in {
            "s/k = 0.4 minus 0.05": share[many, 3, False] - share[few, 3, False],
            "q = 3 minus q = 4": share[many, 3, False] - share[many, 4, False],
            "no bias minus bias": share[many, 3, False] - share[many, 3, True],
        }.items()
    ]
    crossed = {name: np.isfinite(run["crossing_time"].values).any(1) for name, run in runs.items()}
    beside = (
        by_case("fused_share", {_name(*case): values for case, values in share.items()}),
        by_case("features_crossed", {name: seen.mean(-1) for name, seen in crossed.items()}),
    )
    return all_numbers(numbers, "difference of the fused share", beside)


def _reversed(parameters: Parameters, runs: Runs) -> Runs:
    """Every run in the place of the one with the other s/k, the other q and the other bias."""
    names = {
        _name(s, q, bias): _name(sum(PRESENCES) - s, sum(POWERS) - q, not bias)
        for s, q, bias in product(PRESENCES, POWERS, BIASES)
    }
    return exchange(runs, names)


SWAPPED = Control(
    "everything swapped", "what grows with s/k cannot also fall with it", look=_reversed
)

CLAIMS = (
    Claim(
        id="L13",
        name="laws.L13",
        statement="open: fusing across classes grows with s/k, falls with q and with a bias",
        provenance="[D] section 4, L13 (conjecture)",
        role="finding",
        role_reason="an open question: whether it holds, and what a bias does, is what is asked",
        horizon="end",
        measure=measure,
        controls={"mae": (SWAPPED,)},
        order=13,
        legs=legs,
        conditions=conditions,
    ),
)
