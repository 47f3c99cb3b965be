"""The runs in which Theorem 1 must fail (section 5), shared by its claims.

Each turns one cause of the effect off, or looks for it where it cannot be.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...observe.correlations import correlate, random_orthonormal
from ...parameters import Parameters
from ..claim import Control


def stream(runs: xr.Dataset, seed: int) -> np.random.Generator:
    """Random stream of a look at the runs, re-rolled by the salt as every other draw."""
    return np.random.default_rng([seed, *str(runs.attrs.get("salt", "")).encode()])


def _random_directions(parameters: Parameters, runs: xr.Dataset) -> xr.Dataset:
    """The same kernels, correlated with random orthonormal directions instead of the features.

    Generous to the control: every pair counts as having crossed, so only the level can refuse it.
    """
    directions = np.stack(
        [
            random_orthonormal(parameters.features, parameters.dimension, stream(runs, int(seed)))
            for seed in runs["seed"].values
        ]
    )
    swapped = runs.copy()
    for name, weights in (("final", "final_weights"), ("initial", "initial_weights")):
        key = f"{name}_correlations"
        swapped[key] = (runs[key].dims, correlate(runs[weights].values, directions))
    swapped["crossing_time"] = xr.zeros_like(runs["crossing_time"])
    return swapped


RANDOM_DIRECTIONS = Control(
    "random directions",
    "features replaced by random orthonormal directions are not captured",
    look=_random_directions,
)
PURE_NOISE = Control(
    "images without features",
    "images of noise alone teach no feature",
    change=lambda parameters: {"signal": False},
)
NO_AMPLIFICATION = Control(
    "gain 1",
    "a teacher without amplification (tau = 1) makes every correlation decay",
    change=lambda parameters: {"gain": "constant", "tau": 1.0},
)
THROUGH_TEACHER = Control(
    "gradient through the teacher",
    "without the stop-gradient the teacher gives in and every correlation decays",
    # The teacher's side of the gradient is tau^q times the student's, and so is its curvature.
    change=lambda parameters: {
        "stop_gradient": False,
        "gain": "constant",
        "tau": parameters.start_gain,
        "step": parameters.step / parameters.start_gain**parameters.power,
    },
)
SUPERVISED = Control(
    "supervised learning",
    "learns about one view of each class",
    change=lambda parameters: {"framework": "supervised", "step": parameters.supervised_step},
)
NOTHING_MASKED = Control(
    "theta = 1, target masked",
    "with nothing masked there is nothing to reconstruct and nothing is learned",
    change=lambda parameters: {"visible": 1.0, "target": "masked"},
)
DIVERGING_GAIN = Control(
    "constant gain above K",
    "a constant gain tau = K + 1/2 has no plateau (L4): kernels grow without bound",
    change=lambda parameters: {"gain": "constant", "tau": parameters.gain_floor + 0.5},
)
DIVERGING_STEP = Control(
    "step far above its bound",
    "descent at forty times the step overshoots and diverges",
    change=lambda parameters: {"method": "descent", "step": 40 * parameters.step},
)
NO_WINNER = Control(
    "quadratic activation",
    "at q = 2 the leader does not pull ahead (L5) and kernels hold several classes",
    change=lambda parameters: {
        "power": 2,
        # The plateau is then about as long: it takes 1/(Delta (sigma_0/varrho)^{2q-2}) (L2).
        "amplification": parameters.amplification
        * (parameters.init_scale / parameters.linear_from) ** (2 * parameters.power - 4),
    },
)
DRIVE_WITHOUT_PLATEAU = 64.0
"""Delta of kernels that start closer to varrho: it has no small init to make up for."""
LARGE_START = Control(
    "initial scale 0.8 varrho",
    "kernels start with features of several classes and never separate: no lottery is played",
    change=lambda parameters: {
        "init_scale": 0.8 * parameters.linear_from,
        "amplification": DRIVE_WITHOUT_PLATEAU,
    },
)


def _few_noisy_images(parameters: Parameters, louder: float) -> dict[str, object]:
    """Two images a class, with so many times the noise in every direction."""
    return {
        "images": 2 * parameters.classes,
        "noise": "isotropic",
        "patch_noise": louder * parameters.patch_noise,
    }


FEW_NOISY_IMAGES = Control(
    "few images, strong isotropic noise",
    "kernels memorise single noisy patches",
    change=lambda parameters: _few_noisy_images(parameters, 10),
)
# From a small init at a large Delta features win the race even there (salt explore: 1 of 4 seeds),
# so these kernels start larger and are driven less.
NOISY_FROM_A_LARGER_START = Control(
    "few images, strong isotropic noise, sigma_0 = 0.08 varrho",
    "kernels memorise single noisy patches",
    change=lambda parameters: {
        **_few_noisy_images(parameters, 15),
        "init_scale": 0.08 * parameters.linear_from,
        "amplification": DRIVE_WITHOUT_PLATEAU,
    },
)
