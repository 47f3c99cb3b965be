"""L9 [D]: the flow of MAE conserves ||w_r||^2 - q ||b_r||^2 while all activations are below varrho.

An identity of the flow; descent leaves it by the steps. So its violation must vanish in proportion
to the step size, and what is left when the step goes to zero must be nothing.
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt

import numpy as np
import xarray as xr

from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number
from ...judge.slopes import log_slopes
from ...parameters import Parameters
from ...theory.balance import conserved_share_without_power
from ...theory.condition import Condition
from ...theory.hitting import crossing_time
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve
from .regimes import PER_STEP, conditions, drawn_law, only, stepped

FRACTIONS = (1.0, 1 / 2, 1 / 4, 1 / 8)
"""Step sizes, as shares of the largest one."""


def regime(parameters: Parameters, fraction: float) -> Parameters:
    """A small regime of the whole law, noise and off-class features included, short of crossing."""
    p = stepped(drawn_law(parameters), fraction * PER_STEP)
    largest = p.init_scale * sqrt(2 * np.log(2 * p.kernels * p.features))
    return replace(p, horizon=crossing_time(p, largest) / 2, max_steps=40000)


def legs(parameters: Parameters) -> Legs:
    """The same run at four step sizes."""
    return {f"step {fraction:g}": Leg(regime(parameters, fraction)) for fraction in FRACTIONS}


def imbalance(parameters: Parameters, runs: xr.Dataset) -> np.ndarray:
    """Change of ||w||^2 - q ||b||^2 over that of ||w||^2, summed over kernels [seeds].

    NaN in a seed with an activation beyond varrho. b starts equal to w.
    """
    initial, final, decoder = (
        np.square(runs[name].values).sum(-1)
        for name in ("initial_weights", "final_weights", "final_decoder")
    )
    grown = final - initial
    drift = grown - parameters.power * (decoder - initial)
    below = np.isinf(runs["crossing_time"].values).all((1, 2))
    return np.where(below, np.abs(drift).sum(-1) / np.abs(grown).sum(-1), np.nan)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Order in the step size of the violation, and its limit at step zero, per seed."""
    drift = np.stack([imbalance(parameters, runs[name]) for name in legs(parameters)], -1)
    limit = 2 * drift[:, -1] - drift[:, -2]
    flow = Rival("a violation of the flow itself", 0.0)
    unit = Rival("||w||^2 - ||b||^2, without q", conserved_share_without_power(parameters.power))
    numbers = [
        mean_number("order in the step size", log_slopes(np.array(FRACTIONS), drift), 1.0, flow),
        mean_number("limit at step zero", limit, 0.0, unit, (-PER_STEP / 8, PER_STEP / 8)),
    ]
    shares = np.array(FRACTIONS)
    shown = curve(
        "violation",
        ("step size, share of the largest", shares),
        ("change of the balance / change of ||w||^2", drift),
        np.nanmean(drift[:, 0]) * shares,
        np.full(len(shares), np.nanmean(drift[:, 0])),
        logarithmic=True,
    )
    return all_numbers(numbers, "violation of the balance", [shown])


def _tied_at_the_start(parameters: Parameters) -> Condition:
    """The balance is measured from b = w, its value at the start."""
    holds = parameters.decoder == "tied-init"
    return only("decoder", "decoder = tied-init: b starts equal to w", holds)


TIED = Control(
    "decoder tied to the encoder",
    "with b = w always nothing is conserved",
    change=lambda parameters: {"decoder": "tied"},
)

CLAIMS = (
    Claim(
        id="L9",
        name="laws.L9",
        statement="the flow of MAE conserves ||w||^2 - q ||b||^2 below varrho",
        provenance="[D] section 4, L9",
        role="gate",
        role_reason="what ties decoder and encoder together on the plateau",
        horizon="crossing",
        measure=measure,
        controls={"mae": (TIED,)},
        order=9,
        legs=legs,
        conditions=lambda parameters: (*conditions(parameters), _tied_at_the_start(parameters)),
    ),
)
