"""L4 [D]: what a constant gain ends in, on both sides of every boundary, and where it saturates.

tau^q < K decays, K^{1/q} < tau < 1+(K-1)/q stops below varrho, up to K it saturates at
u* = (1-1/q) varrho (K-1)/(K-tau), from K on it diverges. Two features in one kernel replace K-1 by
(K-1)/2.
"""

from __future__ import annotations

from dataclasses import replace
from math import ceil

import numpy as np
import xarray as xr

from ...judge.findings import Curve
from ...judge.measurement import Measurement
from ...judge.numbers import Rival, all_numbers, mean_number, share_number
from ...parameters import STAND_INS, Parameters
from ...theory.curvature import stable_step
from ...theory.plateau import fate, plateau, saturation_gain, shared_floor
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from .curves import curve
from .exchange import cycled, exchange, unmoved
from .regimes import alone, conditions, fixed_strength, showing_class, siblings

START = 0.6
"""u_0 / varrho: below every plateau, and not far below, where growth would be slow."""
STEPS = 4000
"""Steps of half the stable size, at least."""
STILL = 0.05
"""Relative growth over the second half of a run that counts as standing still."""


def gains(parameters: Parameters, features: int) -> list[float]:
    """Gains on both sides of every boundary, and inside every interval."""
    q, floor = parameters.power, floor_of(regime(parameters, 1.0, features), features)
    grows, reaches = floor ** (1 / q), saturation_gain(floor, q)
    inside = [reaches + share * (floor - reaches) for share in (0.1, 0.5, 0.85)]
    return [0.97 * grows, (grows + reaches) / 2, *inside, 1.05 * floor]


def floor_of(p: Parameters, features: int) -> float:
    """K of a kernel on so many features of an image."""
    return shared_floor(p.gain_floor, features, p.mask_law.shared)


def regime(parameters: Parameters, gain: float, features: int) -> Parameters:
    """One kernel per class on one or on both views of its class, all of one strength."""
    law = alone if features == 1 else siblings
    p = law(
        parameters,
        gain="constant",
        tau=gain,
        dimension=2 * features,
        kernels_per_class=1,
        init="features",
        second_view=1.0,
        init_scale=START * parameters.linear_from * parameters.patches_per_feature,
        images=8,
        **fixed_strength(),
    )
    p = replace(p, step=stable_step(p, "teacher-student", 0.5))
    steps = STEPS * slowness(p, features)
    return replace(p, horizon=steps * p.step, max_steps=ceil(2 * steps))


def slowness(p: Parameters, features: int) -> float:
    """How much longer a kernel takes to its plateau than its step accounts for, 1 for Bernoulli.

    Patches that share a kernel feel K - 1, which `shared` lowers; the step is for those that do
    not. The gap between the gains that stop and those that saturate goes with (K - 1)^2.
    """
    floor = floor_of(p, features) - 1
    return float(((floor + p.mask_law.shared) / floor) ** 2)


def cases(parameters: Parameters) -> dict[str, tuple[Parameters, int]]:
    """Regime and number of features of every gain."""
    return {
        f"{features} feature{'s' * (features > 1)}, tau = {gain:.4g}": (
            regime(parameters, gain, features),
            features,
        )
        for features in (1, 2)
        for gain in gains(parameters, features)
    }


def legs(parameters: Parameters) -> Legs:
    """One run for every gain."""
    return {name: Leg(p) for name, (p, _) in cases(parameters).items()}


def pre_activation(p: Parameters, run: xr.Dataset, when: str) -> np.ndarray:
    """u = z c of class 0's kernel on its first view [seeds]."""
    return np.asarray(run[f"{when}_correlations"].values[:, 0, 0]) / p.patches_per_feature


def observed_fate(p: Parameters, run: xr.Dataset) -> np.ndarray:
    """How the kernel ends, in the words of the law [seeds]; empty where it is none of them."""
    start, half, end = (pre_activation(p, run, when) for when in ("initial", "reference", "final"))
    growth = end / half
    still = np.abs(growth - 1) < STILL
    diverges = run["diverged"].values | (growth >= STAND_INS["growth_by"].value)
    return np.select(
        [diverges, end < start, still & (end >= p.linear_from), still],
        ["diverges", "decays", "saturates", "stops below varrho"],
        "",
    )


def expected_fate(p: Parameters, features: int) -> str:
    """The law's word for a regime."""
    return fate(p.tau, floor_of(p, features), p.power)


def expected_end(p: Parameters, features: int, floor: float | None = None) -> float:
    """Pre-activation at the end, by the law or with another gain floor."""
    own = floor_of(p, features) if floor is None else shared_floor(floor, features)
    return plateau(p.tau, own, p.power, p.linear_from)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Fate at every gain, and the plateau's height over its prediction where there is one."""
    runs = showing_class(runs)
    numbers, ends = [], []
    for name, (p, features) in cases(parameters).items():
        expected = expected_fate(p, features)
        right = observed_fate(p, runs[name]) == expected
        numbers.append(share_number(f"{name}: {expected}", right, Rival("another end", 0.0)))
        if expected not in ("saturates", "stops below varrho"):
            continue
        height = expected_end(p, features)
        outputs = Rival(
            "a penalty on outputs: 1 + lambda for K",
            expected_end(p, features, 1 + p.mask_penalty) / height,
        )
        end = pre_activation(p, runs[name], "final")
        numbers.append(mean_number(f"{name}: u over u*", end / height, 1.0, outputs))
        ends.append((p.tau, end / p.linear_from, features, height / p.linear_from, outputs.value))
    curves = [_plateaus(ends, features) for features in (1, 2)]
    return all_numbers(numbers, "end under a constant gain", curves)


def _plateaus(ends: list[tuple[float, np.ndarray, int, float, float]], features: int) -> Curve:
    """Height of the plateau against the gain."""
    own = [end for end in ends if end[2] == features]
    height = np.array([end[3] for end in own])
    return curve(
        f"{features} feature{'s' * (features > 1)}",
        ("tau", np.array([end[0] for end in own])),
        ("u at the end / varrho", np.stack([end[1] for end in own], -1)),
        height,
        height * np.array([end[4] for end in own]),
    )


def _neighbours(parameters: Parameters, runs: Runs) -> Runs:
    """Every gain with the run of the next one."""
    return exchange(runs, cycled(list(cases(parameters))))


NEXT_GAIN = Control(
    "runs at the next gain", "the end at one gain is not that at the next", look=_neighbours
)
UNMOVED = Control(
    "kernels that never moved",
    "a kernel that is left where it began is at no plateau",
    look=lambda parameters, runs: {name: unmoved(run) for name, run in runs.items()},
)

CLAIMS = (
    Claim(
        id="L4",
        name="laws.L4",
        statement="a constant gain decays, stops below varrho, saturates at u* or diverges",
        provenance="[D] section 4, L4",
        role="gate",
        role_reason="which gains teach a feature and keep it",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (NEXT_GAIN, UNMOVED)},
        order=4,
        legs=legs,
        conditions=conditions,
    ),
)
